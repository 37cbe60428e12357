"""How far a node's clock is ahead: exact within one boot, otherwise within bounds."""

import pytest
import strategies
from builders import MAIN, NODE, REMOTE_STAMPS, SECOND, T0, at, evidence, node_level, remote, stamps
from hypothesis import given
from hypothesis import strategies as st

from snakemake_logger_plugin_observe.journal.records import Offset
from snakemake_logger_plugin_observe.run.clock_offsets import (
    KernelBoot,
    LeadBounds,
    MainProcess,
    bounds_from_attempt,
)
from snakemake_logger_plugin_observe.run.segments import Timeline, phase_sums
from snakemake_logger_plugin_observe.run.timeline import TimelineInput, timeline
from snakemake_logger_plugin_observe.run.unobserved import (
    ENDED_EARLY,
    ENDED_EARLY_OR_SET,
    OTHER_CLOCK,
)

HERE = KernelBoot("a-boot", at(-1000))
MAIN_BOOTED = MainProcess(MAIN, HERE)
NODE_ONLY = ("node_startup", "node_plan", "stage_in", "compute", "stage_out", "node_exit")


def on_boot(ahead_s: float, boot: str | None = "a-boot", **more: object) -> TimelineInput:
    """Return an attempt on a node whose clock is *ahead_s* ahead, and whose process recorded its boot."""
    timing = {"boot_id": boot, "boot_time": at(-1000 + ahead_s)} if boot else {}
    node = node_level(ahead_s).but(**timing)
    waits = remote().waits
    known = more.pop("known", REMOTE_STAMPS)
    return evidence(known, node, waits=waits, **{"main": MAIN_BOOTED, **more})


def seconds(result: Timeline) -> dict[str, float]:
    return {phase: micros / SECOND for phase, micros in phase_sums(result.segments).items()}


# -- one boot, one clock -----------------------------------------------------------------------------


@pytest.mark.parametrize("ahead_s", [0, 90, -90, 3.2])
def test_an_offset_within_one_boot_is_exact(ahead_s: float) -> None:
    result = timeline(on_boot(ahead_s))
    assert result.offset == Offset(host=NODE, assumed_s=ahead_s, low_s=ahead_s, high_s=ahead_s)
    assert seconds(result) == seconds(timeline(remote()))


def test_a_difference_below_a_millisecond_is_no_offset() -> None:
    """Readings take their time; less than a millisecond is no offset."""
    result = timeline(on_boot(0.0004))
    assert result.offset == Offset(host=NODE, assumed_s=0.0, low_s=0.0, high_s=0.0)


def test_the_first_sign_of_life_is_converted_to_the_main_clock() -> None:
    result = timeline(on_boot(90, node_starts=[93.5]))
    assert seconds(result)["queue_wait"] == 0.5


def test_an_early_report_is_certain_if_the_offset_is_exact() -> None:
    early = stamps(ready=0, selected=1, submitting=2, accepted=3, reported=9.5, finished=14)
    result = timeline(on_boot(90, known=early))
    assert (result.offset.assumed_s, result.unobserved) == (90, [ENDED_EARLY])
    assert (seconds(result)["queue_wait"], seconds(result)["stage_out"]) == (1, 1)


def test_setting_the_clock_between_the_processes_of_a_job_changes_no_phase() -> None:
    """The second process read the clock after it was set by 5 s, as its boot time shows."""
    outer = node_level(pid=1, wraps="slurm-jobstep").but(
        executions=(), boot_id="b", boot_time=at(-50)
    )
    inner = node_level(5, pid=2, started=6, loaded=6.5, planned=7, ended=9.5).but(
        boot_id="b", boot_time=at(-45)
    )
    as_if = node_level(pid=2, started=6, loaded=6.5, planned=7, ended=9.5)
    found = timeline(evidence(REMOTE_STAMPS, outer, inner, main=MAIN_BOOTED))
    assert found.segments == timeline(evidence(REMOTE_STAMPS, outer, as_if)).segments


# -- another boot ------------------------------------------------------------------------------------


