"""The journal as the recorder writes it."""

from pathlib import Path

from builders import RUN_ID, at

from snakemake_logger_plugin_observe.journal.events import Gap
from snakemake_logger_plugin_observe.journal.masking import Masker
from snakemake_logger_plugin_observe.recording.journal_output import JournalOutput


def test_a_long_burst_reaches_the_disk_while_it_goes_on(tmp_path: Path) -> None:
    """Not only when no note waits: a burst may take minutes, and the process be killed in it."""
    faults: list[str] = []
    output = JournalOutput(Masker(), faults.append)
    output.open(tmp_path, RUN_ID, at(0) or 0, 0o600)
    for number in range(1200):
        output.write(Gap(time=at(1) or 0, reason=f"the {number}th"))
    assert output.path is not None
    assert output.path.read_bytes().count(b"\n") == 1000
    output.close()
    assert output.path.read_bytes().count(b"\n") == 1200
    assert faults == []
