"""Failed jobs in incidents: the fields that follow from them, and texts that describe them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, TypedDict

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.failures.endings import describe, of_attempts
from snakemake_logger_plugin_observe.analysis.failures.exit_codes.programs import IN_SHORT
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.failures.log_lines import LogLine
from snakemake_logger_plugin_observe.analysis.failures.signatures import Occurrence
from snakemake_logger_plugin_observe.analysis.live import status_checks
from snakemake_logger_plugin_observe.analysis.named_files import named_in
from snakemake_logger_plugin_observe.analysis.phrasing import (
    cut,
    is_uuid,
    jobs_of,
    named,
    plural,
    submission_name,
)
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Strength
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.endings import describe_exit

_CITED: Final = 3
_LONGEST: Final = 160
_WAYS: Final = 4
_UNKNOWN: Final = "no known exit code"


class IncidentFields(TypedDict):
    """The fields of an incident that follow from the failures that it explains."""

    explains: Micros
    failures: int
    evidence: tuple[Citation, ...]
    check: str | None
    rules: tuple[str, ...]
    jobs: tuple[int, ...]


def fields(
    case: Case, failures: Sequence[Failure], *, cited: Iterable[Citation] = ()
) -> IncidentFields:
    """Return the fields of an incident that explains *failures*; *cited* is more evidence.

    Where another limit fits better than ``check``, the detector replaces that field.
    """
    return {
        "explains": lost(failures),
        "failures": len(failures),
        "evidence": (*evidence(case, failures), *cited),
        "check": check(failures),
        "rules": rules(case, failures),
        "jobs": jobs(case, failures),
    }


def name_of(one: Failure) -> str:
    """Return the rule of what failed, or the name of its group."""
    if one.rule is None and one.group_name is not None and is_uuid(one.group_name):
        return submission_name(None, {}, one.group_name)
    return one.rule or one.group_name or "(not described)"


def by_rule(failures: Iterable[Failure]) -> dict[str, list[Failure]]:
    """Return failures by their rule or group."""
    rules: dict[str, list[Failure]] = {}
    for one in failures:
        rules.setdefault(name_of(one), []).append(one)
    return rules


def who(failures: Sequence[Failure]) -> str:
    """Return the name of one failed job, or the number of several and their rules."""
    if len(failures) > 1:
        single = [one for one in failures if one.job_id is not None]
        jobs = [f"{jobs_of(len(single))} of {named(by_rule(single))}"] if single else []
        groups = rules_and_groups([one for one in failures if one.job_id is None])
        return " and ".join([*jobs, *groups])
    one = failures[0]
    return submission_name(one.rule, one.wildcards, one.group_name)


def rules_and_groups(failures: Sequence[Failure]) -> list[str]:
    """Return the rules of failed jobs, and the name or the number of the groups that failed."""
    rules = dict.fromkeys(one.rule or name_of(one) for one in failures if one.job_id is not None)
    groups = [one for one in failures if one.job_id is None]
    if len(groups) == 1:
        return [*rules, submission_name(None, {}, groups[0].group_name)]
    return [*rules, *([plural(len(groups), "group")] if groups else [])]


def jobs(case: Case, failures: Iterable[Failure]) -> tuple[int, ...]:
    """Return the jobs that failed; of a group that failed as a whole, its members."""
    ids: list[int] = []
    for one in failures:
        ids += case.run.members(one.group or "") if one.job_id is None else [one.job_id]
    return tuple(dict.fromkeys(ids))


def never_succeeded(case: Case) -> frozenset[int]:
    """Return the jobs that failed and did not recover on a retry."""
    return frozenset(jobs(case, (one for one in case.failures if one.outcome == "failed")))


def rules(case: Case, failures: Iterable[Failure]) -> tuple[str, ...]:
    """Return the rules of the jobs that failed."""
    described = (case.run.jobs.get(job_id) for job_id in jobs(case, failures))
    return tuple(dict.fromkeys(job.rule for job in described if job is not None))


def how_sure(failures: Iterable[Failure]) -> tuple[str, Strength]:
    """Return ``probably `` or nothing, to put before their cause, and the claim's strength."""
    sure = all(one.decisive.why.certain for one in failures)
    return ("", "certain") if sure else ("probably ", "likely")


def missed_outputs(case: Case, failures: Iterable[Failure]) -> tuple[str, ...]:
    """Return the outputs of failed jobs that were reported missing or not as declared."""
    missed: list[str] = []
    for one in failures:
        job = case.run.jobs.get(one.job_id) if one.job_id is not None else None
        missed += named_in(job.output if job is not None else (), one.decisive.message or "")
    return tuple(dict.fromkeys(missed))


def recovered(failures: Iterable[Failure]) -> bool:
    """Whether all of them recovered on a retry."""
    return all(one.outcome == "succeeded" for one in failures)


