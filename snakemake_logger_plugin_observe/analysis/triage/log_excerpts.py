"""The fifth step: excerpts of the logs and benchmarks of a few affected jobs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from snakemake_logger_plugin_observe.analysis.citations import Citation, shortened
from snakemake_logger_plugin_observe.analysis.failures.explained import explain
from snakemake_logger_plugin_observe.analysis.failures.log_advice import redirection
from snakemake_logger_plugin_observe.analysis.failures.log_lines import last_meaningful_line
from snakemake_logger_plugin_observe.analysis.phrasing import job_name
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.triage.scope import Scope
from snakemake_logger_plugin_observe.analysis.why.why import job_times
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.pasting import double_quoted
from snakemake_logger_plugin_observe.run.attempt import Attempt

MISSING_EVIDENCE: Final = "missing_evidence"
_JOBS: Final = 3
_LOGS_OF_A_JOB: Final = 2
_EMPTY: Final = "it is empty"
_ONLY_NEWS: Final = "it has only news of progress"
_FIGURES: Final = ("s", "max_rss", "io_in", "io_out", "cpu_time")


@dataclass(frozen=True, slots=True)
class LogExcerpt:
    """One line of a log or a benchmark, or why there is none."""

    kind: Literal["log", "benchmark"]
    path: str
    job: str
    line: int | None = None
    """None if the file is too long to count its lines, or nothing is quoted."""
    text: str | None = None
    problem: str | None = None
    figures: str | None = None
    """The main figures of a benchmark, by name."""
    advice: str | None = None
    """Why a failed job's log shows nothing, and what to add to its rule."""
    kept: tuple[Citation, ...] = ()
    """Where the journal has it, if the file itself has been written again since."""
    attempt: int | None = None
    """The attempt that wrote it, if a later one has written the file again."""

    @property
    def was_read(self) -> bool:
        """Whether the file was read, though it may show nothing."""
        return self.text is not None or self.problem in (_EMPTY, _ONLY_NEWS)

    @property
    def evidence(self) -> tuple[Citation, ...]:
        """Return the excerpt as a citation."""
        if self.text is None:
            return ()
        if self.kept:
            return self.kept
        ref = self.path if self.line is None else f"{self.path}:{self.line}"
        return (Citation(self.kind, ref, shortened(self.text)),)


def log_excerpts(
    case: Case, affected: Scope, incidents: Sequence[Incident]
) -> tuple[LogExcerpt, ...]:
    """Return the last lines of the logs and benchmarks of the few most relevant jobs."""
    if case.read is None or not (affected.jobs or incidents):
        return ()
    every = (one for job in _most_relevant(case, affected) for one in _of(case, job))
    return tuple({one.path: one for one in every}.values())  # jobs may share a log


def missing_evidence(
    case: Case, affected: Scope, incidents: Iterable[Incident]
) -> tuple[Incident, ...]:
    """Return, for each affected rule without a log or a benchmark, a proposal to add one."""
    if not any(incidents):
        return ()
    proposed: dict[str, Incident] = {}
    for job_id in affected.jobs:
        job = case.run.jobs[job_id]
        if job.rule in proposed or (not job.output and job.shellcmd is None and job.script is None):
            continue
        name = f"{_no_wildcard(job)}/{_name_of(job)}"
        proposals = {
            what: f"{what}: {double_quoted(f'{what}s/{name}.{ending}')}"
            for what, ending, there in (
                ("log", "log", job.log),
                ("benchmark", "txt", job.benchmark),
            )
            if not there
        }
        if proposals and (cited := case.side.at_job(job_id, f"rule: {job.rule}")):
            how = "" if job.log else redirection(job)
            proposed[job.rule] = _proposed(job.rule, proposals, how, cited)
    return tuple(proposed.values())


def _proposed(
    rule: str, proposals: dict[str, str], how: str, cited: tuple[Citation, ...]
) -> Incident:
    """Return the proposal to add *proposals* to a rule, and *how* its log gets its errors."""
    directives = " and ".join(proposals.values())
    also = f"; log: redirects nothing by itself: {how}" if how else ""
    return Incident(
        id=f"{MISSING_EVIDENCE}:{rule}",
        incident_class=MISSING_EVIDENCE,
        where="workflow semantics",
        claim=f"rule {rule} has {' and '.join(f'no {what}' for what in proposals)}; "
        f"add {directives}{also}",
        strength="certain",
        explains=0,
        failures=0,
        evidence=cited,
        wrong_if=f"the Snakefile of this run declares it for rule {rule}",
        action=Action(
            f"add {directives} to rule {rule}{also}",
            "its tool's messages and resource use are not kept",
        ),
        check=f"missing_{'logs' if 'log' in proposals else 'benchmarks'} <= 0",
        rules=(rule,),
    )


def _no_wildcard(job: JobDescribed) -> str:
    return job.rule.replace("{", "{{").replace("}", "}}")


