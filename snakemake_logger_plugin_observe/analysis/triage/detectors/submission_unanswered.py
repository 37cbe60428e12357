"""The cluster did not answer a submission: a time-out or a lost connection, which passes."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from snakemake_logger_plugin_observe.analysis.failures import submissions
from snakemake_logger_plugin_observe.analysis.failures.story import retry_setting
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.analysis.run_again import again_with
from snakemake_logger_plugin_observe.analysis.triage import failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import UNANSWERED
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident

if TYPE_CHECKING:
    from snakemake_logger_plugin_observe.analysis.failures.failures import Failure

CLASS: Final = UNANSWERED

_AGAIN: Final = "the same submission gets no answer again and again, or "
_WRONG_IF: Final = f"{_AGAIN}the cluster's queue contains these jobs after all"


def detect(case: Case) -> Iterator[Incident]:
    """Yield one incident for all submissions that got no answer with the same message."""
    by_message: dict[str, list[Failure]] = {}
    for one in case.failures_by_class.get(CLASS, ()):
        by_message.setdefault(submissions.said_of(case.run, one).text, []).append(one)
    for number, failed in enumerate(by_message.values(), 1):
        yield Incident(
            id=f"{CLASS}:{number}",
            incident_class=CLASS,
            where="operating context",
            claim=_claim(case, failed),
            strength="certain",
            wrong_if=_WRONG_IF.removeprefix(_AGAIN if _in_vain(failed) else ""),
            action=_action(case, failed),
            **failed_jobs.fields(case, failed),
        )


def _action(case: Case, failed: Sequence["Failure"]) -> Action:
    """Return what to do; nothing, if a retry got through."""
    if failed_jobs.recovered(failed):
        retries = retry_setting(failed[0]) or "their retries"
        return Action(
            f"nothing needs to be done now: keep {retries}, and tell the cluster's administrators "
            "if this happens often",
            "a retry got through: a time-out or a lost connection passes",
        )
    if _in_vain(failed):
        return Action(
            submissions.to_do_about(
                case.run, next(filter(submissions.had_no_answer_again, failed))
            ),
            "no retry got an answer, so another one is unlikely to",
            escalate=True,
        )
    return Action(
        submissions.to_do_about(case.run, failed[0]),
        "the cluster did not refuse the jobs: a time-out or a lost connection passes",
        commands=again_with(case.run, "--retries", "1") if case.is_own else (),
    )


def _in_vain(failed: Sequence["Failure"]) -> bool:
    """Whether a job was submitted again, and that got no answer either."""
    return any(map(submissions.had_no_answer_again, failed))


def _claim(case: Case, failed: Sequence["Failure"]) -> str:
    """Return what got no answer, how often, and how many other submissions went through."""
    who, _, what = submissions.said_of(case.run, failed[0]).text.rpartition(": ")
    times = sum(len(one.occurrences) for one in failed)
    often = "once" if times == 1 else f"{times:,} times"
    others = submissions.submitted(case.run)
    recovered = sum(1 for one in failed if one.outcome == "succeeded")
    through = f"; {plural(others, 'other submission')} went through" if others else ""
    if recovered:
        retry = "the retry" if recovered == 1 else f"{recovered:,} retries"
        left = others - recovered
        also = f" and {plural(left, 'other submission')}" if left > 0 else ""
        through = f"; {retry}{also} went through"
    command = who.partition(":")[0] or "the submit command"
    because = f" ({what})" if what else ""
    return f"{command} got no answer {often} for {failed_jobs.who(failed)}{because}{through}"
