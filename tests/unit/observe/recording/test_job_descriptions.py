"""Each job is described as what it is; only what its rule has in common is read once."""

import hashlib
from collections import UserDict
from types import SimpleNamespace
from typing import Any

import pytest
from builders import T0
from snakemake_interface_executor_plugins.settings import SharedFSUsage

from snakemake_logger_plugin_observe.recording.job_descriptions import JobReader, texts_of
from snakemake_logger_plugin_observe.recording.log_records import JobTexts
from snakemake_logger_plugin_observe.recording.notes import JobInfo

TEXTS = JobTexts({"s": "1"}, "new", 2, 0, "map 1")


class Path(str):
    """A file of a job, with Snakemake's flags."""

    __slots__ = ("flags",)

    def __new__(cls, path: str, **flags: Any) -> "Path":
        made = super().__new__(cls, path)
        made.flags = flags
        return made

    @property
    def is_ancient(self) -> bool:
        return "ancient" in self.flags


class Params(list[Any]):
    """A job's or a rule's params."""

    def _allitems(self) -> list[tuple[str, Any]]:
        return [("n", value) for value in self]


class Persistence:
    """What Snakemake compares for its rerun triggers."""

    def _code(self, rule: Any) -> str:
        return f"code of {rule.name}"

    def _params(self, job: Any) -> list[str]:
        return sorted(map(repr, job.non_derived_params))

    def _software_stack_hash(self, job: Any) -> str:
        return f"environment of {job.conda_env}"


class Dag:
    """A DAG in which job 1 needs job 2."""

    def __init__(self) -> None:
        self.workflow = SimpleNamespace(
            persistence=Persistence(),
            resource_settings=SimpleNamespace(max_threads=None),
            global_resources={"_cores": 4, "_nodes": 1, "mem_mb": 1000},
            storage_settings=SimpleNamespace(shared_fs_usage=SharedFSUsage.all()),
            scheduler=SimpleNamespace(_input_sizes={"a.txt": 7}),
        )
        self.dependencies: dict[Any, Any] = {}
        self.reason = {}.get

    def jobid(self, job: Any) -> int:
        return int(job.jobid)

    def needrun(self, job: Any) -> bool:
        return job.jobid != 9


class Job:
    """A job whose attributes differ from those of others of its rule."""

    def __init__(self, dag: Dag, rule: Any, job_id: int = 1, **own: Any) -> None:
        self.dag, self.rule, self.jobid = dag, rule, job_id
        self.attempt = 1
        self.is_local = self.is_service = False
        self.input, self.output, self.log = [Path("a.txt", ancient=True)], [Path("b.txt")], ["l"]
        self.benchmark: str | None = "b.tsv"
        self.resources: dict[str, Any] = {
            "_cores": 2,
            "_nodes": 1,
            "mem_mb": 500,
            "name": Path("x"),
        }
        self.restart_times = 2
        self.params = self.non_derived_params = Params()
        self.conda_env: str | None = None
        dag.dependencies[self] = ()
        vars(self).update(own)


def a_rule(**own: Any) -> Any:
    known: dict[str, Any] = dict.fromkeys(
        ("script", "notebook", "conda_env", "container_img", "env_modules")
    )
    known |= {"name": "map", "is_checkpoint": False, "shadow_depth": "minimal"}
    known |= {"_restart_times": 2, "params": Params(), "resources": {"_cores": 2}}
    return SimpleNamespace(**(known | own))


def digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


@pytest.fixture
def dag() -> Dag:
    return Dag()


def test_a_description_has_all_that_is_known_of_a_job(dag: Dag) -> None:
    job = Job(dag, a_rule())
    dag.dependencies[job] = (Job(dag, a_rule(), 5), Job(dag, a_rule(), 2), Job(dag, a_rule(), 9))
    found = JobReader().describe(job, T0, TEXTS)
    assert found == JobInfo(
        T0,
        job_id=1,
        rule="map",
        attempt=1,
        wildcards={"s": "1"},
        local=False,
        input=("a.txt",),
        output=("b.txt",),
        log=("l",),
        benchmark="b.tsv",
        reason="new",
        resources={"mem_mb": 500, "name": "x"},
        threads=2,
        priority=0,
        shellcmd="map 1",
        dependencies=(2, 5),
        directories=(),
        code_digest=digest("code of map"),
        params_digest=digest("[]"),
        environment_digest="environment of None",
        input_sizes={"a.txt": 7},
        ancient=("a.txt",),
        retries=2,
        own_retries=True,
        ensured={},
        temp=(),
        shadow="minimal",
    )


def test_flags_of_outputs_are_described(dag: Dag) -> None:
    output = [
        *(Path("t", temp=True), Path("d", directory=True), Path("p", pipe=True)),
        *(Path("u", update=True), Path("e", ensure={"non_empty": True}), Path("s", service=True)),
    ]
    found = JobReader().describe(Job(dag, a_rule(), output=output, is_service=True), T0, TEXTS)
    assert (found.temp, found.directories, found.pipes) == (("t",), ("d",), ("p",))
    assert (found.updated, found.ensured, found.service) == (("u",), {"e": "not empty"}, True)


