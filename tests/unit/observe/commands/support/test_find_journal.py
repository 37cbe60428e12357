"""Which journal a command reads, and the status of a run without an end."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from builders import MAIN, Story, at, begun, chain, killed, retried
from command_line import output, write_run

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.__main__ import main
from snakemake_logger_plugin_observe.analysis.failures.other_run import OtherRun
from snakemake_logger_plugin_observe.commands.support import find_journal
from snakemake_logger_plugin_observe.journal.events import Gap, Heartbeat


def test_without_any_journal_the_error_names_the_folder(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([]) == 2
    assert output(capsys) == (
        "",
        (
            "no journal in .snakemake/observe: run snakemake with --logger observe there, "
            "or name a journal; if it was given, Snakemake may have ended before it loaded the "
            "logger: what it printed says why"
        ),
    )


def journal_named_by(capsys: pytest.CaptureFixture[str], *words: Any) -> str:
    assert main(["cost", "--format", "json", *words]) == 0
    return json.loads(output(capsys)[0])["run"]["journal"]


def dry_run() -> Story:
    return Story(kind="dry_run").plan(2, 3).job(1).quick(1, 3, 3, 4).end(5, "dry_run")


@pytest.mark.parametrize(
    "newest",
    [
        chain(),
        begun().end(4, "nothing_to_do"),
        begun().message(2, "SyntaxError in line 3", level="error").end(3, "failed"),
        killed(),
    ],
    ids=["success", "nothing to do", "failed early", "killed"],
)
def test_the_default_is_the_newest_run_whatever_became_of_it(
    newest: Story, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(workdir, "20260301T120000-aaaaaa", retried())
    expected = write_run(workdir, "20260301T130000-bbbbbb", newest)
    assert journal_named_by(capsys) == str(expected.relative_to(workdir))


def test_newer_dry_runs_and_unreadable_journals_are_passed_over_and_said_to_be(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = write_run(workdir, "20260301T130000-bbbbbb", chain())
    write_run(workdir, "20260301T140000-cccccc", dry_run())
    write_run(workdir, "20260301T150000-dddddd", dry_run())
    (workdir / ".snakemake/observe/20260301T160000-eeeeee.jsonl").write_bytes(b"torn")
    assert main(["cost", "--format", "json"]) == 0
    run = json.loads(output(capsys)[0])["run"]
    assert run["journal"] == str(expected.relative_to(workdir))
    assert run["problems"] == [
        ".snakemake/observe/20260301T150000-dddddd.jsonl and 1 other: newer dry runs, passed over",
        (
            ".snakemake/observe/20260301T160000-eeeeee.jsonl: no complete line in it, so there is no "
            "run to show; passed over"
        ),
    ]


def test_a_folder_with_dry_runs_alone_is_answered_for_the_newest(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(workdir, "20260301T140000-cccccc", dry_run())
    expected = write_run(workdir, "20260301T150000-dddddd", dry_run())
    assert journal_named_by(capsys) == str(expected.relative_to(workdir))


def test_a_working_directory_may_be_named(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = write_run(workdir / "elsewhere", "20260301T120000-aaaaaa", chain())
    assert journal_named_by(capsys, "elsewhere") == str(expected.relative_to(workdir))


def test_a_folder_of_journals_may_be_named(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chain().write(workdir / "kept" / "j.jsonl")
    assert journal_named_by(capsys, "kept") == "kept/j.jsonl"


def test_without_a_readable_journal_the_error_has_the_reason(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = workdir / ".snakemake" / "observe" / "x.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"a,b\n")
    assert main(["cost"]) == 2
    assert output(capsys)[1] == (
        ".snakemake/observe/x.jsonl:1: not a run journal (its first line is no run_started)"
    )


# -- running and killed runs -----------------------------------------------------------------------------------


def status_of(path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    main(["cost", str(path), "--format", "json"])
    return json.loads(output(capsys)[0])["run"]["status"]


def unended(workdir: Path, **facts: Any) -> Path:
    """Return the journal of a run without an end, started with these *facts*."""
    return begun(**facts).job(1).write(workdir / "j.jsonl")


def test_a_run_without_an_end_is_killed_if_its_process_is_gone(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    path = unended(workdir, host=socket.gethostname(), pid=child.pid)
    assert status_of(path, capsys) == "killed"


def test_a_run_without_an_end_is_running_while_its_process_is_alive(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    born = clock.process_started()
    path = unended(workdir, host=socket.gethostname(), pid=os.getpid(), process_started=born)
    assert status_of(path, capsys) == "running"


def test_another_process_with_the_same_pid_does_not_keep_a_run_alive(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = unended(workdir, host=socket.gethostname(), pid=os.getpid())
    assert status_of(path, capsys) == "killed"


def test_whether_a_run_on_another_host_lives_is_unknown(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert os.uname().nodename != MAIN
    assert status_of(killed().write(workdir / "j.jsonl"), capsys) == "unknown"


def test_a_run_on_another_host_goes_on_if_it_was_just_heard_of(
    workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = killed().add(Heartbeat(time=clock.now() - 20_000_000)).write(workdir / "j.jsonl")
    assert status_of(path, capsys) == "running"


# -- lost lines ------------------------------------------------------------------------------------


def problems(story: Story, path: Path) -> tuple[str, ...]:
    return tuple(
        one.removeprefix(f"{path}: ") for one in find_journal.load(story.write(path)).problems
    )


def without(story: Story, *kinds: str) -> Story:
    """Return *story* without the events of these *kinds*, except the first of each."""
    seen: set[str] = set()
    story.events = [
        one
        for one in story.events
        if one.event not in kinds or not (one.event in seen or seen.add(one.event))
    ]
    return story


def test_missing_ends_of_attempts_are_counted(tmp_path: Path) -> None:
    (output,) = problems(without(chain(), "attempt_finished"), tmp_path / "j.jsonl")
    assert output.startswith("the ends of 1 of 2 attempts are missing: lines were lost")


def test_with_immediate_submit_no_job_s_end_is_missing(tmp_path: Path) -> None:
    """Snakemake leaves its jobs to the cluster, and so does not see their ends."""
    story = without(chain(), "attempt_finished")
    started = story.events[0]
    story.events[0] = started.but(settings={"immediate_submit": True})
    assert problems(story, tmp_path / "j.jsonl") == ()


@pytest.mark.parametrize("kind", ["scheduler_iteration", "message"])
def test_missing_lines_that_no_attempt_depends_on_are_not_reported(
    kind: str, tmp_path: Path
) -> None:
    assert problems(without(chain(), kind), tmp_path / "j.jsonl") == ()


def test_a_journal_that_records_its_gaps_is_not_reported_again(tmp_path: Path) -> None:
    story = without(chain(), "attempt_finished")
    story.events.insert(2, Gap(time=story.events[1].time, reason="No space left on device"))
    assert not any("lines were lost" in one for one in problems(story, tmp_path / "j.jsonl"))


# -- other users' runs -------------------------------------------------------------------------------------------

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be two users")
OTHER = 12345


@pytest.fixture
def as_another_user() -> Iterator[Path]:
    """Return a folder that another user owns, as whom the test goes on."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        with chdir(name):
            os.seteuid(OTHER)
            try:
                yield Path(name)
            finally:
                os.seteuid(0)


