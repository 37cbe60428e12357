"""An input was there in the run, and gone when a job needed it: something removed it meanwhile."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.failures.removed_input import RemovedInput
from snakemake_logger_plugin_observe.analysis.triage import failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import REMOVED
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident

if TYPE_CHECKING:
    from snakemake_logger_plugin_observe.analysis.failures.failures import Failure

CLASS: Final = REMOVED


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for each way in which inputs of a rule's jobs were removed."""
    groups: dict[tuple[str, ...], list[RemovedInput]] = {}
    for one in case.removed_inputs:
        maker = one.maker.rule if one.maker is not None else ""
        groups.setdefault((one.reader.rule, maker, one.how, one.by), []).append(one)
    seen: dict[str, int] = {}
    for group in groups.values():
        rule = group[0].reader.rule
        seen[rule] = seen.get(rule, 0) + 1
        name = f"{CLASS}:{rule}" if seen[rule] == 1 else f"{CLASS}:{rule}:{seen[rule]}"
        yield _incident(case, name, group)


def _removal(case: Case, one: RemovedInput) -> tuple[Citation, ...]:
    """Cite Snakemake's message that it removed the folder, if it is on record."""
    said = f"Removing temporary output {one.by}."
    found = (message for message in case.run.messages if message.text == said)
    return case.side.at_event(next(found, None), said)


def _incident(case: Case, incident_id: str, group: list[RemovedInput]) -> Incident:
    first = group[0]
    readers = tuple(dict.fromkeys(one.reader.job_id for one in group))
    failed: list[Failure] = [
        one for one in case.failures_by_class.get(CLASS, ()) if one.job_id in readers
    ]
    more = len(readers) - 1
    others = "" if not more else f" (and likewise for {more:,} more of {first.reader.rule})"
    makers = {one.maker.job_id: one.maker for one in group if one.maker is not None}
    return Incident(
        id=incident_id,
        incident_class=CLASS,
        where="workflow semantics",
        claim=first.claim + others,
        strength="certain" if first.certain else "likely",
        explains=failed_jobs.lost(failed) if failed else case.run.makespan,
        failures=len(failed),
        evidence=(
            *case.side.at_line(first.line, first.message),
            *_removal(case, first),
            *case.side.at_jobs(makers.values()),
            *case.side.at_jobs(first.jobs),
        )
        or case.side.at_jobs([first.reader]),
        wrong_if=first.wrong_if,
        action=Action(first.fix, first.why),
        check=failed_jobs.check(failed),
        rules=tuple(dict.fromkeys(one.reader.rule for one in group)),
        jobs=readers,
    )
