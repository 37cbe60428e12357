"""Jobs that ended because their pipe's other end had failed did not fail themselves."""

from collections.abc import Mapping

import pytest
from builders import Story, an_execution, begun, in_main, level, stamps

from snakemake_logger_plugin_observe.analysis.failures.failures import failures
from snakemake_logger_plugin_observe.journal.records import Level

# The exit code of each member's tool, and when it ended.
Ends = Mapping[str, tuple[int, float]]
JOBS = {"writer": 1, "reader": 2, "other": 3}


def story(ends: Ends, *, on_node: bool = False, pipe: bool = True) -> Story:
    """Return a group whose jobs ran side by side, and failed as given; the others succeeded."""
    told = begun(wraps="slurm" if on_node else "local")
    told.job(1, rule="writer", output=("p",), pipes=("p",) if pipe else None, group="g")
    told.job(2, (1,), rule="reader", input=("p",), output=("out",), group="g")
    told.job(3, rule="other", output=("x",), group="g")
    told.group("g", (1, 2, 3))
    known = stamps(ready=3, selected=3, submitting=3, accepted=3, reported=20, finished=20)
    levels = {rule: _level(rule, *ends.get(rule, (0, 15)), on_node) for rule in JOBS}
    told.attempt(None, known, *levels.values(), group="g", status="failed")
    for rule, job_id in JOBS.items():
        status = "failed" if ends.get(rule) else "success"
        told.attempt(job_id, stamps(finished=20), levels[rule], group="g", status=status)
    return told.end(21, "failed")


def _level(rule: str, code: int, ended_s: float, on_node: bool) -> Level:
    status = {"status": "failed", "exit_code": code} if code else {}
    one = an_execution(rule, begun=4, tool_started=4, tool_ended=ended_s, **status)
    if not on_node:
        return in_main(one)
    return level(one, pid=JOBS[rule], started=3, loaded=4, planned=4, ended=19)


def failed(told: Story) -> list[str | None]:
    return [one.rule for one in failures(told.run)]


@pytest.mark.parametrize("on_node", [False, True])
@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ({"writer": (3, 6), "reader": (-9, 7)}, ["writer"]),
        ({"writer": (-9, 7), "reader": (3, 6)}, ["reader"]),
        # A reader that fails leaves its writer a broken pipe before Snakemake kills it.
        ({"writer": (141, 6.1), "reader": (3, 6)}, ["reader"]),
        # A reader that stops reading breaks the pipe, and the writer's end kills the reader.
        ({"writer": (-13, 6), "reader": (-9, 7)}, ["writer"]),
        # One that stops reading, and fails before the writer's end is noticed.
        ({"writer": (-13, 5.9), "reader": (5, 6)}, ["reader"]),
        ({"writer": (141, 5.9), "reader": (137, 6)}, ["reader"]),
        # Killed before anything else failed: no partner was the reason.
        ({"writer": (3, 7), "reader": (-9, 6)}, ["reader", "writer"]),
        # It ended by a code of its own, or its own command was killed.
        ({"writer": (3, 6), "reader": (4, 7)}, ["reader", "writer"]),
        ({"writer": (3, 6), "reader": (137, 7)}, ["reader", "writer"]),
    ],
)
def test_the_job_that_ended_its_pipe_is_what_failed(
    ends: Ends, expected: list[str], on_node: bool
) -> None:
    assert sorted(failed(story(ends, on_node=on_node))) == expected


def test_a_stopped_job_is_cancelled_and_names_who_failed() -> None:
    run = story({"writer": (3, 6), "reader": (-9, 7)}).run
    stopped = run.attempts[(2, 1)]
    assert (stopped.status, stopped.stopped_with) == ("cancelled", 1)
    assert stopped.message == (
        "Snakemake stopped it, because writer failed, with which it shares a pipe"
    )


def test_jobs_of_a_group_that_share_no_pipe_fail_by_themselves() -> None:
    """On a node a group's other jobs may run at once too, and the kernel may kill them."""
    ends = {"writer": (3, 6), "other": (-9, 7)}
    assert sorted(failed(story(ends, on_node=True))) == ["other", "writer"]
    ends = {"writer": (3, 6), "reader": (-9, 7)}
    assert sorted(failed(story(ends, on_node=True, pipe=False))) == ["reader", "writer"]


def test_a_service_is_stopped_with_the_job_that_used_it() -> None:
    told = begun(wraps="slurm").group("g", (1, 2))
    told.job(1, rule="writer", output=("p",), service=True, group="g")
    told.job(2, (1,), rule="reader", input=("p",), group="g")
    levels = (_level("writer", -9, 7, True), _level("reader", 3, 6, True))
    known = stamps(ready=3, selected=3, submitting=3, accepted=3, reported=20, finished=20)
    told.attempt(None, known, *levels, group="g", status="failed")
    for job_id, one in enumerate(levels, 1):
        told.attempt(job_id, stamps(finished=20), one, group="g", status="failed")
    assert failed(told.end(21, "failed")) == ["reader"]
