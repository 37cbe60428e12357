"""A DAG's jobs: counted by rule, the up-to-date ones named, and again after each replanning."""

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from snakemake_logger_plugin_observe.recording import dag_counts
from snakemake_logger_plugin_observe.recording.dag_counts import DagReader, on_replanning


@dataclass
class Dag:
    """The part of Snakemake's DAG that is read."""

    jobs: list[Any] = field(default_factory=list)
    needed: list[Any] = field(default_factory=list)
    _finished: set[Any] = field(default_factory=set)
    dependencies: dict[Any, dict[Any, Any]] = field(default_factory=dict)
    workflow: Any = field(default_factory=lambda: SimpleNamespace(rules=[]))

    def needrun(self, job: Any) -> bool:
        return job in self.needed

    def finished(self, job: Any) -> bool:
        return job in self._finished

    async def postprocess_after_update(self) -> str:
        return "the result"


def counts(dag: Dag) -> dict[str, dict[str, int]]:
    note = DagReader(dag).read(7)
    assert note.time == 7
    return {"to_run": note.to_run, "up_to_date": note.up_to_date}


class Job:
    """A job, equal to no other."""

    def __init__(self, rule: str, number: int = 0) -> None:
        self.rule = SimpleNamespace(name=rule)
        self.wildcards_dict = {"n": number}
        self.input = ["in.txt"]
        self.output = [f"{rule}/{number}.txt"]


def jobs(**numbers: int) -> list[Any]:
    return [Job(name, n) for name, count in numbers.items() for n in range(count)]


def test_jobs_are_counted_by_rule_and_rules_are_sorted() -> None:
    needed, others = jobs(sort=2, map=3), jobs(map=1, index=4)
    assert counts(Dag([*needed, *others], needed)) == {
        "to_run": {"map": 3, "sort": 2},
        "up_to_date": {"index": 4, "map": 1},
    }


def test_a_finished_job_counts_as_to_run() -> None:
    done, open_jobs = jobs(map=2), jobs(sort=1)
    found = counts(Dag([*done, *open_jobs], open_jobs, set(done)))
    assert found == {"to_run": {"map": 2, "sort": 1}, "up_to_date": {}}


def test_a_finished_job_that_a_replanning_dropped_counts_as_to_run() -> None:
    dropped, open_jobs = jobs(map=1), jobs(map=1, sort=1)
    found = counts(Dag(open_jobs, open_jobs, set(dropped)))
    assert found == {"to_run": {"map": 2, "sort": 1}, "up_to_date": {}}


def test_what_jobs_to_run_need_is_counted_by_rule() -> None:
    maps, sorts, (index,) = jobs(map=3), jobs(sort=2), jobs(index=1)
    needs = {sorts[0]: [*maps, index], sorts[1]: [maps[0]], maps[0]: [maps[1], index]}
    note = DagReader(Dag([*maps, *sorts, index], [*maps, *sorts], dependencies=needs)).read(7)
    assert note.needs == {"map": {"map": 1}, "sort": {"map": 4}}


def test_rules_to_run_that_run_nothing_are_named() -> None:
    needed = jobs(all=1, map=2)
    rules = [SimpleNamespace(name=name, norun=name != "map") for name in ("all", "map", "other")]
    dag = Dag(needed, needed, workflow=SimpleNamespace(rules=rules))
    assert DagReader(dag).read(7).without_command == ("all",)


def test_an_empty_dag_has_no_counts() -> None:
    assert counts(Dag()) == {"to_run": {}, "up_to_date": {}}


def test_each_up_to_date_job_is_named_once_with_its_files() -> None:
    dag = Dag(jobs(map=2))
    reader = DagReader(dag)
    assert [(one.rule, one.wildcards, one.input, one.output) for one in named(reader)] == [
        ("map", {"n": "0"}, ("in.txt",), ("map/0.txt",)),
        ("map", {"n": "1"}, ("in.txt",), ("map/1.txt",)),
    ]
    dag.jobs = [*dag.jobs, *jobs(sort=1)]
    assert [one.rule for one in named(reader)] == ["sort"]


@pytest.mark.parametrize("limit", [{"_MOST_JOBS": 3}, {"_MOST_FILES": 7}])
def test_many_up_to_date_jobs_are_counted_and_only_the_first_are_named(
    limit: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in limit.items():
        monkeypatch.setattr(dag_counts, name, value)
    note = DagReader(Dag(jobs(map=5))).read(7)
    assert note.up_to_date == {"map": 5}
    assert len(note.new_up_to_date) == 3


def named(reader: DagReader) -> tuple[Any, ...]:
    return reader.read(7).new_up_to_date


def test_the_callback_runs_after_a_replanning_whose_result_is_unchanged() -> None:
    dag, calls = Dag(), []
    on_replanning(dag, lambda: calls.append(len(dag.jobs)))
    dag.jobs = jobs(map=3)
    assert calls == []
    assert asyncio.run(dag.postprocess_after_update()) == "the result"
    assert calls == [3]


def test_a_failing_replanning_raises_as_before_without_the_callback() -> None:
    class Failing(Dag):
        async def postprocess_after_update(self) -> str:
            raise LookupError

    dag, calls = Failing(), []
    on_replanning(dag, lambda: calls.append(1))
    with pytest.raises(LookupError):
        asyncio.run(dag.postprocess_after_update())
    assert calls == []
