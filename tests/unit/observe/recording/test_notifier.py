"""What a run says to the process that sends its notice: that it failed for good, and that it ended."""

import os
import time
from pathlib import Path

import pytest
from builders import Story, begun, stamps

from snakemake_logger_plugin_observe.external import notice
from snakemake_logger_plugin_observe.recording import notifier
from snakemake_logger_plugin_observe.recording.notifier import Notifier

PLENTY_S = 120


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    found: list[bytes] = []
    monkeypatch.setattr(Notifier, "_say", lambda _, byte: found.append(byte))
    return found


def told(story: Story) -> Notifier:
    """Return a notifier that has taken the ends of all attempts of a run."""
    one = Notifier("true", pytest.fail)
    for event in story.events:
        if event.event == "attempt_finished":
            one.ended_attempt(story.run, event)
        one.journal_written()
    return one


def failing(status: str = "failed", number: int = 1, **job: object) -> Story:
    story = begun().job(1, **job)
    return story.attempt(1, stamps(ready=3, finished=4), status=status, number=number)


@pytest.mark.parametrize(
    ("story", "has_failed"),
    [
        (failing(), True),
        (failing("lost"), True),
        (failing(retries=1), False),
        (failing(retries=1, number=2), True),
        (failing("success"), False),
        (failing("cancelled"), False),
    ],
)
def test_a_failure_counts_if_the_job_is_not_tried_again(
    said: list[bytes], story: Story, has_failed: bool
) -> None:
    told(story)
    assert said == [notice.FAILED] * has_failed


@pytest.mark.parametrize(("retries", "has_failed"), [(0, True), (1, False)])
def test_a_group_is_tried_again_as_often_as_the_job_that_is_most(
    said: list[bytes], retries: int, has_failed: bool
) -> None:
    story = begun().group("g1", (1, 2)).job(1, retries=0).job(2, retries=retries)
    story.attempt(None, stamps(ready=3, finished=4), group="g1", status="failed")
    story.attempt(1, stamps(finished=4), group="g1", status="failed")
    told(story)
    assert said == [notice.FAILED] * has_failed


def test_a_failure_is_said_once_and_the_end_after_it(said: list[bytes]) -> None:
    story = failing().job(2).attempt(2, stamps(ready=3, finished=5), status="failed")
    told(story).run_ended()
    assert said == [notice.FAILED, notice.ENDED]


def test_without_a_journal_or_a_process_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[str] = []
    Notifier("true", faults.append).start(None, tmp_path)
    monkeypatch.setattr(notifier.sys, "executable", str(tmp_path / "missing"))
    broken = Notifier("true", faults.append)
    broken.start(tmp_path / "a.jsonl", tmp_path)
    broken.run_ended()
    assert faults[0] == "no notice will be sent: the run has no journal"
    assert faults[1].startswith("no notice will be sent: [Errno 2] No such file or directory")
    assert len(faults) == 2


def test_the_process_waits_beside_the_run_and_is_no_child_of_it(tmp_path: Path) -> None:
    one = Notifier(f"echo $PPID > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/sent", pytest.fail)
    one.start(tmp_path / "a.jsonl", tmp_path)
    assert one._process is not None
    assert one._process.wait(PLENTY_S) == 0  # the one that waits is its child, and a stranger here
    assert not (tmp_path / "sent").exists()
    one.run_ended()
    one.run_ended()  # what it says then is heard by nobody
    deadline = time.monotonic() + PLENTY_S
    while not (tmp_path / "sent").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert int((tmp_path / "sent").read_text()) != os.getpid()
