"""The run failed without a job that did: Snakemake itself could not go on."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures import tracebacks
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Boundary, Incident
from snakemake_logger_plugin_observe.analysis.triage.planning_errors import missed_in_planning
from snakemake_logger_plugin_observe.journal.events import Message

CLASS: Final = "workflow_error"
_SAID: Final = 240
_IN_FILE: Final = re.compile(r'in file "?([^"\n]+?)"?, line (\d+)')
_KNOWN: Final[tuple[tuple[re.Pattern[str], Boundary, str, str], ...]] = (
    (
        re.compile(r"Directory cannot be locked"),
        "operating context",
        "if no other Snakemake works in this directory, run snakemake --unlock, then this again",
        "a run that was killed leaves its lock, and a run that goes on needs it",
    ),
    (
        re.compile(r"IncompleteFilesException|seem to be incomplete"),
        "operating context",
        "run the same command again with --rerun-incomplete",
        "an earlier run was cut off while it wrote these files",
    ),
    (
        re.compile(r"No space left on device|Disk quota exceeded|Read-only file system"),
        "storage and visibility",
        "make room where the workflow writes, then run the same command again",
        "Snakemake could not write",
    ),
    (
        re.compile(r"MissingRuleException|No rule to produce"),
        "workflow semantics",
        "correct the target's name, or give it a rule that makes it",
        "no rule makes what was asked for",
    ),
)


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident where nothing else can: no job failed for good, and the run did."""
    ended = ("failed", "cancelled", "unfinished")
    if case.status != "failed" or any(one.outcome in ended for one in case.failures):
        return
    if missed_in_planning(case.run):
        return  # an input that never came
    errors = [one for one in case.run.messages if one.level in ("error", "critical")]
    if not errors:
        yield _without_a_word(case)
        return
    message = _that_ended_it(case, errors)
    told = _from_here(case, message.text)
    text = tracebacks.summary(told)
    lives, advice, why = _advice(told)
    yield Incident(
        id=CLASS,
        incident_class=CLASS,
        where=lives,
        claim="Snakemake itself ended the run: "
        + (text if len(text) <= _SAID else f"{text[: _SAID - 1]}…"),
        strength="certain",
        explains=case.run.makespan,
        failures=0,
        evidence=case.side.at_event(message, message.text),
        wrong_if="a dry run of the same targets that plans without this error"
        if not case.run.attempts
        else "the same command again that ends without this error",
        action=Action(advice, why),
    )


def _that_ended_it(case: Case, errors: Sequence[Message]) -> Message:
    """Return the error that is of no job that failed and succeeded later: the first such one."""
    recovered = [a.message for a in case.run.attempts.values() if a.message]
    own = (
        one for one in errors if not any(told in one.text or one.text in told for told in recovered)
    )
    return next(own, errors[-1])


def _from_here(case: Case, text: str) -> str:
    """Return what was said with paths as the workflow's folder calls them."""
    started = case.run.started
    return text.replace(f"{started.workdir}/", "") if started and started.workdir else text


def _advice(text: str) -> tuple[Boundary, str, str]:
    for pattern, lives, advice, why in _KNOWN:
        if pattern.search(text):
            return lives, advice, why
    # What raised says more than its rule does.
    place = tracebacks.raised_at(text) or next(iter(_IN_FILE.findall(text)), None)
    at = f" at {place[0]}:{place[1]}" if place else ""
    return (
        "workflow semantics",
        f"correct the workflow{at}, and see with a dry run that it plans",
        "no tool failed: it is the workflow's own text that could not be carried out",
    )


def _without_a_word(case: Case) -> Incident:
    return Incident(
        id=CLASS,
        incident_class=CLASS,
        where="workflow semantics",
        claim="the run failed, and the journal knows neither a job that failed nor an error",
        strength="possible",
        explains=case.run.makespan,
        failures=0,
        evidence=case.side.at_end("status: failed"),
        wrong_if="Snakemake's own log of the run names a job that failed",
        action=Action(
            "read Snakemake's own log of that time in .snakemake/log, and hand it to whoever "
            "keeps the workflow",
            "nothing that is known here explains the symptom",
            escalate=True,
        ),
    )
