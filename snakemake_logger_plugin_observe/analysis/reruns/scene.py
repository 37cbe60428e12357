"""What the detectors of reruns look at: a run, its root causes, and the runs before it."""

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from snakemake_logger_plugin_observe.analysis.reruns.earlier import Past, made_before, sums_of
from snakemake_logger_plugin_observe.analysis.reruns.rerun import Fix, Kind, Rerun, rules_of
from snakemake_logger_plugin_observe.analysis.why.origins import Origins
from snakemake_logger_plugin_observe.analysis.why.reason_text import CHANGES
from snakemake_logger_plugin_observe.analysis.why.roots import Root, Roots
from snakemake_logger_plugin_observe.analysis.why.why import job_times
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.run.model import Run

_ASKED: Final = 20


@dataclass(frozen=True)
class Direct:
    """The jobs at which a change was found, and those that ran because of it alone."""

    root: Root
    jobs: tuple[int, ...]
    """Where it was found; at least one."""
    downstream: tuple[int, ...]
    """Other jobs that have no other root cause."""
    rules: tuple[str, ...]
    files: tuple[str, ...]
    texts: dict[int, str | None]

    def text(self, job_id: int) -> str | None:
        """Return the text of the cause of one of the jobs, if it has one."""
        return self.texts.get(job_id)


@dataclass(frozen=True)
class Scene:
    """A run, why its jobs ran, and the runs before it."""

    run: Run
    origins: Origins
    roots: Roots
    past: Past

    @cached_property
    def direct(self) -> tuple[Direct, ...]:
        """The changes that made jobs run, each with its jobs."""
        jobs: dict[Root, dict[int, str | None]] = {}
        files: dict[Root, dict[str, None]] = {}
        for job_id, own in self.roots.at.items():
            for root, link in own:
                if root.kind in CHANGES and link.cause is not None:
                    jobs.setdefault(root, {})[job_id] = link.cause.text
                    files.setdefault(root, {}).update(dict.fromkeys(link.cause.files))
        alone: dict[Root, list[int]] = {}
        for job_id, roots in self.roots.of.items():
            if len(roots) == 1:
                alone.setdefault(next(iter(roots)), []).append(job_id)
        return tuple(
            Direct(
                root=root,
                jobs=tuple(sorted(of_root)),
                downstream=tuple(one for one in alone.get(root, ()) if one not in of_root),
                rules=rules_of(self.run.jobs[job_id].rule for job_id in sorted(of_root)),
                files=tuple(files[root]),
                texts=of_root,
            )
            for root, of_root in jobs.items()
        )

    def asked(self, direct: Direct) -> list[JobDescribed]:
        """Return the jobs of a change whose past is looked at: the others have the same cause."""
        return [self.run.jobs[job_id] for job_id in direct.jobs[:_ASKED]]

    @cached_property
    def sums(self) -> dict[str, str]:
        """The checksums of this run's outputs, by path."""
        return {
            path: sha256
            for attempt in self.run.attempts.values()
            for path, sha256 in sums_of(attempt.outputs or ()).items()
        }

    @cached_property
    def writers(self) -> dict[str, tuple[str, ...]]:
        """The rules that write a log or benchmark, or files in a folder or below it, by path."""
        found: dict[str, dict[str, None]] = {}
        for job in self.run.all_jobs.values():
            beside = [*job.log, *([job.benchmark] if job.benchmark else [])]
            for path in beside:
                found.setdefault(posixpath.normpath(path), {})[job.rule] = None
            for path in (*job.output, *beside):
                folder = posixpath.dirname(posixpath.normpath(path))
                while folder not in ("", "/"):
                    found.setdefault(folder, {})[job.rule] = None
                    folder = posixpath.dirname(folder)
                if not path.startswith("/"):
                    found.setdefault(".", {})[job.rule] = None
        return {folder: tuple(rules) for folder, rules in found.items()}

    @cached_property
    def beside(self) -> frozenset[str]:
        """The logs and benchmarks of all jobs."""
        return frozenset(
            posixpath.normpath(path)
            for job in self.run.all_jobs.values()
            for path in (*job.log, *([job.benchmark] if job.benchmark else []))
        )

    @cached_property
    def times(self) -> dict[int, Micros]:
        """The time of each job."""
        return job_times(self.run)

    def time_of(self, jobs: Sequence[int]) -> Micros:
        """Return the time of *jobs*."""
        return sum(self.times.get(job_id, 0) for job_id in jobs)

    def same_as_before(self, job: JobDescribed) -> bool | None:
        """Return whether a job made the same bytes as the last time; None if not known of all."""
        if not job.output:
            return None
        known = True
        for path in job.output:
            before, now = made_before(self.past, job, path), self.sums.get(path)
            if before is None or now is None:
                known = False
            elif before != now:
                return False
        return True if known else None

    def all_same(self, jobs: Sequence[int]) -> bool | None:
        """Return whether *jobs* all made the same bytes as before; None if not known of each."""
        answers = [
            self.same_as_before(self.run.jobs[job_id])
            for job_id in jobs
            if self.run.jobs[job_id].output
        ]
        if not answers or None in answers:
            return False if False in answers else None
        return all(answers)

    def about(
        self,
        direct: Direct,
        kind: Kind,
        *,
        headline: str,
        claim: str,
        detail: str,
        fix: Fix,
        runs: int,
        files: tuple[str, ...] = (),
        certain: bool = True,
    ) -> Rerun:
        """Return a finding about a root cause and all jobs that ran because of it alone."""
        jobs = (*direct.jobs, *direct.downstream)
        return Rerun(
            kind=kind,
            claim=claim,
            jobs=jobs,
            time=self.time_of(jobs),
            rules=direct.rules,
            fix=fix,
            example=direct.jobs[0],
            root=direct.root,
            headline=headline,
            detail=detail,
            runs=runs,
            same_bytes=self.all_same(jobs),
            files=files,
            certain=certain,
        )