def check(failures: Sequence[Failure]) -> str | None:
    """Return the limit for a check file that these failures break, if there is one."""
    if any(one.outcome == "failed" for one in failures):
        return "failed_jobs <= 0"
    return "masked_failures <= 0" if any(one.masked for one in failures) else None


def lost(failures: Iterable[Failure]) -> int:
    """Return the time that failures took, in microseconds."""
    return sum(one.lost for one in failures)


def how(failures: Iterable[Failure], *, explained: bool = False) -> str:
    """Return how they ended, the most frequent way first; what it means unless that is said."""
    decisive = [one.decisive for one in failures]
    ways = Counter(map(ending, decisive))
    if len(ways) == 1:
        return f"with {ending(decisive[0], explained=explained)}"
    return "with " + ", ".join(f"{count} × {way}" for way, count in ways.most_common())


def ending(one: Occurrence, *, explained: bool = False) -> str:
    """Return how one execution ended, in a few words; what it means unless that is said."""
    why = one.why
    if ended := describe_exit(why.exit_code, why.signal):
        means = IN_SHORT.get(why.exit_code) if why.exit_code is not None else None
        return ended + (f" ({means})" if means and not explained else "")
    return {"missing_output": "a missing output", "exception": "an exception"}.get(
        why.cause, _UNKNOWN
    )


def last_line(failures: Iterable[Failure]) -> LogLine | None:
    """Return the last meaningful line of a log, of the first job that has one."""
    return next((one.decisive.line for one in failures if one.decisive.line is not None), None)


def last_message(failures: Sequence[Failure]) -> str:
    """Return the last message, from a log or from Snakemake; empty if there is none."""
    return message_of([one.decisive for one in failures])


def message_of(occurrences: Sequence[Occurrence]) -> str:
    """Return the message of the first of some occurrences that has one."""
    line = next((one.line for one in occurrences if one.line is not None), None)
    text = line.text if line is not None else occurrences[0].message or ""
    if line is None and text.startswith("CalledProcessError"):
        return ""
    return cut(" ".join(text.split()).rstrip(":"), _LONGEST)


def refusal(failures: Sequence[Failure]) -> str:
    """Return which retry was refused in the end, with what it requested; may be empty."""
    refused = [one for one in failures if one.last.why.cause == "refused" != one.cause]
    if not refused:
        return ""
    one = refused[0]
    way = next(way for way in one.ways if way.last.why.cause == "refused")
    of_one = "" if len(failures) == 1 else f"of {who([one])}, "
    return f"{of_one}{of_attempts(way, one.requested)}"


def attempt_by_attempt(failures: Sequence[Failure]) -> str:
    """Return how the attempts of a job ended, if they ended in different ways; may be empty."""
    one = next((one for one in failures if len(one.ways) > 1), None)
    if one is None:
        return ""
    of_one = "" if len(failures) == 1 else f"of {who([one])}, "
    return f"; {of_one}{each_way(one)}"


def each_way(one: Failure) -> str:
    """Return the ways in which the attempts of one job ended, the first of them if many."""
    shown = describe(one.ways[:_WAYS], one.requested)
    more = len(one.ways) - _WAYS
    return f"{shown}; and in {plural(more, 'more way')}" if more > 0 else shown


def called_successful(case: Case, failures: Sequence[Failure]) -> tuple[str, str]:
    """Return who reported failed jobs as successful, and what to do about it; may be empty."""
    wrongly = [one for one in failures if one.decisive.why.called_successful]
    if not wrongly:
        return "", ""
    who_said = status_checks.reporter(case.run)
    it, its = ("it", "it") if len(wrongly) == 1 else ("them", "they")
    return (
        f"; {who_said} had reported {it} as successful, so Snakemake only missed the outputs",
        f"; and correct what {who_said} reports: {its} had failed",
    )


def stopped_too(failures: Sequence[Failure]) -> str:
    """Return which jobs Snakemake stopped because of these failures; may be empty."""
    rules = named(dict.fromkeys(rule for one in failures for rule in one.stopped))
    its = "it" if len(failures) == 1 else "them"
    return f"; {rules}, which shares a pipe with {its}, ended with {its}" if rules else ""


def evidence(case: Case, failures: Iterable[Failure]) -> tuple[Citation, ...]:
    """Cite the failed attempts of the first few, and the last lines of their logs."""
    cited: list[Citation] = []
    for one in list(failures)[:_CITED]:
        failed = {each.attempt for each in one.occurrences}
        for row in one.rows:
            if row.attempt.number in failed:
                quote = row.attempt.message or row.attempt.status
                cited.extend(case.side.at_line(row.attempt.line, quote))
        if (line := one.decisive.line) is not None and line.number is not None:
            cited.append(Citation("log", f"{line.path}:{line.number}", line.text))
    return tuple({(one.kind, one.ref): one for one in cited}.values())
