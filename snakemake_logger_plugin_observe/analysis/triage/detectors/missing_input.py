"""An input that never came: nothing makes it, or what made it was not seen in time."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.phrasing import named
from snakemake_logger_plugin_observe.analysis.triage import failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import NO_INPUT, named_in
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident, Strength
from snakemake_logger_plugin_observe.analysis.triage.planning_errors import (
    MissedInput,
    missed_in_planning,
)

if TYPE_CHECKING:
    from snakemake_logger_plugin_observe.analysis.citations import Citation

CLASS: Final = NO_INPUT
_MOST_FILES: Final = 10


def detect(case: Case) -> Iterator[Incident]:
    """Yield one incident for each file that several jobs missed, else one for each rule."""
    failed = case.failures_by_class.get(CLASS, ())
    makers: dict[str, str] = {}
    if failed:
        makers = {path: job.rule for job in case.run.jobs.values() for path in job.output}
    for files, found in _together([(one, _missed(one)) for one in failed]):
        yield _of_jobs(case, files, found, makers)
    if not failed and case.status == "failed":
        of_rules: dict[str, list[MissedInput]] = {}
        for each in missed_in_planning(case.run):
            of_rules.setdefault(each.rule, []).append(each)
        for rule, each_of in of_rules.items():
            yield _of_planning(case, rule, each_of)


def _missed(one: Failure) -> tuple[str, ...]:
    """Return which of its inputs a job was said to miss; all, where it was not said."""
    said = "\n".join(filter(None, (one.last.message, one.rows[-1].attempt.message)))
    return named_in(one.inputs, said) or one.inputs


def _together(
    found: Sequence[tuple[Failure, tuple[str, ...]]],
) -> Iterator[tuple[tuple[str, ...], list[Failure]]]:
    """Yield the failures that are told in one: of one file, or of one rule."""
    times = Counter(path for _, files in found for path in files)
    if sum(1 for many in times.values() if many > 1) > _MOST_FILES:  # many of a kind: by rule
        times.clear()
    groups: dict[str, tuple[dict[str, None], list[Failure]]] = {}
    for one, files in found:
        shared = max(files, key=lambda path: times[path], default="")
        many = bool(shared) and times[shared] > 1
        key = f"file {shared}" if many else f"rule {failed_jobs.name_of(one)}"
        paths, group = groups.setdefault(key, ({}, []))
        paths.update(dict.fromkeys([shared] if many else files))
        group.append(one)
    for paths, group in groups.values():
        yield tuple(paths), group


def _of_jobs(
    case: Case, files: tuple[str, ...], found: list[Failure], makers: dict[str, str]
) -> Incident:
    fate, came, strength = _fate(case, files, found)
    missed = f"inputs {named(files)}" if len(files) != 1 else f"input {files[0]}"
    missed = missed if files else "an input"
    maker = makers.get(files[0]) if files else None
    claim = f"{failed_jobs.who(found)} missed {missed}, which {fate}"
    return Incident(
        id=f"{CLASS}:{files[0] if files else failed_jobs.name_of(found[0])}",
        incident_class=CLASS,
        where="storage and visibility" if came or maker else "workflow semantics",
        claim=claim + (f" ({maker} makes it)" if maker else ""),
        strength=strength,
        explains=failed_jobs.lost(found),
        failures=len(found),
        evidence=failed_jobs.evidence(case, found),
        wrong_if="the jobs' nodes saw the file when their tools began",
        action=_action(files, maker, came=came),
        check=failed_jobs.check(found),
        rules=failed_jobs.rules(case, found),
        jobs=failed_jobs.jobs(case, found),
    )


def _fate(
    case: Case, files: tuple[str, ...], found: Sequence[Failure]
) -> tuple[str, bool, Strength]:
    """Return what became of what was missed, whether it came after all, and how sure that is.

    That it never came is known where it was looked for since, and no job found it when tried again.
    """
    if files and case.there.issuperset(files):
        return "is there now: it came late", True, "likely"
    if failed_jobs.recovered(found):
        return "was there when tried again: it came late", True, "likely"
    some = any(one.outcome == "succeeded" for one in found)
    if some and len(files) == 1:
        return "was there when some were tried again: it came late", True, "likely"
    if files and case.gone.issuperset(files) and not some:
        return "never came", False, "certain"
    return "was not seen", False, "likely"


def _action(files: tuple[str, ...], maker: str | None, *, came: bool) -> Action:
    what = named(files) or "the input"
    if came:
        return Action(
            f"raise --latency-wait beyond what {what} took to be seen on the nodes, or put it "
            "where they see it at once",
            "the file was made, and was seen only after the jobs had given up",
        )
    if maker is not None:
        return Action(
            f"see what took {what} away after {maker} had made it, or why the jobs' nodes do not "
            f"see the folder; then run again, so that {maker} makes it anew",
            f"{maker} was to make it, and it was not where the jobs looked for it",
        )
    return Action(
        f"bring {what} to where the workflow looks for it, or correct what names it",
        "no rule of this run makes it, so that trying again cannot help",
    )


def _of_planning(case: Case, rule: str, missed: list[MissedInput]) -> Incident:
    files = tuple(dict.fromkeys(path for one in missed for path in one.files))
    came = all(path in case.there for path in files)
    cited: tuple[Citation, ...] = tuple(
        one
        for each in missed
        for one in case.side.at_line(each.line, f"affected files: {each.files[0]}")
    )
    now = "; it is there now" if came else ""
    return Incident(
        id=f"{CLASS}:{rule}",
        incident_class=CLASS,
        where="workflow semantics",
        claim=f"{rule} needs {named(files)}, not there and made by no rule: the run "
        f"ended while planning{now}",
        strength="certain",
        explains=case.run.makespan,
        failures=0,
        evidence=cited,
        wrong_if="a dry run of the same targets, in the same folder, that plans",
        action=Action(
            f"run again: {named(files)} came after the run"
            if came
            else f"bring {named(files)} to where {rule} looks for it, or correct its input or the "
            "config that names it",
            "Snakemake runs nothing until all that it starts from is there",
        ),
        rules=(rule,),
    )
