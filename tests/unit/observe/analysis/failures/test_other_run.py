"""What to do about an error depends on what another run of the directory does."""

import pytest
from builders import begun

from snakemake_logger_plugin_observe.analysis.failures.other_run import OtherRun
from snakemake_logger_plugin_observe.analysis.failures.workflow_errors import explain_run

LOCKED = """LockException:
Error: Directory cannot be locked. Please make sure that no other Snakemake process is trying to create"""
AFTER_A_KILL = (
    "see that no tool of that run still runs (ps -ef), run snakemake --unlock, then run the same "
    "command again with --rerun-incomplete"
)
NOT_WRITING = (
    "see that no tool of that run still runs (ps -ef), then run the same command again with "
    "--rerun-incomplete (after snakemake --unlock, if it is reported that the directory is locked)"
)


@pytest.mark.parametrize(
    ("status", "cause", "to_do"),
    [
        ("running", "a.txt may be incomplete: X still runs, and may be writing it", "wait until it has ended, then run again; do not unlock the directory"),
        ("killed", "a.txt may be incomplete: X was killed, and may have been writing it", NOT_WRITING),
        ("failed", "a.txt may be incomplete: an earlier run ended before it had finished writing", "see that no tool of that run still writes; then run the same command again with --rerun-incomplete (after snakemake --unlock, if it is reported that the directory is locked)"),
    ],
)  # fmt: skip
def test_what_to_do_about_incomplete_files_depends_on_the_run_that_writes_them(
    status: str, cause: str, to_do: str
) -> None:
    """Snakemake looks for them before it looks for a lock."""
    run = (
        begun().message(3, "IncompleteFilesException:\nIncomplete files:\na.txt", level="error").run
    )
    found = explain_run(run, run.messages[0], OtherRun(status, "X"))
    assert (found.cause, found.to_do) == (cause, to_do)


@pytest.mark.parametrize(
    ("status", "cause", "to_do", "commands"),
    [
        ("running", "the working directory is locked by X, which still runs", "wait until that run has ended, then run again; do not unlock the directory", []),
        ("killed", "the working directory is still locked by X, which was killed", AFTER_A_KILL, ["snakemake --unlock"]),
        ("success", "the working directory was locked by X, which has ended since", "run again", []),
    ],
)  # fmt: skip
def test_what_to_do_about_a_lock_depends_on_the_run_that_holds_it(
    status: str, cause: str, to_do: str, commands: list[str]
) -> None:
    run = begun().message(3, LOCKED, level="error").run
    found = explain_run(run, run.messages[0], OtherRun(status, "X"))
    assert (found.cause, found.to_do) == (cause, to_do)
    assert [one.line for one in found.commands] == commands


def test_incomplete_files_of_a_killed_run_are_made_again_by_the_same_command() -> None:
    """It may have been unlocked by now."""
    text = "IncompleteFilesException:\nIncomplete files:\na.txt"
    run = begun(command=("snakemake", "-c1", "a.txt")).message(3, text, level="error").run
    found = explain_run(run, run.messages[0], OtherRun("killed", "X"))
    assert [one.line for one in found.commands] == ["snakemake --rerun-incomplete -c1 a.txt"]


def test_a_lock_is_not_to_be_removed_while_its_holder_may_live() -> None:
    run = begun().message(3, LOCKED, level="error").run
    for other in (None, OtherRun("unknown", "X")):
        found = explain_run(run, run.messages[0], other)
        assert found.commands == ()
        assert "only if" in found.to_do