def test_a_host_with_the_main_host_s_name_and_another_boot_has_its_own_clock() -> None:
    node = node_level(90, host=MAIN).but(boot_id="b", boot_time=at(5))
    result = timeline(evidence(REMOTE_STAMPS, node, waits=remote().waits, main=MAIN_BOOTED))
    assert (result.offset.low_s, result.offset.high_s, result.unobserved) == (88, 91, [])
    assert {phase: seconds(result)[phase] for phase in NODE_ONLY} == dict.fromkeys(NODE_ONLY, 1)


def test_without_a_known_boot_a_host_with_the_main_host_s_name_has_its_clock() -> None:
    result = timeline(evidence(REMOTE_STAMPS, node_level(host=MAIN), waits=remote().waits))
    assert result.offset == Offset(host=MAIN, assumed_s=0.0, low_s=0.0, high_s=0.0)


@pytest.mark.parametrize("ahead_s", [90, -90])
def test_stamps_that_contradict_a_shared_clock_show_another_clock(ahead_s: float) -> None:
    result = timeline(evidence(REMOTE_STAMPS, node_level(ahead_s, host=MAIN), waits=remote().waits))
    assert result.offset.low_s <= ahead_s <= result.offset.high_s
    assert result.unobserved == [OTHER_CLOCK]


# -- bounds from earlier attempts ----------------------------------------------------------------------


def bounds_from(*timing: TimelineInput) -> dict[str, LeadBounds]:
    clocks: dict[str, LeadBounds] = {}
    for one in timing:
        one.clocks = clocks
        clocks |= bounds_from_attempt(one.levels, timeline(one).offset)
    return clocks


def waiting(queue_s: float, poll_s: float, ahead_s: float = 0, early_s: float = 0) -> TimelineInput:
    """Return an attempt from 4 to 10 on a node, with these waits before and after."""
    reported = 10 + poll_s - early_s
    known = stamps(ready=0, selected=0, submitting=0, accepted=4 - queue_s, reported=reported)
    known = known.but(finished=max(at(12), known.reported))
    return on_boot(ahead_s, "another", known=known)


def test_the_bounds_of_all_attempts_on_a_clock_are_combined() -> None:
    last = waiting(2, 2, ahead_s=90)
    last.clocks = bounds_from(waiting(3, 0.25, ahead_s=90), waiting(0.5, 3, ahead_s=90))
    result = timeline(last)
    assert (result.offset.low_s, result.offset.high_s, result.offset.assumed_s) == (
        89.75,
        90.5,
        89.75,
    )
    assert result.offset.queue_wait_bounds_s == (1.5, 2.25)
    assert result.offset.poll_wait_bounds_s == (1.75, 2.5)
    assert (seconds(result)["queue_wait"], seconds(result)["poll_wait"]) == (2.25, 1.75)


def test_setting_a_clock_between_two_attempts_keeps_its_bounds() -> None:
    """Bounds are relative to the kernel's boot, which setting the wall clock does not move."""
    last = waiting(2, 2, ahead_s=30)
    last.clocks = bounds_from(waiting(0.5, 0.25, ahead_s=90))
    result = timeline(last)
    assert (result.offset.low_s, result.offset.high_s) == (29.75, 30.5)


def test_an_early_report_does_not_change_a_known_offset() -> None:
    """Alone it would look like a clock that is ahead; earlier jobs show that it is not."""
    early = waiting(5, 0, early_s=3)
    assert timeline(early).offset.assumed_s == 3
    early.clocks = bounds_from(waiting(1, 1))
    result = timeline(early)
    assert (result.offset.assumed_s, result.unobserved) == (0, [ENDED_EARLY_OR_SET])


def test_an_end_that_no_offset_explains_was_reported_early() -> None:
    early = waiting(1, 0, early_s=3)
    result = timeline(early)
    assert (result.offset, result.unobserved) == (Offset(host=NODE, assumed_s=0.0), [ENDED_EARLY])


def test_an_early_report_on_a_clock_that_is_ahead_uses_the_known_offset() -> None:
    early = waiting(1, 0, ahead_s=90, early_s=3)
    early.clocks = bounds_from(waiting(1, 1, ahead_s=90))
    result = timeline(early)
    assert (result.offset.low_s, result.offset.high_s, result.unobserved) == (89, 91, [ENDED_EARLY])


