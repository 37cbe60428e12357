"""Retries hid a failure that is no chance: it came again each time, or for every job of a rule."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.evidence import Evidence
from snakemake_logger_plugin_observe.analysis.failures import Failure
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident

CLASS: Final = "masked_failure"
_CITED: Final = 3


def detect(case: Case) -> Iterator[Incident]:
    """Yield one incident for each rule whose failures were retried, and the same each time."""
    no_chance = {habit.rule: habit for habit in case.habits if habit.habit == "every_job"}
    by_rule: dict[str, list[Failure]] = {}
    for one in case.failures:
        name = one.rule or one.group_name or ""
        if one.verdict in ("deterministic", "repeated") or name in no_chance:
            by_rule.setdefault(name, []).append(one)
    for name, found in by_rule.items():
        yield _incident(case, name, found, every_job=name in no_chance)


def _incident(case: Case, name: str, found: list[Failure], *, every_job: bool) -> Incident:
    times = sum(len(one.occasions) for one in found)
    last = found[0].last
    said = f": {last.line.text.strip()}" if last.line is not None else ""
    how = "each of its jobs failed first" if every_job else "it fails each time"
    return Incident(
        id=f"{CLASS}:{name}",
        incident_class=CLASS,
        lives_in="tool behavior",
        claim=f"{name} failed {times:,} times in the same way, behind retries ({how}){said}",
        strength="certain" if times > 1 else "likely",
        explains=sum(one.lost for one in found),
        failures=len(found),
        evidence=_evidence(case, found),
        refuted_by="a failure of another kind among them, or a retry that succeeds by chance",
        action=Action(
            f"repair what {name} says, and take its retries away",
            "the same failure came back each time: trying again cannot help",
        ),
        check="masked_failures <= 0",
        rules=(name,),
    )


def _evidence(case: Case, found: list[Failure]) -> tuple[Evidence, ...]:
    cited: list[Evidence] = []
    for one in found[:_CITED]:
        for row in one.rows:
            if row.attempt.status != "success":
                cited.extend(case.side.at_line(row.attempt.line, row.attempt.message or "failed"))
        if (line := one.last.line) is not None and line.number is not None:
            cited.append(Evidence("log", f"{line.path}:{line.number}", line.text))
    return tuple(cited)
