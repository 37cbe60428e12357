"""The fifth rung: the narrowest logs and benchmarks, of the affected jobs alone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from snakemake_logger_plugin_observe.analysis.citations import Citation, shortened
from snakemake_logger_plugin_observe.analysis.failures.log_lines import last_meaningful_line
from snakemake_logger_plugin_observe.analysis.phrasing import job_name
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.triage.scope import Scope
from snakemake_logger_plugin_observe.analysis.why.why import job_times
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.run.attempt import Attempt

MISSING_EVIDENCE: Final = "missing_evidence"
_JOBS: Final = 3
_LOGS_OF_A_JOB: Final = 2
_FIGURES: Final = ("s", "max_rss", "io_in", "io_out", "cpu_time")


@dataclass(frozen=True, slots=True)
class LogExcerpt:
    """A line of a log or a benchmark, or why there is none."""

    kind: Literal["log", "benchmark"]
    path: str
    job: str
    line: int | None = None
    """None where the file is so long that its lines were not counted, or nothing is quoted."""
    text: str | None = None
    problem: str | None = None
    figures: str | None = None
    """Of a benchmark: what its line says, by name."""

    @property
    def evidence(self) -> tuple[Citation, ...]:
        """What is quoted, as evidence."""
        if self.text is None:
            return ()
        ref = self.path if self.line is None else f"{self.path}:{self.line}"
        return (Citation(self.kind, ref, shortened(self.text)),)


def quotes(case: Case, where: Scope, found: Sequence[Incident]) -> tuple[LogExcerpt, ...]:
    """Return what the affected jobs' logs and benchmarks say, of the few that tell most."""
    if case.read is None or not (where.jobs or found):
        return ()
    every = (quote for job in _telling(case, where) for quote in _of(case, job))
    return tuple({quote.path: quote for quote in every}.values())  # jobs may share a log


def missing_evidence(case: Case, where: Scope, found: Iterable[Incident]) -> tuple[Incident, ...]:
    """Propose a log or a benchmark for each rule of an incident that has none: evidence missing."""
    if not any(found):
        return ()
    proposed: dict[str, Incident] = {}
    for job_id in where.jobs:
        job = case.run.jobs[job_id]
        if job.rule in proposed or (not job.output and job.shellcmd is None and job.script is None):
            continue
        lacks = {
            what: f'{what}: "{what}s/{job.rule}/{_name_of(job)}.{ending}"'
            for what, ending, there in (
                ("log", "log", job.log),
                ("benchmark", "txt", job.benchmark),
            )
            if not there
        }
        if lacks and (cited := case.side.at_job(job_id, f"rule: {job.rule}")):
            proposed[job.rule] = _proposed(job.rule, lacks, cited)
    return tuple(proposed.values())


def _proposed(rule: str, lacks: dict[str, str], cited: tuple[Citation, ...]) -> Incident:
    proofs = " and ".join(lacks.values())
    return Incident(
        id=f"{MISSING_EVIDENCE}:{rule}",
        incident_class=MISSING_EVIDENCE,
        where="workflow semantics",
        claim=f"rule {rule} keeps {' and '.join(f'no {what}' for what in lacks)}; give it {proofs}",
        strength="certain",
        explains=0,
        failures=0,
        evidence=cited,
        wrong_if=f"rule {rule} has it in the Snakefile that was run",
        action=Action(f"give rule {rule} {proofs}", "what its tool says and uses is not kept"),
        check=f"missing_{'logs' if 'log' in lacks else 'benchmarks'} <= 0",
        rules=(rule,),
    )


def _name_of(job: JobDescribed) -> str:
    return "_".join(f"{{{name}}}" for name in job.wildcards) or "all"


def _telling(case: Case, where: Scope) -> list[JobDescribed]:
    """Return the affected jobs that failed, then those that took the longest."""
    took = job_times(case.run)
    ids = where.jobs or tuple(took)
    failed = {one.job_id for one in case.failures}
    ordered = sorted(ids, key=lambda one: (one not in failed, -took.get(one, 0), one))
    jobs = (case.run.jobs[job_id] for job_id in ordered if job_id in case.run.jobs)
    return [job for job in jobs if job.log or job.benchmark][:_JOBS]


def _of(case: Case, job: JobDescribed) -> Iterator[LogExcerpt]:
    assert case.read is not None  # noqa: S101 - asked only where a folder is
    name = job_name(job)
    for path in job.log[:_LOGS_OF_A_JOB]:
        tail = case.read(path)
        said = last_meaningful_line(tail)
        if said is None:
            yield LogExcerpt("log", path, name, problem=tail.problem or "it says nothing")
        else:
            yield LogExcerpt("log", path, name, said.number, said.text)
    if job.benchmark is not None:
        tail = case.read(job.benchmark)
        if len(tail.lines) < 2 or tail.first_line is None:
            problem = tail.problem or "it holds no figures"
            yield LogExcerpt("benchmark", job.benchmark, name, problem=problem)
        else:
            line = tail.first_line + len(tail.lines) - 1
            yield LogExcerpt(
                *("benchmark", job.benchmark, name, line, tail.lines[-1]),
                figures=_figures(tail.lines[0], tail.lines[-1]),
            )


def _figures(header: str, line: str) -> str | None:
    """Return the figures of a benchmark's last line that tell most, if its header names them."""
    named = dict(zip(header.split("\t"), line.split("\t"), strict=False))
    told = [f"{name}={named[name]}" for name in _FIGURES if name in named]
    return " ".join(told) or None


def settled(case: Case, found: Iterable[Incident]) -> tuple[Incident, ...]:
    """Return incidents whose quotes of logs can be looked up still.

    What a log said when its job failed may be overwritten by the next attempt; then the journal,
    which has kept it, is cited in its place.
    """
    kept: dict[str, list[Attempt]] = {}
    for attempt in case.run.attempts.values():
        for log in attempt.logs:
            kept.setdefault(log.path, []).append(attempt)
    return tuple(
        replace(one, evidence=tuple(_settled(case, each, kept) for each in one.evidence))
        for one in found
    )


def _settled(case: Case, one: Citation, kept: Mapping[str, Sequence[Attempt]]) -> Citation:
    path, _colon, number = one.ref.rpartition(":")
    if one.kind != "log" or not number.isdecimal() or _still_says(case, path, int(number), one):
        return one
    for attempt in kept.get(path, ()):
        for log in attempt.logs:
            if log.path == path and log.first_line is not None:
                at = int(number) - log.first_line
                if 0 <= at < len(log.lines) and log.lines[at] == one.quote:
                    cited = case.side.at_line(attempt.line, f"{one.ref}: {one.quote}")
                    return cited[0] if cited else one
    return one


def _still_says(case: Case, path: str, line: int, one: Citation) -> bool:
    if case.read is None:
        return False
    tail = case.read(path)
    at = line - (tail.first_line or 0)
    return tail.first_line is not None and 0 <= at < len(tail.lines) and tail.lines[at] == one.quote
