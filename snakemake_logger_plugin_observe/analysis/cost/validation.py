"""Validate a journal: every line against the schema, every figure against the stamps."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from snakemake_logger_plugin_observe.analysis.cost.account import Account, account
from snakemake_logger_plugin_observe.analysis.cost.run_totals import job_tally, rule_times
from snakemake_logger_plugin_observe.journal.events import (
    Accounting,
    AnyEvent,
    AttemptFinished,
    RunFinished,
)
from snakemake_logger_plugin_observe.journal.records import RuleTimes
from snakemake_logger_plugin_observe.run import fold
from snakemake_logger_plugin_observe.run.attempt import Attempt, written_segments
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import in_seconds

_ROUNDING_S = 2e-6


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A line whose figures do not follow from the stamps before it."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Validation:
    """What validating a journal found; ``problems`` are the lines that could not be read."""

    run: Run
    lines: int
    disagreements: tuple[Disagreement, ...]
    problems: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether every line was read and every figure follows from the stamps."""
        return not self.disagreements and not self.problems


_Check = Callable[[int, RunFinished, Run, Account], Iterable[Disagreement]]


def validate(
    events: Iterable[AnyEvent], problems: Sequence[object], more: _Check | None = None
) -> Validation:
    """Return what is wrong with the journal that contains *events*.

    Args:
        events: the events as they are read; reading them fills *problems*.
        problems: the lines that could not be read; complete once *events* are exhausted.
        more: checks more of the last event, given its line, the run by then, and its accounts.

    """
    run = Run()
    found: list[Disagreement] = []
    count = 0
    for event in events:
        line = count = event.line or 0
        fold.add(run, event)
        match event:
            case AttemptFinished():
                key = event.job_id if event.job_id is not None else event.group or ""
                attempt = run.attempts[(key, event.attempt)]
                attempt.set_segments(fold.timeline_of(run, attempt).segments)
                computed = in_seconds(attempt.phases)
                found.extend(_compare(line, f"attempt of job {key}", event.phases_s, computed))
                if written_segments(event) != attempt.segments:
                    text = f"attempt of job {key}: its segments do not follow from its stamps"
                    found.append(Disagreement(line, text))
                if _lost_its_tool(attempt):
                    text = f"attempt of job {key}: its tool's stamps are there, but no compute"
                    found.append(Disagreement(line, text))
            case Accounting(phases_s=written) if written:
                key = event.job_id if event.job_id is not None else event.group or ""
                revised = run.attempts.get((key, event.attempt))
                computed = in_seconds(revised.phases) if revised is not None else {}
                found.extend(_compare(line, f"accounting of job {key}", written, computed))
            case RunFinished():
                fold.complete(run)
                accounts = account(run)
                found.extend(_totals(line, event, run, accounts))
                found.extend(more(line, event, run, accounts) if more is not None else ())
    fold.complete(run)
    return Validation(run, count, tuple(found), tuple(str(problem) for problem in problems))


def _lost_its_tool(attempt: Attempt) -> bool:
    """Whether none of an attempt's time is its tool's, though its tool was stamped in that time."""
    if attempt.job_id is None or attempt.unobserved or attempt.phases.get("compute"):
        return False
    ahead = round(attempt.offset.assumed_s * 1e6) if attempt.offset is not None else 0
    until = (attempt.stamps.finished or 0) + ahead
    return any(
        one.tool_started is not None
        and one.tool_ended is not None
        and one.tool_started < min(one.tool_ended, until)
        for one in attempt.executions
    )


def _totals(line: int, event: RunFinished, run: Run, accounts: Account) -> list[Disagreement]:
    found: list[Disagreement] = []
    for name, written, computed in (
        ("job account", event.job_account.by_phase_s, accounts.jobs_by_phase),
        ("makespan", event.makespan.by_phase_s, accounts.makespan_by_phase),
        ("job account by class", event.job_account.by_class_s, accounts.jobs_by_class),
        ("makespan by class", event.makespan.by_class_s, accounts.makespan_by_class),
    ):
        found.extend(_compare(line, name, written, in_seconds(computed)))
    if (
        event.makespan_s is not None
        and abs(event.makespan_s - accounts.makespan / 1e6) > _ROUNDING_S
    ):
        computed_s = accounts.makespan / 1e6
        text = f"makespan: {event.makespan_s} s as written, {computed_s} s from the stamps"
        found.append(Disagreement(line, text))
    for name, counted, recounted in (
        ("job_count", event.job_count, accounts.job_count),
        ("attempt_count", event.attempt_count, accounts.attempt_count),
        ("failed_attempts", event.failed_attempts, accounts.failed_attempts),
    ):
        if counted != recounted:
            text = f"{name}: {counted} as written, {recounted} from the stamps"
            found.append(Disagreement(line, text))
    found.extend(_by_jobs_and_rules(line, event, run, accounts))
    return found


def _by_jobs_and_rules(
    line: int, event: RunFinished, run: Run, accounts: Account
) -> Iterator[Disagreement]:
    """Yield what is wrong with a run's numbers of jobs and its times of rules, if it has them."""
    if event.jobs is not None and event.jobs != (counted := job_tally(run)):
        yield Disagreement(line, f"jobs: {event.jobs} as written, {counted} from the stamps")
    if not event.rules:
        return
    computed = rule_times(accounts)
    for rule in dict.fromkeys((*event.rules, *computed)):
        written, summed = event.rules.get(rule), computed.get(rule)
        if written is None or summed is None or written.jobs != summed.jobs:
            yield Disagreement(line, f"rule {rule}: {written} as written, {summed} from the stamps")
            continue
        yield from _compare(line, f"rule {rule}", _seconds(written), _seconds(summed))


def _seconds(one: RuleTimes) -> dict[str, float]:
    known = {"total_s": one.total_s, "compute_s": one.compute_s}
    return {name: value for name, value in known.items() if value is not None}


def _compare(
    line: int, what: str, written: dict[str, float], computed: dict[str, float]
) -> list[Disagreement]:
    return [
        Disagreement(
            line,
            f"{what}: {name} is {written.get(name, 0.0)} s as written, "
            f"{computed.get(name, 0.0)} s from the stamps",
        )
        for name in dict.fromkeys((*written, *computed))
        if not abs(written.get(name, 0.0) - computed.get(name, 0.0)) <= _ROUNDING_S  # also for NaN
    ]
