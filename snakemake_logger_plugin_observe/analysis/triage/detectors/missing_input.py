"""An input was missing: nothing makes it, or it did not appear in time."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.failures.missing_sources import missing_sources
from snakemake_logger_plugin_observe.analysis.named_files import named_in
from snakemake_logger_plugin_observe.analysis.phrasing import named
from snakemake_logger_plugin_observe.analysis.triage import failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import NO_INPUT
from snakemake_logger_plugin_observe.analysis.triage.incident import (
    Action,
    Boundary,
    Incident,
    Strength,
)
from snakemake_logger_plugin_observe.analysis.triage.planning_errors import (
    MissedInput,
    missed_in_planning,
)
from snakemake_logger_plugin_observe.journal.events import JobDescribed

if TYPE_CHECKING:
    from snakemake_logger_plugin_observe.analysis.citations import Citation

CLASS: Final = NO_INPUT
_MOST_FILES: Final = 10


def detect(case: Case) -> Iterator[Incident]:
    """Yield one incident for each file that several jobs missed, otherwise one for each rule."""
    failed = case.failures_by_class.get(CLASS, ())
    makers: dict[str, JobDescribed] = {}
    if failed:
        makers = {path: job for job in case.run.jobs.values() for path in job.output}
    for files, failures in _by_missed_file([(one, _missed(one)) for one in failed]):
        yield _of_jobs(case, files, failures, makers)
    if not failed and case.status == "failed":
        of_rules: dict[str, list[MissedInput]] = {}
        for each in missed_in_planning(case.run):
            of_rules.setdefault(each.rule, []).append(each)
        for rule, each_of in of_rules.items():
            yield _of_planning(case, rule, each_of)


def _missed(one: Failure) -> tuple[str, ...]:
    """Return which of its inputs a job missed; all of them if the message does not name any."""
    message = "\n".join(filter(None, (one.decisive.message, one.decisive_row.attempt.message)))
    return named_in(one.inputs, message) or one.inputs


def _by_missed_file(
    failures: Sequence[tuple[Failure, tuple[str, ...]]],
) -> Iterator[tuple[tuple[str, ...], list[Failure]]]:
    """Yield the failures of one incident: those that missed the same file, or of one rule."""
    times = Counter(path for _, files in failures for path in files)
    shared_files = sum(1 for many in times.values() if many > 1)
    if shared_files > _MOST_FILES:  # too many for an incident each: one for each rule
        times.clear()
    groups: dict[str, tuple[dict[str, None], list[Failure]]] = {}
    for one, files in failures:
        shared = max(files, key=lambda path: times[path], default="")
        many = bool(shared) and times[shared] > 1
        key = f"file {shared}" if many else f"rule {failed_jobs.name_of(one)}"
        paths, group = groups.setdefault(key, ({}, []))
        paths.update(dict.fromkeys([shared] if many else files))
        group.append(one)
    for paths, group in groups.values():
        yield tuple(paths), group


def _of_jobs(
    case: Case, files: tuple[str, ...], failures: list[Failure], makers: dict[str, JobDescribed]
) -> Incident:
    how, appeared, strength = _how_missed(case, files, failures)
    missed = f"inputs {named(files)}" if len(files) > 1 else f"input {named(files)}"
    missed = missed if files else "an input"
    maker = makers.get(files[0]) if files else None
    claim = f"{failed_jobs.who(failures)} failed: {missed} {how}"
    return Incident(
        id=f"{CLASS}:{files[0] if files else failed_jobs.name_of(failures[0])}",
        incident_class=CLASS,
        where=_where(maker, appeared=appeared),
        claim=claim
        + (f" ({maker.rule} makes it)" if maker else "")
        + failed_jobs.attempt_by_attempt(failures),
        strength=strength,
        wrong_if="the file was visible where the jobs ran when their tools started",
        action=_action(files, maker, appeared=appeared),
        **failed_jobs.fields(case, failures),
    )


def _how_missed(
    case: Case, files: tuple[str, ...], failures: Sequence[Failure]
) -> tuple[str, bool, Strength]:
    """Return in words what happened to the missed files, whether they appeared, and the strength.

    Files never appeared if they were looked for later and no retry found them.
    """
    exist = "exists" if len(files) == 1 else "exist"
    if files and case.files_present.issuperset(files):
        return f"did not appear in time, but {exist} now", True, "likely"
    if failed_jobs.recovered(failures):
        return "appeared late: a retry found it", True, "likely"
    some = any(one.outcome == "succeeded" for one in failures)
    if some and len(files) == 1:
        return "appeared late: some retries found it", True, "likely"
    if files and case.files_absent.issuperset(files) and not some:
        return "never appeared", False, "certain"
    return "did not appear", False, "likely"


def _where(maker: JobDescribed | None, *, appeared: bool) -> Boundary:
    if appeared or maker is None:
        return "storage and visibility" if appeared else "workflow semantics"
    return "tool behavior" if maker.service else "storage and visibility"


def _action(files: tuple[str, ...], maker: JobDescribed | None, *, appeared: bool) -> Action:
    what = named(files) or "the input"
    if appeared:
        return Action(
            f"raise --latency-wait above the time that {what} took to appear where the jobs ran, "
            "or move it to storage where it is visible at once",
            "the file was made, but appeared only after the jobs had stopped waiting",
        )
    if maker is not None and maker.service:
        return Action(
            f"find out why {maker.rule} had not made {what} yet: what it printed shows it; raise "
            "--latency-wait if it only takes longer",
            f"{maker.rule} runs next to the jobs that use {what}, and they wait for it no longer "
            "than that",
        )
    if maker is not None:
        return Action(
            f"find out what removed {what} after {maker.rule} made it, or why it is not visible "
            f"where the jobs ran; then run again, so that {maker.rule} makes it again",
            f"{maker.rule} should have made it, but the jobs did not find it",
        )
    return Action(
        f"put {what} where the workflow expects it, or correct the path in the workflow or config",
        "no rule of this run makes it, so retries cannot help",
    )


def _of_planning(case: Case, rule: str, missed: list[MissedInput]) -> Incident:
    files = tuple(dict.fromkeys(path for one in missed for path in one.files))
    exists = all(path in case.files_present for path in files)
    cited: tuple[Citation, ...] = tuple(
        one
        for each in missed
        for one in case.side.at_line(each.line, f"affected files: {each.files[0]}")
    )
    now = "; the file exists now" if exists else ""
    sources = missing_sources(files, missed[0].similar if not exists else None)
    return Incident(
        id=f"{CLASS}:{rule}",
        incident_class=CLASS,
        where="storage and visibility" if sources.in_storage else "workflow semantics",
        claim=f"planning failed: {rule} needs {sources.what}"
        if not exists
        else f"planning failed: {rule} needs {named(files)}, which did not exist and which no "
        f"rule makes{now}",
        strength="certain",
        explains=case.run.makespan,
        failures=0,
        evidence=cited,
        wrong_if="a dry run of the same targets in the same folder succeeds",
        action=Action(
            f"run again: {named(files)} appeared after the run"
            if exists
            else sources.to_do.format(rule=rule, at=""),
            "Snakemake runs nothing until all source files exist",
        ),
        rules=(rule,),
    )
