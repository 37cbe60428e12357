"""What the scheduler's record changes of an attempt's segments: held, queued, its job script."""

from itertools import pairwise

import pytest
import strategies
from builders import (
    SECOND,
    T0,
    a_record,
    at,
    begun,
    evidence,
    node_level,
    numbered,
    phases_at,
    stamps,
)
from hypothesis import given, settings

from snakemake_logger_plugin_observe.analysis.cost.validation import validate
from snakemake_logger_plugin_observe.journal.records import SchedulerRecord
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.refined import refined
from snakemake_logger_plugin_observe.run.timeline import TimelineInput, timeline
from snakemake_logger_plugin_observe.run.unobserved import NO_NODE_STAMPS

# Submitted from 2 to 3 s; on the node from 20 to 26 s; reported at 30 s.
KNOWN = stamps(ready=0, selected=1, submitting=2, accepted=3, reported=30, finished=31)
NEVER = {"eligible": None, "started": None, "ended": None, "nodes": None}


def refined_at(
    known: TimelineInput, record: SchedulerRecord | None
) -> list[tuple[str, float, float]]:
    """Return the segments after the submission, up to the report of the end."""
    found = phases_at(refined(timeline(known).segments, known.stamps, record))
    return [one for one in found if one[0] not in ("slot_wait", "dispatch", "submit")]


def on_node(started_s: float = 20, ended_s: float = 26) -> TimelineInput:
    level = node_level(16, started=4, loaded=5, planned=6, ended=10)
    moved = {"started": at(started_s), "ended": at(ended_s)}
    return evidence(KNOWN, level.but(**moved))


def no_node(**more: float) -> TimelineInput:
    return evidence(stamps(**{"ready": 0, "selected": 1, "submitting": 2, **more}))


ON_THE_NODE = [
    ("node_startup", 20, 21),
    ("node_plan", 21, 22),
    ("stage_in", 22, 23),
    ("compute", 23, 24),
    ("stage_out", 24, 25),
]


def test_without_a_record_nothing_changes() -> None:
    assert refined_at(on_node(), None) == [
        ("queue_wait", 3, 20),
        *ON_THE_NODE,
        ("node_exit", 25, 26),
        ("poll_wait", 26, 30),
        ("postprocess", 30, 31),
    ]


def test_the_wait_up_to_eligible_is_held_and_after_the_start_is_the_job_script() -> None:
    """It began in the second after 15 s: what follows 16 s is certainly the job script's."""
    record = a_record(submitted=2, eligible=9, started=15, ended=28)
    assert refined_at(on_node(), record) == [
        ("held", 3, 9),
        ("queue_wait", 9, 16),
        ("job_script", 16, 20),
        *ON_THE_NODE,
        ("node_exit", 25, 28),
        ("poll_wait", 28, 30),
        ("postprocess", 30, 31),
    ]


def test_eligible_a_second_later_is_rounding() -> None:
    record = a_record(submitted=2, eligible=3, started=20, ended=26)
    assert refined_at(on_node(), record)[0] == ("queue_wait", 3, 20)


def test_a_reason_that_keeps_back_holds_up_to_the_start() -> None:
    record = a_record(
        submitted=2, eligible=2, started=15, ended=26, reason="QOSMaxJobsPerUserLimit"
    )
    assert refined_at(on_node(), record)[:3] == [
        ("held", 3, 15),
        ("queue_wait", 15, 16),
        ("job_script", 16, 20),
    ]


@pytest.mark.parametrize(
    "reason", [None, "None", "Priority", "Resources", "NodeDown", "(Priority)"]
)
def test_a_busy_cluster_holds_nothing(reason: str | None) -> None:
    record = a_record(submitted=2, eligible=2, started=19, ended=26, reason=reason)
    assert refined_at(on_node(), record)[0] == ("queue_wait", 3, 20)


def test_the_scheduler_s_clock_may_be_ahead() -> None:
    """It took the submission between 2 and 3 s, and says 102: it is 99 s ahead at least."""
    record = a_record(submitted=102, eligible=110, started=114, ended=126)
    assert refined_at(on_node(), record)[:3] == [
        ("held", 3, 11),
        ("queue_wait", 11, 16),
        ("job_script", 16, 20),
    ]


def test_the_scheduler_s_clock_may_be_behind() -> None:
    """What it calls -8 s ended at -7, when the submission had begun at 2: it is 9 s behind."""
    record = a_record(submitted=-8, eligible=0, started=4, ended=17)
    assert refined_at(on_node(), record)[:3] == [
        ("held", 3, 9),
        ("queue_wait", 9, 14),
        ("job_script", 14, 20),
    ]


# -- without any sign from the node ------------------------------------------------------------------


def test_a_job_that_never_started_was_held_by_its_reason() -> None:
    record = a_record(submitted=2, state="CANCELLED", reason="PartitionTimeLimit", **NEVER)
    known = no_node(accepted=3, finished=50)
    assert refined_at(known, record) == [("held", 3, 50)]


