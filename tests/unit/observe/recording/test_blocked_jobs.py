"""Jobs that will not run, since one that they need failed for good, are counted by rule."""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from snakemake_logger_plugin_observe.recording.blocked_jobs import after_failure, after_replanning


class Dag:
    """The part of Snakemake's DAG that is read: what depends on each job, and what is to run."""

    def __init__(self) -> None:
        self.depending: dict[Any, list[Any]] = {}
        self.up_to_date: set[Any] = set()
        self.done: set[Any] = set()

    def needrun(self, job: Any) -> bool:
        return job not in self.up_to_date

    def finished(self, job: Any) -> bool:
        return job in self.done


class Job:
    """A job that is on its first attempt."""

    def __init__(self, dag: Dag, rule: str, *needs: "Job", retries: int = 0) -> None:
        self.dag, self.rule = dag, SimpleNamespace(name=rule)
        self.restart_times, self.attempt = retries, 1
        for one in needs:
            dag.depending.setdefault(one, []).append(self)

    def is_group(self) -> bool:
        return False


class Group(Job):
    """Jobs that are submitted together."""

    def __init__(self, dag: Dag, jobs: Iterable[Job]) -> None:
        super().__init__(dag, "group")
        self.jobs = set(jobs)

    def is_group(self) -> bool:
        return True


def blocked_by(*failed: Job) -> list[dict[str, int] | None]:
    notes = (after_failure(job, 7) for job in failed)
    return [note.jobs if note is not None else None for note in notes]


def test_what_needs_a_failed_job_is_counted_once_whatever_else_fails() -> None:
    dag = Dag()
    maps = [Job(dag, "map") for _ in range(3)]
    sorts = [Job(dag, "sort", one) for one in maps]
    Job(dag, "all", *sorts)
    assert blocked_by(maps[0], maps[1]) == [{"all": 1, "sort": 1}, {"all": 1, "sort": 2}]


def test_a_failure_that_blocks_nothing_more_has_no_count() -> None:
    dag = Dag()
    first, second, _ = (Job(dag, "map") for _ in range(3))
    Job(dag, "all", first, second)
    assert blocked_by(first, second) == [{"all": 1}, None]
    assert blocked_by(Job(Dag(), "map")) == [None]


def test_a_job_that_is_tried_again_blocks_nothing_before_its_last_attempt() -> None:
    dag = Dag()
    job = Job(dag, "map", retries=1)
    Job(dag, "all", job)
    assert blocked_by(job) == [None]
    job.attempt = 2
    assert blocked_by(job) == [{"all": 1}]


def test_jobs_that_are_up_to_date_or_done_are_not_counted() -> None:
    dag = Dag()
    job = Job(dag, "map")
    dag.up_to_date.add(Job(dag, "sort", job))
    dag.done.add(Job(dag, "index", job))
    assert blocked_by(job) == [None]


def test_a_group_blocks_what_its_members_block_and_not_its_members() -> None:
    dag = Dag()
    first = Job(dag, "map")
    second = Job(dag, "sort", first)
    Job(dag, "all", second)
    assert blocked_by(Group(dag, [first, second])) == [{"all": 1}]


def test_after_a_replanning_all_is_counted_again() -> None:
    dag = Dag()
    failed = Job(dag, "map")
    old = Job(dag, "all", failed)
    assert after_replanning(dag, 7) is None
    assert blocked_by(failed) == [{"all": 1}]
    dag.depending[failed].remove(old)
    Job(dag, "all", Job(dag, "part", failed), failed)
    note = after_replanning(dag, 8)
    assert note is not None
    assert (note.time, note.jobs) == (8, {"all": 1, "part": 1})
