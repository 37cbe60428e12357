"""Jobs, their attempts, and the phases of these as objects."""

from dataclasses import dataclass
from datetime import datetime

from snakemake_logger_plugin_observe.analysis.jobs.table import Row
from snakemake_logger_plugin_observe.clock import to_seconds
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.reporters.flat_tables.attempts import phase_s
from snakemake_logger_plugin_observe.reporters.flat_tables.column import moment_of
from snakemake_logger_plugin_observe.run.phases import PHASES
from snakemake_logger_plugin_observe.run.segments import Segment


@dataclass(frozen=True, slots=True)
class PhaseView:
    """A stretch of time with one label, in an attempt or in a run's makespan."""

    name: str
    cost_class: str
    start: datetime
    end: datetime
    seconds: float

    @property
    def meaning(self) -> str:
        """What it is, in plain words."""
        return PHASES[self.name].meaning


def phase_view(start: int, end: int, name: str) -> PhaseView:
    """Return a stretch between two moments in microseconds."""
    first, last = moment_of(start), moment_of(end)
    assert first is not None  # noqa: S101 - neither moment is unknown
    assert last is not None  # noqa: S101
    return PhaseView(name, PHASES[name].cost_class, first, last, to_seconds(end - start))


class AttemptView:
    """One submission of a job; or, without job and rule, that of a group."""

    def __init__(self, row: Row) -> None:
        """Show an attempt; ``RunView.attempts`` makes these."""
        self._row = row
        attempt = row.attempt
        self.job_id: int | None = attempt.job_id
        self.number: int = attempt.number
        """1 is the first attempt of its job."""
        self.rule: str | None = row.rule
        self.wildcards: dict[str, str] = dict(row.wildcards)
        self.group: str | None = attempt.group
        self.status: str = row.status
        self.node: str | None = attempt.node
        self.external_jobid: str | None = attempt.external_jobid
        self.exit_code: int | None = attempt.exit_code
        self.signal: int | None = attempt.signal
        self.message: str | None = attempt.message

    def __repr__(self) -> str:
        """Return it in one line."""
        what = self.rule or f"group {self.group}"
        return f"<attempt {self.number} of {what}{_listed(self.wildcards)}: {self.status}>"

    @property
    def start(self) -> datetime | None:
        """When it was ready to run."""
        return moment_of(self._row.attempt.start)

    @property
    def end(self) -> datetime | None:
        """When Snakemake was done with it, or what is known of it ends."""
        return moment_of(self._row.attempt.end)

    @property
    def phases(self) -> tuple[PhaseView, ...]:
        """Its phases one after the other; a label may recur. What its group owns is left out."""
        return tuple(
            phase_view(one.start, one.end, one.phase)
            for one in self._row.attempt.segments
            if _is_labelled(one) and one.phase is not None
        )

    @property
    def total_s(self) -> float:
        """The sum of its phases."""
        return to_seconds(self._row.total)

    def phase_s(self, name: str) -> float | None:
        """Return the seconds that it spent in a phase; None where that is not known."""
        if name not in PHASES:
            raise KeyError(f"{name}: no such phase; they are {', '.join(PHASES)}")
        return phase_s(self._row, name)


def _is_labelled(segment: Segment) -> bool:
    return segment.phase in PHASES


@dataclass(frozen=True, slots=True)
class JobView:
    """A job that was begun, as Snakemake described it last."""

    job_id: int
    rule: str
    wildcards: dict[str, str]
    input: tuple[str, ...]
    output: tuple[str, ...]
    log: tuple[str, ...]
    threads: int | None
    resources: dict[str, object]
    reason: str | None
    """Why it ran, in Snakemake's words."""
    dependencies: tuple[int, ...] | None
    """The ids of the jobs that it waits for."""
    attempts: tuple[AttemptView, ...]

    @property
    def status(self) -> str | None:
        """The status of its last attempt; None if it was not begun."""
        return self.attempts[-1].status if self.attempts else None

    def __repr__(self) -> str:
        """Return it in one line."""
        return f"<job {self.job_id} {self.rule}{_listed(self.wildcards)}: {self.status}>"


def job_view(job: JobDescribed, attempts: tuple[AttemptView, ...]) -> JobView:
    """Return a job with its attempts."""
    return JobView(
        job_id=job.job_id,
        rule=job.rule,
        wildcards=dict(job.wildcards),
        input=job.input,
        output=job.output,
        log=job.log,
        threads=job.threads,
        resources=dict(job.resources),
        reason=job.reason,
        dependencies=job.dependencies,
        attempts=attempts,
    )


def _listed(wildcards: dict[str, str]) -> str:
    return "".join(f" {name}={value}" for name, value in wildcards.items())
