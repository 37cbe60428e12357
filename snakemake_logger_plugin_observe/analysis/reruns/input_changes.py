"""Which inputs were changed while the tools of jobs that read them ran."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.journal.records import ChangedInput
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run

_LATE: Final = 100_000
"""How much later than the end the files may have been looked at, in microseconds."""


@dataclass(frozen=True, slots=True)
class InputChange:
    """A change of one input of a job, at a moment at which the job's tool ran."""

    job: JobDescribed
    attempt: Attempt
    file: ChangedInput
    moment: Micros | None
    """None if the file's time does not show it: then it was between two looks at it."""

    @property
    def done(self) -> bool:
        """Whether the job succeeded all the same."""
        return self.attempt.status in ("success", "cached")


def changes(run: Run) -> Iterator[InputChange]:
    """Yield the changes of inputs while the tools of jobs that read them ran."""
    for attempt in run.attempts.values():
        found, job = attempt.changed_inputs, run.job_of(attempt)
        if found is None or job is None:
            continue
        ran = [(one.start, one.end) for one in attempt.segments if one.phase == "compute"]
        if not ran:
            continue
        within = ran[0][0] <= found.since and found.until <= ran[-1][1] + _LATE
        for file in found.files:
            if any(start <= file.modified <= end for start, end in ran):
                yield InputChange(job, attempt, file, file.modified)
            elif file.modified < found.since and (file.replaced or resized(file)) and within:
                yield InputChange(job, attempt, file, None)


def resized(file: ChangedInput) -> bool:
    """Return whether a file is not as large as before."""
    return file.bytes != file.bytes_before
