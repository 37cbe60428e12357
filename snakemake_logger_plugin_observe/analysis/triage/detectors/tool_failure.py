"""A tool failed, and only its exit code or signal and its last message are known."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.endings import text_of
from snakemake_logger_plugin_observe.analysis.failures.exit_codes.meaning import Meaning
from snakemake_logger_plugin_observe.analysis.failures.failure_advice import left_behind
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.failures.output_checks import output_check
from snakemake_logger_plugin_observe.analysis.failures.signatures import signature
from snakemake_logger_plugin_observe.analysis.failures.story import (
    how_often,
    recovered_on,
    story_of,
)
from snakemake_logger_plugin_observe.analysis.phrasing import jobs_of, named, plural
from snakemake_logger_plugin_observe.analysis.triage import failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import TOOL
from snakemake_logger_plugin_observe.analysis.triage.incident import (
    Action,
    Incident,
)
from snakemake_logger_plugin_observe.analysis.triage.ways import Signature, Way, ways_of

CLASS: Final = TOOL
_KNOWN: Final = ("exit_code", "signal", "exception")


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for each way in which a rule's jobs failed, and one for those recovered."""
    for name, of_rule in failed_jobs.by_rule(case.failures_by_class.get(CLASS, ())).items():
        recovered = [one for one in of_rule if one.outcome == "succeeded"]
        not_recovered = [one for one in of_rule if one.outcome != "succeeded"]
        if not_recovered:
            for way in ways_of(f"{CLASS}:{name}", not_recovered, _signature):
                make = _in_one_way if way.ways == 1 else _in_several_ways
                yield make(case, name, way)
        if recovered:
            yield _recovered(case, name, recovered)


def _signature(one: Failure) -> Signature:
    """Return its signature; which output was missing, and what else was there, makes none."""
    if one.cause == "missing_output":
        return ("invalid_output" if one.has_invalid_output else one.cause, None, None, "")
    return signature(one.decisive, one.wildcards)


def _in_several_ways(case: Case, name: str, way: Way) -> Incident:
    """Return one incident of jobs that failed in rare ways; it explains the first of them."""
    first = _in_one_way(case, name, replace(way, failed=way.failed[:1]))
    who, how = failed_jobs.who(way.failed), failed_jobs.how(way.failed)
    text = f"{first.action.text}; see how each of the others failed, which is another way"
    return replace(
        first,
        claim=f"{who} failed in {way.ways:,} other ways, {how}; one of them: {first.claim}",
        strength="likely" if first.strength == "certain" else first.strength,
        action=replace(first.action, text=text),
        ways=way.ways,
        **failed_jobs.fields(case, way.failed) | {"check": first.check},
    )


def _in_one_way(case: Case, name: str, way: Way) -> Incident:
    failed = way.failed
    causes = {one.cause for one in failed}
    if causes == {"missing_output"}:
        return _with_no_output(case, name, way)
    message = case.run.with_relative_paths(failed_jobs.last_message(failed))
    if causes == {"other"}:
        return _unknown(case, name, way, message)
    found = case.advice_about(name, failed)
    said = f"{message} ({found.means})" if message and found.means else message or found.means
    if found.means.startswith(message):  # an exception, with its place
        said = found.means
    reported, correct_that = failed_jobs.called_successful(case, failed)
    sure = causes <= set(_KNOWN) and found.strength == "certain"
    return Incident(
        id=way.id,
        about=way.about,
        incident_class=CLASS,
        where=found.where,
        claim=_claim(failed, said) + reported,
        strength="certain" if sure else "likely" if found.strength == "certain" else found.strength,
        wrong_if=found.wrong_if,
        action=Action(
            found.fix + correct_that + _or_less(failed) + left_behind(case.run, failed),
            found.why,
            commands=found.commands,
        ),
        **failed_jobs.fields(case, failed) | {"check": "failed_jobs <= 0"},
    )


def _unknown(case: Case, name: str, way: Way, message: str) -> Incident:
    """Return an incident of jobs of which it is not known how they ended."""
    failed = way.failed
    found = case.advice_about(name, failed)
    return Incident(
        id=way.id,
        about=way.about,
        incident_class=CLASS,
        where=found.where,
        claim=_claim(failed, message or found.means),
        strength=found.strength if found.means else "possible",
        wrong_if=found.wrong_if,
        action=Action(
            found.fix + left_behind(case.run, failed),
            _no_exit_code(case),
            commands=found.commands,
        ),
        **failed_jobs.fields(case, failed) | {"check": "failed_jobs <= 0"},
    )


def _no_exit_code(case: Case) -> str:
    if case.run.wrapped:
        return "the journal has no exit code for its tool"
    return "without --executor timed, the exit code of its tool is not recorded"


