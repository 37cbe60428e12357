"""Citations: the journal line, file line or command output that supports a claim."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from snakemake_logger_plugin_observe.analysis.phrasing import MOST_NAMED, cut, job_name
from snakemake_logger_plugin_observe.journal.events import Event, JobDescribed, line_of
from snakemake_logger_plugin_observe.run.model import Run

Kind = Literal["journal", "log", "benchmark", "file", "command"]
_QUOTED = 200


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote that supports a claim, and where it was found.

    ``ref`` is ``A:14`` for line 14 of journal A, else ``path:line`` or the name of a command. A is
    the baseline's journal, B that of the candidate or of the only run, P that of a dry run.
    """

    kind: Kind
    ref: str
    quote: str


@dataclass(frozen=True, slots=True)
class CitedRun:
    """A run and the name of its journal in the answer: ``A``, ``B`` or ``P``."""

    name: str
    run: Run

    def at_start(self, quote: str) -> tuple[Citation, ...]:
        """Cite the run's first event."""
        return self.at_event(self.run.started, quote)

    def at_provenance(self, quote: str) -> tuple[Citation, ...]:
        """Cite the event with the workflow's files and commit."""
        return self.at_event(self.run.provenance, quote)

    def at_end(self, quote: str) -> tuple[Citation, ...]:
        """Cite the run's last event."""
        return self.at_event(self.run.finished, quote)

    def at_job(self, job_id: int, quote: str) -> tuple[Citation, ...]:
        """Cite a job's description."""
        return self.at_event(self.run.jobs.get(job_id), quote)

    def at_event(self, event: Event | None, quote: str) -> tuple[Citation, ...]:
        """Cite the journal's line of *event*, or nothing if there is no event."""
        return self.at_line(line_of(event), quote)

    def at_jobs(self, jobs: Iterable[JobDescribed], most: int = MOST_NAMED) -> tuple[Citation, ...]:
        """Cite the descriptions of the first of *jobs*, by their names."""
        first = islice(jobs, most)
        return tuple(one for job in first for one in self.at_job(job.job_id, job_name(job)))

    def at_line(self, line: int | None, quote: str) -> tuple[Citation, ...]:
        """Cite a line of the journal, or nothing if the line is unknown."""
        if line is None:
            return ()
        return (Citation("journal", f"{self.name}:{line}", shortened(quote)),)


def shortened(text: str) -> str:
    """Return *text* on one line, cut to the length of a quote."""
    return cut(" ".join(text.split()), _QUOTED)
