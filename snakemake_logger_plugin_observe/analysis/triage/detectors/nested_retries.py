"""Retries of several levels multiplied: of the main process, of the nodes, of the cluster."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from snakemake_logger_plugin_observe.analysis.phrasing import jobs_of, plural
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.node_processes import span_of, total_length

CLASS: Final = "nested_retries"
_CITED: Final = 3


@dataclass(frozen=True, slots=True)
class Multiplied:
    """A job whose tool ran more often than it had attempts."""

    attempts: tuple[Attempt, ...]
    executions: tuple[int, ...]
    """How often its tool ran in each attempt."""
    restarts: int
    """How often the cluster restarted its submissions."""

    @property
    def more(self) -> int:
        """Return how many executions exceeded the attempts."""
        return sum(self.executions) + self.restarts - len(self.attempts)


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for each rule in which the retries of one level multiplied another's."""
    retried = {one.job_id for one in case.run.attempts.values() if one.number > 1}
    by_job: dict[int, list[Attempt]] = {}
    for one in case.run.attempts.values():
        if one.job_id is not None and one.job_id in retried:
            by_job.setdefault(one.job_id, []).append(one)
    by_rule: dict[str, list[Multiplied]] = {}
    for attempts in by_job.values():
        one_job = _multiplied(case, attempts)
        rule = case.run.rule_of(attempts[0])
        if one_job.more > 0 and rule is not None:
            by_rule.setdefault(rule, []).append(one_job)
    for rule, of_rule in by_rule.items():
        yield _incident(case, rule, of_rule)


def _multiplied(case: Case, attempts: list[Attempt]) -> Multiplied:
    ran = tuple(
        max(1, sum(1 for one in attempt.final_executions if one.tool_started is not None))
        for attempt in attempts
    )
    return Multiplied(tuple(attempts), ran, sum(_restarts(case, one) for one in attempts))


def _restarts(case: Case, attempt: Attempt) -> int:
    """Return how often the cluster restarted a submission, from the source with the most."""
    submission = case.run.submission_of(attempt) or attempt
    record = submission.accounting
    return max(
        (
            len(submission.node_starts) - 1,
            record.restarts if record is not None else 0,
            *(level.restarts for level in submission.levels),
        )
    )


def _incident(case: Case, rule: str, multiplied: list[Multiplied]) -> Incident:
    intended = sum(len(one.attempts) for one in multiplied)
    ran = intended + sum(one.more for one in multiplied)
    restarts = sum(one.restarts for one in multiplied)
    worst = max(multiplied, key=lambda one: one.more)
    inside = max(max(one.executions) for one in multiplied) > 1
    levels = [f"{jobs_of(len(multiplied))} of {rule}"]
    if inside:
        levels.append(
            f"the attempts of one job ran it {' + '.join(map(str, worst.executions))} times"
        )
    if restarts:
        levels.append(f"{plural(restarts, 'restart')} by the cluster")
    return Incident(
        id=f"{CLASS}:{rule}",
        incident_class=CLASS,
        where="operating context",
        claim=f"{rule} ran {ran:,} times instead of {intended:,}: the retries of one level "
        f"multiply those of another ({'; '.join(levels)})",
        strength="certain",
        explains=_took_more([attempt for one in multiplied for attempt in one.attempts]),
        failures=0,
        evidence=tuple(
            one
            for attempt in worst.attempts[:_CITED]
            for one in case.side.at_line(
                attempt.line, f"attempt: {attempt.number}, executions: {len(attempt.executions)}"
            )
        ),
        wrong_if="the tool's own log shows only one execution for each attempt",
        action=Action(_advice(rule, inside=inside, restarts=restarts), _why(inside=inside)),
        check=f"retries <= {max(len(one.attempts) for one in multiplied) - 1}",
        rules=(rule,),
        jobs=tuple(
            one.attempts[0].job_id for one in multiplied if one.attempts[0].job_id is not None
        ),
    )


def _took_more(attempts: Iterable[Attempt]) -> Micros:
    """Return how long all executions after the first of each attempt took, with their start-up.

    A process that runs members of a group again starts once for all of them.
    """
    executions: Micros = 0
    start_ups: dict[tuple[str, int, Micros | None], Micros] = {}
    for attempt in attempts:
        ran = [one for one in attempt.final_executions if one.tool_started is not None]
        executions += total_length(ran[1:])
        own = [level for level in attempt.levels if any(one in level.executions for one in ran)]
        for before, level in pairwise(one for one in own if one.wraps == "local"):
            begun = min(filter(None, map(span_of, level.executions)), default=None)
            if before.ended is not None and begun is not None:
                which = (level.host, level.pid, level.started)
                took = max(0, begun[0] - before.ended)
                start_ups[which] = max(took, start_ups.get(which, 0))
    return executions + sum(start_ups.values())


def _advice(rule: str, *, inside: bool, restarts: int) -> str:
    steps = []
    if inside:
        steps.append(
            f"retry on one level only: remove the retries: directive from rule {rule}, and pass "
            "--retries to the main command"
        )
    if restarts:
        steps.append("turn off requeueing for jobs that Snakemake retries (Slurm: --no-requeue)")
    return "; ".join(steps)


def _why(*, inside: bool) -> str:
    if inside:
        return "a retries: directive also applies to the Snakemake on the node; --retries does not"
    return "both the cluster and Snakemake restart jobs that were cut off"