def _with_no_output(case: Case, name: str, way: Way) -> Incident:
    """Return an incident of jobs whose tools succeeded, and did not write what they declare."""
    failed = way.failed
    why = "its tool succeeded, but Snakemake's check of its outputs failed"
    if _missing(failed):
        since = _since(case, failed_jobs.missed_outputs(case, failed))
        why = f"its tool succeeded, but its declared output was missing ({since})"
    check = output_check(case.run, failed[0])
    return Incident(
        id=way.id,
        about=way.about,
        incident_class=CLASS,
        where="workflow semantics",
        claim=_without_output(case, failed, check)
        + failed_jobs.attempt_by_attempt(failed)
        + failed_jobs.stopped_too(failed),
        strength="likely",
        wrong_if=check.wrong_if
        if check is not None
        else "the output is there, as it is declared, when the job is run again",
        action=Action(
            check.to_do
            if check is not None
            else f"make {name} write its declared outputs, or correct the outputs that the rule "
            "declares",
            why,
        ),
        **failed_jobs.fields(case, failed) | {"check": "failed_jobs <= 0"},
    )


def _or_less(failed: Sequence[Failure]) -> str:
    """Return what else to change, if what a retry had requested was refused."""
    refusal = failed_jobs.refusal(failed)
    return f", and request no more than can be had: {refusal}" if refusal else ""


def _claim(failed: Sequence[Failure], message: str) -> str:
    """Return how jobs failed; where attempts of one ended differently, how each of them did."""
    return _how(failed, message) + failed_jobs.stopped_too(failed)


def _how(failed: Sequence[Failure], message: str) -> str:
    who = failed_jobs.who(failed)
    text = f": {message}" if message else ""
    times = sum(len(one.occurrences) for one in failed)
    if times == len(failed):
        return f"{who} failed {failed_jobs.how(failed, explained=bool(text))}{text}"
    if len(failed) == 1:
        if len(failed[0].ways) > 1:
            attempts = plural(len(failed[0].rows), "attempt")
            return f"{who} failed after {attempts}: {failed_jobs.each_way(failed[0])}"
        return f"{who} {story_of(failed[0], text=message)}"
    often = f"{who} failed {times:,} times, in the end {failed_jobs.how(failed)}"
    return f"{often}{failed_jobs.attempt_by_attempt(failed) or text}"


def _missing(failed: Sequence[Failure]) -> bool:
    """Whether outputs were missing, not only empty or altered."""
    return not all(one.has_invalid_output for one in failed)


def _without_output(case: Case, failed: Sequence[Failure], check: Meaning | None) -> str:
    """Return which outputs a tool that succeeded did not write, or not as declared."""
    who, what = failed_jobs.who(failed), named(failed_jobs.missed_outputs(case, failed))
    if check is not None and len(failed) == 1:
        return f"{who} {check.text}"
    what = what or "its output"
    if not _missing(failed):
        return f"{who} wrote {what}, which is not as declared (empty, or altered)"
    return f"{who} did not write {what}, although its tool succeeded"


def _since(case: Case, missed: tuple[str, ...]) -> str:
    """Return what is known about missing outputs now.

    One that exists now proves nothing: a later run may have made it.
    """
    absent = tuple(path for path in missed if path in case.files_absent)
    if absent:
        return "missing now too" if absent == missed else f"{named(absent)} missing now too"
    return "not checked later" if case.read is None else "it is unknown whether it appeared late"


def _recovered(case: Case, name: str, failed: Sequence[Failure]) -> Incident:
    every = sum(1 for job in case.run.jobs.values() if job.rule == name)
    many = f"{len(failed):,} of {jobs_of(every)}" if every > len(failed) else jobs_of(len(failed))
    return Incident(
        id=f"{CLASS}:{name}:recovered",
        incident_class=CLASS,
        where="tool behavior",
        claim=_recovered_claim(f"{many} of {name}", failed),
        strength="likely",
        wrong_if=f"the same jobs of {name} fail again at first in the next run: then the failure "
        "is deterministic",
        action=Action(
            f"keep the retries of {name}, and read its message if this happens more often"
            + _requested_more(failed),
            "the failure is intermittent so far, and a retry helps",
        ),
        **failed_jobs.fields(case, failed) | {"check": None},
    )


def _recovered_claim(many: str, failed: Sequence[Failure]) -> str:
    """Return how jobs failed that recovered; of one, on which retry."""
    message = text_of([one.decisive for one in failed])
    text = f": {message}" if message else ""
    how = failed_jobs.how(failed, explained=bool(message))
    if len(failed) > 1:
        return f"{many} failed {how} and recovered on a retry{text}"
    (one,) = failed
    if len(one.ways) > 1:
        return (
            f"{many} failed {how_often(one)} and {recovered_on(one)}: {failed_jobs.each_way(one)}"
        )
    often = f"{how_often(one)} " if len(one.occurrences) > 1 else ""
    return f"{many} failed {often}{how} and {recovered_on(one)}{text}"


def _requested_more(failed: Sequence[Failure]) -> str:
    """Return what the attempts that succeeded had requested, if those that failed had not."""
    asked = {one.requested.get(one.succeeded_on or 0, "") for one in failed} - {""}
    return (
        f"; if it needs what its retry requested ({named(sorted(asked))}), request that at first"
        if asked
        else ""
    )
