"""The line of a log that shows what went wrong."""

import pytest

from snakemake_logger_plugin_observe.analysis.failures.log_lines import last_meaningful_line
from snakemake_logger_plugin_observe.journal.records import LogTail


def log(*lines: str) -> LogTail:
    return LogTail(path="logs/a.log", bytes=100, first_line=1, lines=lines)


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        (("reading", "no such file", "", "  "), 2),
        (("Error in f(): no", "Calls: f", "Execution halted"), 1),
        (("java.io.IOException: no", "\tat org.a.B(B.java:1)"), 1),
        (("no such file", "}", "----"), 1),
        (("slurmstepd: error: DUE TO TIME LIMIT ***", "srun: got SIGCONT"), 1),
    ],
)
def test_meaningless_last_lines_of_a_log_are_skipped(lines: tuple[str, ...], number: int) -> None:
    line = last_meaningful_line(log(*lines))
    assert line is not None
    assert (line.path, line.number, line.text) == ("logs/a.log", number, lines[number - 1])


def test_a_log_without_words_has_no_meaningful_line() -> None:
    assert last_meaningful_line(log("...", "")) is None