def test_a_clock_that_drifted_is_measured_again() -> None:
    last = waiting(0.01, 0.01, ahead_s=0.05)
    last.clocks = bounds_from(waiting(0.01, 0.01))
    result = timeline(last)
    assert (result.offset.low_s, result.offset.high_s, result.unobserved) == (0.04, 0.06, [])


def test_a_clock_that_was_corrected_has_no_offset() -> None:
    """Without a known boot, only the next attempt shows that the clock was set."""
    again = remote()
    again.clocks = bounds_from(remote(90))
    assert timeline(again).offset.assumed_s == 0


# -- any schedule, any clocks --------------------------------------------------------


@given(
    st.lists(strategies.remote_lengths, min_size=1, max_size=4),
    strategies.clock_leads,
    st.sampled_from(["the same boot", "another boot", "an unknown boot"]),
    st.lists(st.integers(-1000, 1000).map(lambda s: s * SECOND), min_size=4, max_size=4),
)
def test_node_phases_and_the_sum_of_waits_are_exact_and_each_wait_is_within_its_bounds(
    attempts: list[dict[str, int]], lead: int, boot: str, steps: list[int]
) -> None:
    """Of a known boot the node's clock may even be set between its attempts."""
    main = MainProcess(MAIN, KernelBoot("a-boot", T0 - 1000 * SECOND))
    clocks: dict[str, LeadBounds] = {}
    for lengths, step in zip(attempts, steps, strict=False):
        ahead = lead if boot == "an unknown boot" else lead + step
        ahead = ahead if abs(ahead) >= 1000 else 0  # less is what two readings may differ by
        timing = strategies.remote_evidence(lengths, T0, ahead)
        timing.main, timing.clocks = main, clocks
        if boot != "an unknown boot":
            name = "a-boot" if boot == "the same boot" else "another"
            booted = {"boot_id": name, "boot_time": T0 - 1000 * SECOND + ahead}
            timing.levels = [one.but(**booted) for one in timing.levels]
        result = timeline(timing)
        found, offset = phase_sums(result.segments), result.offset
        waits = (("queue_wait", "job_script"), ("poll_wait",))
        mixed = ("queue_wait", "job_script", "poll_wait")
        if offset.low_s == offset.high_s and boot == "the same boot":
            mixed, waits = (), ()
        assert {p: m for p, m in found.items() if p not in mixed} == {
            p: m for p, m in lengths.items() if m and p not in mixed
        }
        assert sum(found.get(p, 0) for p in mixed) == sum(lengths[p] for p in mixed)
        assert result.unobserved == []
        assert offset.low_s - 1e-6 <= ahead / SECOND <= offset.high_s + 1e-6
        bounds = (offset.queue_wait_bounds_s, offset.poll_wait_bounds_s)
        for phases, bound in zip(waits, bounds, strict=False):
            assert bound[0] <= sum(lengths[phase] for phase in phases) / SECOND <= bound[1]
            assert bound[0] <= sum(found.get(p, 0) for p in phases) / SECOND <= bound[1]
        clocks |= bounds_from_attempt(timing.levels, offset)


@given(
    st.lists(
        st.tuples(
            strategies.remote_lengths,
            strategies.clock_leads,
            st.integers(0, 60 * SECOND),
            st.sampled_from([None, "a-boot", "another"]),
            st.sampled_from([MAIN, NODE]),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_an_attempt_s_own_bounds_do_not_change_its_timeline(
    attempts: list[tuple[dict[str, int], int, int, str | None, str]],
) -> None:
    """Also if stamps contradict each other: clocks that jump, ends that are reported early."""
    clocks: dict[str, LeadBounds] = {}
    for lengths, ahead, early, boot, host in attempts:
        timing = strategies.remote_evidence(lengths, T0, ahead)
        known = timing.stamps
        reported = max(known.accepted, known.reported - early)
        timing.stamps = known.but(reported=reported)
        booted = {"boot_id": boot, "boot_time": T0 + ahead if boot else None, "host": host}
        timing.levels = [one.but(**booted) for one in timing.levels]
        timing.main, timing.clocks = MainProcess(MAIN, KernelBoot("a-boot", T0)), clocks
        result = timeline(timing)
        timing.clocks = bounds_from_attempt(timing.levels, result.offset)
        assert timeline(timing) == result
        clocks |= timing.clocks