def by_root(path: Path, mode: int) -> Path:
    """Make *path* root's, with this mode."""
    os.seteuid(0)
    os.chown(path, 0, 0)
    path.chmod(mode)
    os.seteuid(OTHER)
    return path


@AS_ROOT
def test_the_newest_run_may_be_another_user_s_and_the_first_line_names_them(
    as_another_user: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(as_another_user, "20260301T120000-aaaaaa", chain())
    theirs = write_run(as_another_user, "20260301T130000-bbbbbb", chain())
    assert main(["cost"]) == 0
    assert " · by " not in output(capsys)[0]
    by_root(theirs, 0o644)
    assert main(["cost"]) == 0
    first, path, *_ = output(capsys)[0].splitlines()
    assert first.endswith(" · by root")
    assert path.endswith("bbbbbb.jsonl")
    assert main(["cost", "--format", "json"]) == 0
    assert json.loads(output(capsys)[0])["run"]["owner"] == "root"


@AS_ROOT
def test_a_newer_run_that_may_not_be_read_is_named(
    as_another_user: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(as_another_user, "20260301T120000-aaaaaa", chain())
    by_root(write_run(as_another_user, "20260301T130000-bbbbbb", chain()), 0o600)
    assert main(["cost"]) == 0
    _, path, *rest = output(capsys)[0].splitlines()
    assert path.endswith("aaaaaa.jsonl")
    assert " ".join(rest).startswith(
        "! a newer run, by root, is not shown: .snakemake/observe/20260301T130000-bbbbbb.jsonl: "
        "Permission denied; its owner can let you read it (chmod), and later ones with "
        "--logger-observe-mode 0640"
    )


@AS_ROOT
def test_if_no_run_may_be_read_the_error_says_so(
    as_another_user: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = by_root(write_run(as_another_user, "20260301T130000-bbbbbb", chain()), 0o600)
    assert main(["cost"]) == 2
    assert output(capsys)[1].startswith("a newer run, by root, is not shown: .snakemake/observe/")
    assert main(["cost", str(path)]) == 2
    assert output(capsys)[1].endswith("--logger-observe-mode 0640")
    by_root(path.parent, 0o700)
    assert main(["cost"]) == 2
    assert output(capsys)[1] == (
        ".snakemake/observe: Permission denied; its owner can let you read it"
    )


def at_the_same_time(workdir: Path, status: str) -> list[str]:
    """Return the problems of a run next to which another one was."""
    story = Story(run_id="b" * 32)
    story.job(1).quick(1, 3, 4, 10)
    write_run(workdir, "20260301T110000-aaaaaa", story.end(11, status))
    newest = write_run(workdir, "20260301T130000-bbbbbb", chain())
    return list(find_journal.load(newest).unread)


@pytest.mark.parametrize(
    ("status", "how"), [("failed", "failed"), ("interrupted", "was interrupted")]
)
def test_another_run_at_the_same_time_that_did_not_succeed_is_named(
    status: str, how: str, tmp_path: Path
) -> None:
    (named,) = at_the_same_time(tmp_path, status=status)
    assert named.startswith(f"another run here at the same time {how}: ")
    assert named.endswith("20260301T110000-aaaaaa.jsonl")


def test_another_run_at_the_same_time_may_go_on_where_its_process_cannot_be_seen(
    tmp_path: Path,
) -> None:
    story = cut_off(host="elsewhere", run_id="b" * 32)
    other = write_run(tmp_path, "20260301T110000-aaaaaa", story)
    newest = write_run(tmp_path, "20260301T130000-bbbbbb", chain())
    (named,) = find_journal.load(newest).unread
    assert named == f"another run in this folder may go on, on elsewhere: {other}"


def test_another_run_at_the_same_time_that_succeeded_is_not_named(tmp_path: Path) -> None:
    assert at_the_same_time(tmp_path, status="success") == []


def lock_of(tmp_path: Path, before: Story, between: Story | None = None) -> OtherRun | None:
    """Return the run that may hold the lock that a run found, after *before* and *between*."""
    holder = write_run(tmp_path, "20260301T110000-aaaaaa", before)
    os.utime(holder, (at(30) / 1e6, at(30) / 1e6))
    if between is not None:
        write_run(tmp_path, "20260301T120000-cccccc", between)
    locked = Story(run_id="b" * 32, time=at(900), process_started=at(890))
    locked.message(901, "LockException:\nError: Directory cannot be locked.", level="error")
    newest = write_run(tmp_path, "20260301T130000-bbbbbb", locked.end(902, "failed"))
    return find_journal.load(newest).other_run


def cut_off(**facts: Any) -> Story:
    return begun(process_started=at(0), **facts).job(1).message(20, "still here")


def test_a_run_that_was_killed_before_may_have_left_the_lock(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    found = lock_of(tmp_path, cut_off(host=socket.gethostname(), pid=dead.pid))
    assert found is not None
    assert (found.status, "20260301T110000-aaaaaa" in found.name) == ("killed", True)


def test_whether_a_run_of_another_machine_holds_the_lock_is_unknown(tmp_path: Path) -> None:
    found = lock_of(tmp_path, cut_off(host="elsewhere"))
    assert found is not None
    assert found.status == "unknown"


def test_a_run_that_ended_well_since_had_the_lock_and_gave_it_back(tmp_path: Path) -> None:
    facts = {"run_id": "c" * 32, "time": at(500), "process_started": at(490)}
    since = Story(**facts).job(1).quick(1, 503, 504, 510).end(511)
    assert lock_of(tmp_path, cut_off(host="elsewhere"), since) is None
