"""What is reported about the nodes' clocks."""

import os
import socket

import pytest
from builders import MAIN, REMOTE_STAMPS, Story, at, begun, killed, node_level, on_cluster, remote

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.analysis.cost.node_clocks import NodeClock, node_clocks
from snakemake_logger_plugin_observe.commands.support.find_journal import is_alive
from snakemake_logger_plugin_observe.reporters.as_text.clocks import lines

SECOND = 1_000_000


def certain(attempts: int, within_s: float) -> str:
    return (
        f"queue_wait and poll_wait of {attempts} attempts there are each accurate to "
        f"{within_s} s; their sum is exact"
    )


def attempts(*ahead_s: float, boot: str | None = None, **facts: object) -> Story:
    """Return a run with a job on a node for each clock lead; all spend a second in each phase."""
    story = begun(**facts)
    for job_id, ahead in enumerate(ahead_s, 1):
        process = {"boot_id": boot, "boot_time": at(ahead)} if boot else {}
        node = node_level(ahead).but(**process)
        story.job(job_id).attempt(job_id, REMOTE_STAMPS, node, waits=remote().waits)
    return story.end(15)


def test_every_host_has_its_clock_with_the_bounds_of_its_last_attempt() -> None:
    assert node_clocks(attempts(90, 90).run) == (NodeClock("node7", 88.0, 88.0, 91.0, 2, 3.0),)


def test_the_clock_of_the_same_kernel_has_no_uncertainty() -> None:
    facts = {"boot_id": "b", "boot_time": at(0)}
    (found,) = node_clocks(attempts(-90, boot="b", **facts).run)
    assert (found.ahead_s, found.exact, found.uncertainty_s) == (-90, True, None)


def test_without_a_node_there_is_no_clock() -> None:
    assert node_clocks(killed().run) == ()


@pytest.mark.parametrize(
    ("clock", "text"),
    [
        (
            NodeClock("n2", 90.0, 89.7, 90.9, 3, 1.2),
            "n2's clock is 90.0 s ahead (between 89.7 and 90.9): " + certain(3, 1.2),
        ),
        (
            NodeClock("n2", -90.0, -90.9, -89.7, 2, 1.2),
            "n2's clock is 90.0 s behind (between 89.7 and 90.9): " + certain(2, 1.2),
        ),
        (
            NodeClock("n2", 90.0, 90.0, 90.0, 3, None),
            "n2's clock is 90.0 s ahead, measured by the same kernel: no figure is affected",
        ),
        (NodeClock("n2", 90.0, 90.0, None, 3, None), "n2's clock is 90.0 s ahead (90.0 or more)"),
        (
            NodeClock("n2", -90.0, None, -90.0, 3, None),
            "n2's clock is 90.0 s behind (90.0 or more)",
        ),
        (
            NodeClock("n2", 0.0, -25.0, 1.0, 3, 26.0),
            "the clock of n2 is assumed to agree with the main process's: " + certain(3, 26.0),
        ),
    ],
)
def test_a_clock_that_limits_the_figures_is_reported(clock: NodeClock, text: str) -> None:
    assert list(lines([clock], 100 * SECOND)) == [text]


def test_clocks_that_may_agree_share_a_line() -> None:
    clocks = [NodeClock(f"n{n}", 0.0, -n, 1.0, 2, 1.0 + n) for n in range(1, 4)]
    (text,) = lines(clocks, 100 * SECOND)
    assert text.startswith("the clocks of 3 nodes are assumed to agree with the main process's: ")
    assert "6 attempts there are each accurate to 4.0 s" in text


@pytest.mark.parametrize(
    "clock", [NodeClock(MAIN, 0.0, 0.0, 0.0, 3, None), NodeClock("n2", 0.0, -0.5, 0.4, 3, 0.9)]
)
def test_an_uncertainty_small_for_the_run_is_not_reported(clock: NodeClock) -> None:
    assert list(lines([clock], 100 * SECOND)) == []


def test_each_attempt_records_its_offset() -> None:
    run = on_cluster(2, queue_s=5, poll_s=5).run
    assert [one.offset.queue_wait_bounds_s for one in run.attempts.values()] == [(0, 10)] * 2


@pytest.mark.parametrize("set_by_s", [0, 90, -90])
def test_setting_the_wall_clock_does_not_end_a_run(set_by_s: float) -> None:
    """The start of its process is compared in the kernel's own count, since boot."""
    ours = {"host": socket.gethostname(), "pid": os.getpid(), "boot_id": clock.boot_id()}
    process = {
        "process_started": clock.process_started() - set_by_s * SECOND,
        "boot_time": clock.boot_time() - set_by_s * SECOND,
    }
    assert is_alive(Story(**ours, **process).run)
    assert not is_alive(Story(**ours, **{**process, "process_started": at(0)}).run)
