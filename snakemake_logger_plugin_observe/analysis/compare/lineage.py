"""The files and jobs of a run, followed upstream and downstream."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.run.model import Run

_FILES_KEPT: Final = 64
"""How many files have their upstream or downstream cached: many jobs need the same one."""
_MANY: Final = 64
"""A file with more readers than this has its upstream cached."""


class Lineage:
    """The files of a run by the jobs that make and read them."""

    def __init__(self, run: Run) -> None:
        """Read the inputs and outputs of all jobs of *run*, also of those that were up to date."""
        self.makers: dict[str, JobDescribed] = {}
        self.readers: dict[str, list[JobDescribed]] = {}
        for job in run.all_jobs.values():
            self.makers.update(dict.fromkeys(job.output, job))
            for path in job.input:
                self.readers.setdefault(path, []).append(job)
        self._fed_by = lru_cache(_FILES_KEPT)(lambda path: self.downstream([path]))
        self._made_from = lru_cache(_FILES_KEPT)(self._upstream)
        self._same_sources = lru_cache(_FILES_KEPT)(self._has_same_sources)

    def feeds(self, path: str, job: JobDescribed) -> bool:
        """Return whether *job* depends on the file *path*, directly or through other jobs."""
        return job.job_id in self._fed_by(path)

    def downstream(self, paths: Iterable[str]) -> set[int]:
        """Return the ids of all jobs that depend on one of *paths*; each is visited once."""
        found: set[int] = set()
        waiting = list(paths)
        while waiting:
            for reader in self.readers.get(waiting.pop(), ()):
                if reader.job_id not in found:
                    found.add(reader.job_id)
                    waiting.extend(reader.output)
        return found

    def upstream(self, job: JobDescribed) -> set[str]:
        """Return every file that *job* depends on; each is visited once."""
        found: set[str] = set()
        waiting = [job]
        while waiting:
            for path in waiting.pop().input:
                if path in found:
                    continue
                found.add(path)
                if len(self.readers.get(path, ())) > _MANY:
                    found |= self._made_from(path)
                elif maker := self.makers.get(path):
                    waiting.append(maker)
        return found

    def _upstream(self, path: str) -> set[str]:
        """Return every file that *path* was made from; each is visited once."""
        found: set[str] = set()
        waiting = [path]
        while waiting:
            maker = self.makers.get(waiting.pop())
            new = set(maker.input) - found if maker is not None else ()
            found.update(new)
            waiting.extend(new)
        return found

    def has_same_sources(self, path: str, other: "Lineage") -> bool:
        """Return whether *path* is made from all its source files in *other*, too."""
        return self._same_sources(path, other)

    def _has_same_sources(self, path: str, other: "Lineage") -> bool:
        sources = self._made_from(path).difference(self.makers)
        return sources <= {path, *other._made_from(path)}

    @property
    def products(self) -> list[str]:
        """The outputs that no job reads to make another: the files that the run was for.

        Jobs without outputs, such as ``all``, do not count as readers.
        """
        return [
            path
            for path in self.makers
            if not any(reader.output for reader in self.readers.get(path, ()))
        ]
