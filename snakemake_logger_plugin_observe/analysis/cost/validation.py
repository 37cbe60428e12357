"""Validate a journal: every line against the schema, every figure against the stamps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.journal.events import AnyEvent, AttemptFinished, RunFinished
from snakemake_logger_plugin_observe.run import fold
from snakemake_logger_plugin_observe.run.attempt import written_segments
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


def validate(events: Iterable[AnyEvent], problems: Sequence[object]) -> Validation:
    """Return what is wrong with the journal that contains *events*.

    Args:
        events: the events as they are read; reading them fills *problems*.
        problems: the lines that could not be read; complete once *events* are exhausted.

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
                computed = in_seconds(attempt.phases)
                found.extend(_compare(line, f"attempt of job {key}", event.phases_s, computed))
                if written_segments(event) != attempt.segments:
                    text = f"attempt of job {key}: its segments do not follow from its stamps"
                    found.append(Disagreement(line, text))
            case RunFinished():
                found.extend(_totals(line, event, run))
    fold.complete(run)
    return Validation(run, count, tuple(found), tuple(str(problem) for problem in problems))


def _totals(line: int, event: RunFinished, run: Run) -> list[Disagreement]:
    accounts = account(run)
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
            found.append(
                Disagreement(line, f"{name}: {counted} as written, {recounted} from the stamps")
            )
    return found


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