def test_jobs_of_a_rule_that_differ_are_described_as_they_are(dag: Dag) -> None:
    """What is read once of their rule must not hide what is their own."""
    rule, jobs = a_rule(params=Params([lambda: 1])), JobReader()
    first = Job(dag, rule, 1, params=Params([1]), non_derived_params=[1])
    other = Job(
        *(dag, rule, 2),
        attempt=3,
        input=[],
        output=[Path("t", temp=True)],
        log=[],
        benchmark=None,
        resources={"mem_mb": 900},
        params=Params([2]),
        non_derived_params=[2],
    )
    jobs.describe(first, T0, TEXTS)
    found = jobs.describe(other, T0 + 1, JobTexts({"s": "2"}, None, 1, 5, None))
    assert (found.time, found.job_id, found.attempt, found.wildcards) == (T0 + 1, 2, 3, {"s": "2"})
    assert (found.input, found.output, found.log) == ((), ("t",), ())
    assert (found.temp, found.benchmark, found.ancient) == (("t",), None, ())
    assert (found.resources, found.threads, found.priority) == ({"mem_mb": 900}, 1, 5)
    assert (found.params, found.params_digest) == (("n=2",), digest("['2']"))
    assert (found.reason, found.shellcmd, found.input_sizes) == (None, None, {})


def test_the_texts_of_equal_params_of_a_rule_are_given_once(dag: Dag) -> None:
    """A journal holds them once; their digest says that they are the same."""
    rule, jobs = a_rule(params=Params([1])), JobReader()
    found = [
        jobs.describe(Job(dag, rule, n, params=Params([n]), non_derived_params=[n]), T0, TEXTS)
        for n in (1, 2, 1)
    ]
    assert [one.params for one in found] == [("n=1",), ("n=2",), ()]
    assert found[0].params_digest == found[2].params_digest != found[1].params_digest
    other = jobs.describe(
        Job(dag, a_rule(name="b"), params=Params([1]), non_derived_params=[1]), T0, TEXTS
    )
    assert other.params == ("n=1",)


def test_rules_of_one_name_are_not_confused(dag: Dag) -> None:
    """Rules of one name are equal in Snakemake: those of two workflows in one process, too."""
    jobs = JobReader()
    found = [
        jobs.describe(Job(dag, a_rule(shadow_depth=depth)), T0, TEXTS).shadow
        for depth in ("full", None)
    ]
    assert found == ["full", None]


@pytest.mark.parametrize("name", ["conda_env", "container_img", "env_modules"])
def test_a_rule_s_environment_may_depend_on_the_job(dag: Dag, name: str) -> None:
    rule, jobs = a_rule(**{name: "{s}.yaml"}), JobReader()
    found = [
        jobs.describe(Job(dag, rule, conda_env=name), T0, TEXTS).environment_digest
        for name in ("1.yaml", "2.yaml")
    ]
    assert found == ["environment of 1.yaml", "environment of 2.yaml"]


def test_where_files_are_not_shared_each_job_says_where_it_runs(dag: Dag) -> None:
    """There a job with a local file runs on this machine, whatever its rule."""
    dag.workflow.storage_settings.shared_fs_usage = frozenset()
    rule, jobs = a_rule(), JobReader()
    found = [
        jobs.describe(Job(dag, rule, is_local=local), T0, TEXTS).local for local in (False, True)
    ]
    assert found == [False, True]


@pytest.mark.parametrize(
    ("asked", "given", "found"),
    [
        ({"mem_mb": 2000}, {"mem_mb": 1000}, {"mem_mb": 2000}),
        ({"mem_mb": 1000}, {"mem_mb": 1000}, {}),
        ({"mem_mb": 2000}, {"mem_mb": 900}, {}),
        ({"mem_mb": lambda: 1}, {"mem_mb": 1000}, {"mem_mb": None}),
        ({"mem_mb": lambda: 1}, {"mem_mb": 900}, {}),
        ({"_cores": 8}, {"_cores": 4}, {"threads": 8}),
        ({"_nodes": 2}, {"_nodes": 1}, {}),
        ({"other": 5}, {"other": 5}, {}),
    ],
)
def test_what_a_rule_asks_for_in_vain_is_described(
    dag: Dag, asked: dict[str, Any], given: dict[str, Any], found: dict[str, Any]
) -> None:
    job = Job(dag, a_rule(resources=asked), resources=given)
    assert JobReader().describe(job, T0, TEXTS).requested == found


@pytest.mark.parametrize(
    "missing",
    [
        *("attempt", "is_local", "input", "output", "log", "benchmark", "resources"),
        *("restart_times", "non_derived_params"),
    ],
)
def test_an_attribute_that_snakemake_lacks_costs_only_its_fields(dag: Dag, missing: str) -> None:
    whole = JobReader().describe(Job(dag, a_rule(params=Params([1]))), T0, TEXTS)
    job = Job(dag, a_rule(params=Params([1])))
    delattr(job, missing)
    found = JobReader().describe(job, T0, TEXTS)
    lost = {
        name for name in JobInfo.__struct_fields__ if getattr(found, name) != getattr(whole, name)
    }
    assert (
        lost
        == {
            "attempt": {"attempt"},
            "is_local": {"local"},
            "input": {"input", "ancient", "input_sizes"},
            "output": {"output", "directories", "ensured", "temp"},
            "log": {"log"},
            "benchmark": {"benchmark"},
            "resources": {"resources"},
            "restart_times": {"retries", "own_retries"},
            "non_derived_params": {"params_digest"},
        }[missing]
    )


def test_a_job_that_was_not_logged_has_the_texts_of_its_own(dag: Dag) -> None:
    job = Job(dag, a_rule(), wildcards_dict=UserDict(s=3), threads="<TBD>", priority=4)
    dag.reason = lambda _job: "missing"
    assert texts_of(job) == JobTexts({"s": "3"}, "missing", None, 4, None)