def _name_of(job: JobDescribed) -> str:
    return "_".join(f"{{{name}}}" for name in job.wildcards) or "all"


def _most_relevant(case: Case, affected: Scope) -> list[JobDescribed]:
    """Return the affected jobs that failed, then those that took longest."""
    took = job_times(case.run)
    ids = affected.jobs or tuple(took)
    failed = {one.job_id for one in case.failures}
    ordered = sorted(ids, key=lambda one: (one not in failed, -took.get(one, 0), one))
    jobs = (case.run.jobs[job_id] for job_id in ordered if job_id in case.run.jobs)
    return [job for job in jobs if job.log or job.benchmark][:_JOBS]


def _of(case: Case, job: JobDescribed) -> Iterator[LogExcerpt]:
    assert case.read is not None  # noqa: S101 - the caller checked it
    name = job_name(job)
    if (failed := _of_failed_attempt(case, job)) is not None:
        yield failed
    recovered = next((one.succeeded_on for one in case.failures if one.job_id == job.job_id), None)
    for path in job.log[:_LOGS_OF_A_JOB]:
        if failed is not None and path == failed.path:
            continue
        if recovered is not None:  # what it says is not about the failure
            problem = f"attempt {recovered}, which succeeded, has written it since"
            yield LogExcerpt("log", path, name, problem=problem)
            continue
        tail = case.read(path)
        line = last_meaningful_line(tail)
        if line is None:
            problem = tail.problem or (_ONLY_NEWS if tail.lines else _EMPTY)
            yield LogExcerpt(*("log", path, name), problem=problem, advice=_advice(case, job))
        else:
            yield LogExcerpt("log", path, name, line.number, line.text)
    if job.benchmark is not None:
        tail = case.read(job.benchmark)
        if len(tail.lines) < 2 or tail.first_line is None:
            problem = tail.problem or "it has no figures"
            yield LogExcerpt("benchmark", job.benchmark, name, problem=problem)
        else:
            number = tail.first_line + len(tail.lines) - 1
            yield LogExcerpt(
                *("benchmark", job.benchmark, name, number, tail.lines[-1]),
                figures=_figures(tail.lines[0], tail.lines[-1]),
            )


def _of_failed_attempt(case: Case, job: JobDescribed) -> LogExcerpt | None:
    """Return what the log of *job* said when it failed, if a later attempt has written it again."""
    one = next((one for one in case.failures if one.job_id == job.job_id), None)
    if one is None or one.decisive.line is None or one.decisive.line.path not in job.log:
        return None
    if one.rows[-1].attempt.number == one.decisive.attempt:
        return None
    line, attempt = one.decisive.line, one.decisive.attempt
    return LogExcerpt(
        *("log", line.path, job_name(job), line.number, line.text),
        attempt=attempt,
        kept=case.side.at_line(one.decisive_row.attempt.line, f"{line.path}: {line.text}"),
    )


def _advice(case: Case, job: JobDescribed) -> str | None:
    """Return why the log of *job* shows nothing, if it failed."""
    failed = (one for one in case.failures if one.job_id == job.job_id)
    return next((explain(case.run, one).log for one in failed), None)


def _figures(header: str, line: str) -> str | None:
    """Return the main figures of a benchmark's last line, if its header names them."""
    named = dict(zip(header.split("\t"), line.split("\t"), strict=False))
    return " ".join(f"{name}={named[name]}" for name in _FIGURES if name in named) or None


def with_lasting_citations(case: Case, incidents: Iterable[Incident]) -> tuple[Incident, ...]:
    """Return *incidents* with citations of logs that can still be looked up.

    A log may have been overwritten by the next attempt. Then the journal, which keeps the lines, is
    cited instead.
    """
    by_log: dict[str, list[Attempt]] = {}
    for attempt in case.run.attempts.values():
        for log in attempt.logs:
            by_log.setdefault(log.path, []).append(attempt)
    return tuple(
        replace(one, evidence=tuple(_lasting(case, each, by_log) for each in one.evidence))
        for one in incidents
    )


def _lasting(case: Case, one: Citation, by_log: Mapping[str, Sequence[Attempt]]) -> Citation:
    path, _colon, number = one.ref.rpartition(":")
    if one.kind != "log" or not number.isdecimal() or _is_unchanged(case, path, int(number), one):
        return one
    for attempt in by_log.get(path, ()):
        for log in attempt.logs:
            if log.path == path and log.first_line is not None:
                at = int(number) - log.first_line
                if 0 <= at < len(log.lines) and log.lines[at] == one.quote:
                    cited = case.side.at_line(attempt.line, f"{one.ref}: {one.quote}")
                    return cited[0] if cited else one
    return one


def _is_unchanged(case: Case, path: str, line: int, one: Citation) -> bool:
    if case.read is None:
        return False
    tail = case.read(path)
    at = line - (tail.first_line or 0)
    return tail.first_line is not None and 0 <= at < len(tail.lines) and tail.lines[at] == one.quote
