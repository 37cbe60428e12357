"""The line of a log that shows what went wrong."""

import pytest

from snakemake_logger_plugin_observe.analysis.failures.log_lines import (
    last_meaningful_line,
    line_of_failure,
)
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
        (("[E::bwa_idx_load] no index", "[M::process] read 10 reads", " 45%|####  | 4/9"), 1),
        (("[E::hts_open_format] Failed to open file x", "[W::x] y", "done in 3 s"), 1),
        (("Error: no such sample", "closing files", "removing temporary files"), 1),
        (("ValueError: x", "2026-11-30 [INFO] shutting down"), 1),
        (("KeyError", "bye"), 1),
        (("a: error: unrecognized arguments: --x", "try --help"), 1),
        (("tool: x.c:9: main: Assertion `n > 0' failed.", "Aborted (core dumped)", "bye"), 2),
        (("bash: line 1: bwa: command not found", "[samopen] no @SQ lines"), 1),
        (("bash: line 1: REF: unbound variable",), 1),
        (("cat: a.txt: No such file or directory", "0 errors", "error rate: 0.1"), 1),
        (("no such sample x", "make: *** [all] Error 1", "100%"), 1),
        (("Exception in thread main: no", "  at a.B(C.java:1)", "12.5 MB/s ETA 0:10"), 1),
        (("thread 'main' panicked at 'no', x.rs:1", "note: run with RUST_BACKTRACE=1"), 1),
        (("thread 'main' panicked at src/main.rs:4:5:", "index out of bounds: 9", "note: x"), 2),
        (("no such sample x", "37% done", "[====>   ]"), 1),
    ],
)
def test_meaningless_last_lines_of_a_log_are_skipped(lines: tuple[str, ...], number: int) -> None:
    line = last_meaningful_line(log(*lines))
    assert line is not None
    assert (line.path, line.number, line.text) == ("logs/a.log", number, lines[number - 1])


@pytest.mark.parametrize("lines", [("...", ""), ("10%", "20%", "[M::main] 5 reads")])
def test_a_log_without_words_or_with_news_alone_has_no_meaningful_line(
    lines: tuple[str, ...],
) -> None:
    assert last_meaningful_line(log(*lines)) is None


def test_an_error_before_the_lines_that_were_kept_comes_before_them() -> None:
    kept = log("closing files").but(first_line=40, earlier_error="Error: no", earlier_error_line=7)
    line = last_meaningful_line(kept)
    assert line is not None
    assert (line.number, line.text) == (7, "Error: no")


def test_an_error_in_colours_is_one_and_is_shown_without_them() -> None:
    line = last_meaningful_line(log("\x1b[31mERROR\x1b[0m: no chr1", "shutting down", "bye"))
    assert line is not None
    assert (line.number, line.text) == (1, "ERROR: no chr1")


def test_of_several_logs_the_one_with_an_error_counts() -> None:
    line = line_of_failure([log("Elapsed: 3 s"), log("fatal: index has version 2", "bye")])
    assert line is not None
    assert line.text == "fatal: index has version 2"
    line = line_of_failure([log(), log("read 3 samples"), log("Elapsed: 3 s")])
    assert line is not None
    assert line.text == "read 3 samples"


def test_the_brackets_of_a_line_stay() -> None:
    line = last_meaningful_line(log("[E::hts_open_format] Failed to open [file] x", "[bye]"))
    assert line is not None
    assert line.text == "[E::hts_open_format] Failed to open [file] x"