def test_a_job_that_never_started_was_in_the_queue() -> None:
    record = a_record(
        **{**NEVER, "submitted": 2, "eligible": 2, "ended": 40, "state": "CANCELLED"},
        reason="Priority",
    )
    known = no_node(accepted=3, reported=45, finished=50)
    assert refined_at(known, record) == [
        ("queue_wait", 3, 40),
        ("poll_wait", 40, 45),
        ("postprocess", 45, 50),
    ]


def test_of_a_job_without_stamps_only_what_it_did_is_unobserved() -> None:
    record = a_record(submitted=2, eligible=2, started=10, ended=20, state="FAILED")
    known = no_node(accepted=3, reported=45, finished=50)
    assert refined_at(known, record) == [
        ("queue_wait", 3, 10),
        ("unobserved", 10, 21),
        ("poll_wait", 21, 45),
        ("postprocess", 45, 50),
    ]


def test_a_requeued_job_is_held_from_its_second_submission() -> None:
    """Of its first start only a sign is known; Slurm lets it start again two minutes later."""
    node = node_level().but(started=at(144), loaded=at(145), planned=at(146), ended=None)
    known = evidence(
        stamps(ready=0, selected=1, submitting=2, accepted=3, reported=160, finished=160),
        node.but(executions=(), ended=at(150)),
        node_starts=(5, 144),
    )
    record = a_record(
        submitted=20, eligible=141, started=142, ended=151, restarts=1, reason="BeginTime"
    )
    assert refined_at(known, record) == [
        ("queue_wait", 3, 5),
        ("unobserved", 5, 20),
        ("held", 20, 141),
        ("queue_wait", 141, 142),
        ("unobserved", 142, 144),
        ("node_startup", 144, 145),
        ("node_plan", 145, 146),
        ("node_exit", 146, 151),
        ("poll_wait", 151, 160),
    ]


# -- whole runs --------------------------------------------------------------------------------------


def cancelled() -> Run:
    story = begun().job(1).submitted(1, stamps(selected=3, submitting=4, accepted=5))
    story.accounting(1, a_record(**NEVER, submitted=4, state="PENDING", reason="JobHeldUser"), 20)
    story.heartbeat(25, (1, 1))
    return story.run


def test_an_attempt_without_an_end_is_refined_up_to_the_last_sign_of_life() -> None:
    attempt = cancelled().attempts[1, 1]
    assert phases_at(attempt.segments)[-1] == ("held", 5, 25)
    assert attempt.unobserved == ()


def test_a_record_in_an_older_journal_changes_no_phase() -> None:
    """Then the figures at the run's end were computed without it."""
    known = stamps(ready=3, selected=3, submitting=4, accepted=5, reported=30, finished=30)
    story = begun().job(1).attempt(1, known)
    story.accounting(1, a_record(started=7, ended=9), phases_s={})
    attempt = story.run.attempts[1, 1]
    assert phases_at(attempt.segments)[-1] == ("unobserved", 5, 30)
    assert attempt.unobserved == (NO_NODE_STAMPS,)


def test_what_the_record_changes_is_written_with_it_and_is_validated() -> None:
    known = stamps(ready=3, selected=3, submitting=4, accepted=5, reported=30, finished=30)
    story = begun().job(1).attempt(1, known)
    story.accounting(1, a_record(submitted=4, eligible=4, started=8, ended=28), 30).end(31)
    *_, accounting, _end = story.events
    assert accounting.phases_s == {
        "dispatch": 1.0,
        "submit": 1.0,
        "queue_wait": 3.0,
        "poll_wait": 1.0,
        "unobserved": 21.0,
    }
    assert validate(numbered(story.events), ()).disagreements == ()
    story.events[-2] = accounting.but(phases_s={"queue_wait": 9.0})
    (first, *_) = validate(numbered(story.events), ()).disagreements
    assert first.text.startswith("accounting of job 1: queue_wait is 9.0 s as written, 3.0 s")


@settings(max_examples=120)
@given(strategies.evidence, strategies.events_of(SchedulerRecord))
def test_refined_segments_tile_as_before_and_refining_them_again_changes_nothing(
    known: TimelineInput, record: SchedulerRecord
) -> None:
    segments = timeline(known).segments
    found = refined(segments, known.stamps, record)
    assert [one.start for one in found[:1]] == [one.start for one in segments[:1]]
    assert [one.end for one in found[-1:]] == [one.end for one in segments[-1:]]
    assert all(one.end == after.start for one, after in pairwise(found))
    assert all(one.length > 0 for one in found)
    assert refined(found, known.stamps, record) == found


@given(strategies.evidence)
def test_a_record_of_the_same_time_keeps_what_the_node_s_stamps_say(known: TimelineInput) -> None:
    record = SchedulerRecord(cluster_job="1", submitted=T0, started=T0 + SECOND, ended=T0 + SECOND)
    segments = timeline(known).segments

    def measured(these: list) -> list:
        return [one for one in these if one.phase in ("compute", "node_startup", "stage_in")]

    assert measured(refined(segments, known.stamps, record)) == measured(segments)
