"""What a DAG holds, counted by rule, and again whenever it was planned again."""

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from snakemake_logger_plugin_observe.recording.dag_counts import count_jobs, on_replanning


@dataclass
class Dag:
    """As much of Snakemake's DAG as is asked."""

    jobs: list[Any] = field(default_factory=list)
    needed: list[Any] = field(default_factory=list)
    _finished: set[Any] = field(default_factory=set)

    def needrun(self, job: Any) -> bool:
        return job in self.needed

    def finished(self, job: Any) -> bool:
        return job in self._finished

    async def postprocess_after_update(self) -> str:
        return "as it answers"


def counts(dag: Dag) -> dict[str, dict[str, int]]:
    note = count_jobs(dag, 7)
    assert note.time == 7
    return {"to_run": note.to_run, "up_to_date": note.up_to_date}


class Job:
    """A job, the same as no other."""

    def __init__(self, rule: str) -> None:
        self.rule = SimpleNamespace(name=rule)


def jobs(**numbers: int) -> list[Any]:
    return [Job(name) for name, count in numbers.items() for _ in range(count)]


def test_jobs_are_counted_by_rule_and_rules_are_sorted() -> None:
    needed, others = jobs(sort=2, map=3), jobs(map=1, index=4)
    assert counts(Dag([*needed, *others], needed)) == {
        "to_run": {"map": 3, "sort": 2},
        "up_to_date": {"index": 4, "map": 1},
    }


def test_a_job_that_has_finished_was_to_run() -> None:
    done, left = jobs(map=2), jobs(sort=1)
    found = counts(Dag([*done, *left], left, set(done)))
    assert found == {"to_run": {"map": 2, "sort": 1}, "up_to_date": {}}


def test_a_job_that_ran_before_a_later_planning_dropped_it_was_to_run() -> None:
    dropped, left = jobs(map=1), jobs(map=1, sort=1)
    found = counts(Dag(left, left, set(dropped)))
    assert found == {"to_run": {"map": 2, "sort": 1}, "up_to_date": {}}


def test_an_empty_dag_holds_nothing() -> None:
    assert counts(Dag()) == {"to_run": {}, "up_to_date": {}}


def test_a_planning_that_follows_is_told_when_it_is_over_and_answers_as_ever() -> None:
    dag, told = Dag(), []
    on_replanning(dag, lambda: told.append(len(dag.jobs)))
    dag.jobs = jobs(map=3)
    assert told == []
    assert asyncio.run(dag.postprocess_after_update()) == "as it answers"
    assert told == [3]


def test_a_planning_that_fails_is_not_told_and_fails_as_ever() -> None:
    class Failing(Dag):
        async def postprocess_after_update(self) -> str:
            raise LookupError

    dag, told = Failing(), []
    on_replanning(dag, lambda: told.append(1))
    with pytest.raises(LookupError):
        asyncio.run(dag.postprocess_after_update())
    assert told == []
