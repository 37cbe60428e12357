"""What an error that Snakemake logs is about: the rule and the job in its exception's frames."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError

from snakemake_logger_plugin_observe.recording.notes import ErrorFacts
from snakemake_logger_plugin_observe.recording.raised import logged_error


def a_job(jobid: int = 3, rule: str = "map", **more: Any) -> Any:
    dag = SimpleNamespace(reason=lambda job: f"Updated input files: {job.rule.name}.in")
    facts = {"wildcards_dict": {"n": 1}, "is_group": lambda: False, **more}
    return SimpleNamespace(jobid=jobid, rule=SimpleNamespace(name=rule), dag=dag, **facts)


class RuleError(Exception):
    """An exception that may name a rule, as Snakemake's do."""

    def __init__(self, rule: str | None = None) -> None:
        super().__init__("no")
        self.rule = SimpleNamespace(name=rule) if rule is not None else None


def print_exception(ex: BaseException) -> Any:
    """Log an error, as Snakemake's function of that name does."""
    return logged_error()


def plan(outer: Any, inner: Any, error: BaseException) -> None:
    job = outer
    assert job is not error
    check(inner, error)


def check(job: Any, error: BaseException) -> None:
    raise error


def reported(outer: Any, inner: Any, error: BaseException) -> Any:
    try:
        plan(outer, inner, error)
    except BaseException as raised:
        return print_exception(raised)


def test_the_innermost_job_is_named_with_why_it_had_to_run() -> None:
    found = reported(a_job(1, "all"), a_job(3), FileNotFoundError("x.py"))
    facts = ErrorFacts("FileNotFoundError", "map", {"n": "1"}, "Updated input files: map.in")
    assert found == (3, facts)


def test_a_job_of_another_rule_than_the_exception_names_is_not_meant() -> None:
    assert reported(a_job(1, "all"), a_job(3), RuleError("all"))[0] == 1
    assert reported(a_job(1, "all"), a_job(3), RuleError("other")) == (
        None,
        ErrorFacts("RuleError", "other"),
    )


def test_a_group_is_no_job() -> None:
    group = a_job(3, is_group=lambda: True)
    assert reported(group, group, ValueError("x")) == (None, ErrorFacts("ValueError"))


def test_a_job_that_cannot_be_asked_is_named_by_its_rule() -> None:
    job = a_job(wildcards_dict=None)
    job.dag = SimpleNamespace()
    assert reported(job, job, ValueError("x")) == (3, ErrorFacts("ValueError", "map"))


def test_without_the_exception_nothing_is_known() -> None:
    assert logged_error() == (None, None)


def test_the_file_and_line_that_is_no_yaml_are_named(tmp_path: Path) -> None:
    """Snakemake's error says neither, and YTE's own, between the two, does not either."""
    path = tmp_path / "config.yaml"
    path.write_text("a:\n\tb: 1\n")
    with pytest.raises(WorkflowError) as raised:
        load_configfile(str(path))
    found = print_exception(raised.value)
    assert found == (None, ErrorFacts("WorkflowError", unreadable=f"{path}:2"))


class ProtectedOutputException(Exception):  # noqa: N818  # as Snakemake calls it
    """An output may not be written."""


def test_of_protected_outputs_all_are_named_with_the_job_that_had_to_run_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, free = tmp_path / "kept", tmp_path / "free"
    for path in (kept, free):
        path.touch()
    monkeypatch.setattr("os.access", lambda path, _mode: path != str(kept))
    first, second = a_job(1, "fetch", output=[kept]), a_job(2, "heavy", output=[free, "gone"])
    reasons = {1: (), 2: (kept,)}

    class Reason(SimpleNamespace):
        def __str__(self) -> str:
            return f"reason of {self.of}"

    dag = SimpleNamespace(
        reason=lambda job: Reason(of=job.rule.name, updated_input_run=reasons[job.jobid]),
        needrun_jobs=lambda: (first, second),
        dependencies=Makers(first),
    )
    first.dag = second.dag = dag
    assert reported(second, second, ProtectedOutputException())[1] == ErrorFacts(
        "ProtectedOutputException",
        "heavy",
        {"n": "1"},
        "reason of heavy",
        protected=(str(kept),),
        first_rule="fetch",
        first_reason="reason of fetch",
    )


class Makers:
    """Which jobs made the inputs of any job: one made them all."""

    def __init__(self, maker: Any) -> None:
        self._maker = maker

    def __getitem__(self, _job: Any) -> Any:
        maker = self._maker
        files = set(maker.output)
        return SimpleNamespace(items=lambda: [(maker, files)])
