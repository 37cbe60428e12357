"""What attempts requested and used, and rules that requested far too much or too little."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Final

from snakemake_logger_plugin_observe.analysis.jobs.memory_use import memory_of
from snakemake_logger_plugin_observe.analysis.jobs.submitted_requests import (
    MB,
    memory_requested,
    memory_was_asked_for,
    runtime_requested,
)
from snakemake_logger_plugin_observe.run.attempt import FAILED, FINAL, Attempt, Key
from snakemake_logger_plugin_observe.run.model import Run

_ON_THE_NODE: Final = (
    *("job_script", "node_startup", "node_plan", "stage_in", "compute", "stage_out"),
    *("member_wait", "node_exit"),
)
_TIMES_TOO_MUCH: Final = 4
_TOO_CLOSE: Final = 0.9
_MORE: Final = 1.5
"""A rule that keeps so many times as many cores busy as it has threads should ask for more."""
_SPARE_BYTES: Final = 500 * MB
_SPARE_S: Final = 30 * 60
_ENOUGH_COMPUTE_S: Final = 10
_NO_TIMED: Final = "the run was recorded without --executor timed"
_NOT_ENDED: Final = "its tool has not ended"
_NOT_STARTED: Final = "its tool did not start"
_FROM_CACHE: Final = "its outputs came from the cache"
_NO_REPORT: Final = "its node reported nothing about it"
_STILL_RUNNING: Final = "its tool was still running when Snakemake was done with it"
_NOT_RECORDED: Final = "the journal has no figures of it"


@dataclass(frozen=True, slots=True)
class ResourceUse:
    """What an attempt requested and used; None if not known."""

    threads: int | None = None
    cpu_s: float | None = None
    compute_s: float | None = None
    memory_requested_bytes: int | None = None
    memory_was_asked_for: bool = True
    """Whether the workflow asked for that memory; else it may be the cluster's default."""
    memory_peak_bytes: int | None = None
    memory_peak_is_bound: bool = False
    """Whether the peak is only an upper bound."""
    memory_least_bytes: int | None = None
    """A lower bound of the peak, if it is only known to lie between bounds."""
    memory_peak_is_least: bool = False
    """Whether the peak is only a lower bound: several processes may have held memory at once."""
    memory_is_whole: bool = False
    """Whether the peak, or its bound, is known to be of all processes; else to request less because
    of it may end in an out of memory."""
    memory_snakemake_bytes: int | None = None
    """What of it Snakemake's own processes on the node held, about; None on this machine."""
    runtime_requested_s: float | None = None
    on_node_s: float | None = None
    read_bytes: int | None = None
    written_bytes: int | None = None

    @property
    def ran_nothing(self) -> bool:
        """Whether its job ran no command, as that of a rule that only names targets."""
        return self.cpu_s == 0 and self.memory_peak_bytes is None

    @property
    def cores(self) -> float | None:
        """The mean number of busy cores while the tool ran."""
        if self.cpu_s is None or not self.compute_s:
            return None
        return self.cpu_s / self.compute_s


def resource_use(run: Run, attempt: Attempt) -> ResourceUse:
    """Return what *attempt* requested and used; of a group, each member has its own."""
    job = run.job_of(attempt)
    if job is None:
        return ResourceUse()
    used, record = attempt.used, attempt.accounting
    memory = memory_of(attempt)
    cpu = [s for s in (used.user_s, used.system_s) if s is not None] if used else []
    on_node = sum(map(attempt.phases.get, _ON_THE_NODE, repeat(0)))
    if record is not None and record.suspended_s is not None:  # no limit counts that
        on_node = max(0, on_node - round(record.suspended_s * 1e6))
    return ResourceUse(
        threads=job.threads,
        cpu_s=round(sum(cpu), 6) if len(cpu) == 2 else None,
        compute_s=attempt.phases["compute"] / 1e6 if "compute" in attempt.phases else None,
        memory_requested_bytes=memory_requested(job, record),
        memory_was_asked_for=memory_was_asked_for(job, record),
        memory_peak_bytes=memory.peak,
        memory_peak_is_bound=memory.is_bound,
        memory_least_bytes=memory.least,
        memory_peak_is_least=memory.is_least,
        memory_is_whole=memory.is_whole,
        memory_snakemake_bytes=memory.snakemake,
        runtime_requested_s=runtime_requested(job, record),
        on_node_s=on_node / 1e6 if on_node and _ran_on_a_node(attempt) else None,
        read_bytes=used.read_bytes if used else None,
        written_bytes=used.written_bytes if used else None,
    )


def _ran_on_a_node(attempt: Attempt) -> bool:
    """Whether a cluster ran it; under cluster-sync it has no id, but its node has a clock."""
    return attempt.external_jobid is not None or attempt.offset is not None


def why_unknown(run: Run, attempt: Attempt) -> str | None:
    """Return why it is not known what *attempt* used, or None if something is."""
    used, record = attempt.used, attempt.accounting
    if attempt.job_id is None or (record is not None and record.peak_rss_bytes is not None):
        return None
    if used is not None and used.unobserved is not None:
        return used.unobserved
    if used is not None:
        return None
    if attempt.status == "cached":
        return _FROM_CACHE
    if attempt.status not in FINAL:
        return _NOT_ENDED
    if not run.wrapped:
        return _NO_TIMED
    started = [one for one in attempt.executions if one.tool_started is not None]
    if started:
        return _NOT_RECORDED if started[-1].tool_ended is not None else _STILL_RUNNING
    return _NO_REPORT if attempt.external_jobid is not None else _NOT_STARTED


@dataclass(frozen=True, slots=True)
class RequestMismatch:
    """An over- or under-requested resource of a rule; the figures are those of its largest job."""

    rule: str
    resource: str
    """``memory`` (bytes), ``threads``, or ``runtime`` (seconds)."""
    requested: float
    used: float
    at_most: bool = False
    """Whether ``used`` is an upper bound."""
    at_least: bool = False
    """Whether ``used`` is a lower bound."""

    @property
    def too_little(self) -> bool:
        """Whether nearly all of it was used, or more: a larger input may not fit."""
        return self.used > self.requested * _TOO_CLOSE

    @property
    def exceeded(self) -> bool:
        """Whether more was used than was requested."""
        return self.used > self.requested


def request_mismatches(
    run: Run, uses: Mapping[Key, ResourceUse] | None = None
) -> list[RequestMismatch]:
    """Return the over- and under-requested resources of each rule, memory first.

    Args:
        run: the run.
        uses: what each of its attempts requested and used, if that is known already.

    """
    started = run.started
    cores, cpus = (started.cores, started.cpus) if started is not None else (None, None)
    cores_suffice = cores is not None and cpus is not None and cores <= cpus
    by_rule: dict[str, list[ResourceUse]] = {}
    for attempt in run.attempts.values():
        rule = run.rule_of(attempt)
        if rule is not None and attempt.status == "success":
            use = resource_use(run, attempt) if uses is None else uses[attempt.key]
            if attempt.external_jobid is None and not cores_suffice:
                use = replace(use, cpu_s=None)  # a job may have had less than it could use
            by_rule.setdefault(rule, []).append(use)
    failed_with = _least_requested_by_failed(run)
    found = [
        one
        for check in (_memory, _threads, _runtime)
        for rule, attempts in by_rule.items()
        if (one := check(rule, attempts)) is not None
        and not (check is _memory and failed_with.get(rule, one.requested) < one.requested)
    ]
    return sorted(found, key=lambda one: list(by_rule).index(one.rule))


def _least_requested_by_failed(run: Run) -> dict[str, int]:
    """Return the least memory that a failed attempt of each rule had requested, in bytes.

    Where the rule requests more on a retry, the failure may be why.
    """
    least: dict[str, int] = {}
    for attempt in run.attempts.values():
        rule = run.rule_of(attempt) if attempt.status in FAILED else None
        requested = resource_use(run, attempt).memory_requested_bytes if rule else None
        if rule and requested:
            least[rule] = min(requested, least.get(rule, requested))
    return least


def _memory(rule: str, attempts: list[ResourceUse]) -> RequestMismatch | None:
    known = [d for d in attempts if d.memory_requested_bytes and d.memory_peak_bytes is not None]
    if len(known) < len(attempts) or not known:
        return None
    requested = max(d.memory_requested_bytes or 0 for d in known)
    top = max(known, key=lambda d: d.memory_peak_bytes or 0)
    peak = top.memory_peak_bytes or 0
    too_much = requested >= peak * _TIMES_TOO_MUCH and requested - peak >= _SPARE_BYTES
    too_much = too_much and all(d.memory_is_whole and d.memory_was_asked_for for d in known)
    too_little = peak > requested * _TOO_CLOSE and not top.memory_peak_is_bound
    least = max(d.memory_least_bytes or 0 for d in known)
    if least > requested and not too_little:  # the peak lies between bounds, both above it
        return RequestMismatch(rule, "memory", requested, least, at_least=True)
    if not (too_much or too_little):
        return None
    bounds = top.memory_peak_is_bound, top.memory_peak_is_least
    return RequestMismatch(rule, "memory", requested, peak, *bounds)


def _threads(rule: str, attempts: list[ResourceUse]) -> RequestMismatch | None:
    known = [d for d in attempts if d.threads and d.cpu_s is not None and d.compute_s]
    if len(known) < len(attempts):
        return None
    requested = max((d.threads or 0 for d in known), default=0)
    compute_s = _sum(d.compute_s for d in known)
    if not requested or compute_s < _ENOUGH_COMPUTE_S:
        return None
    cores = _sum(d.cpu_s for d in known) / compute_s
    too_much, too_little = requested > 1 and cores <= requested / 2, cores >= requested * _MORE
    return RequestMismatch(rule, "threads", requested, cores) if too_much or too_little else None


def _runtime(rule: str, attempts: list[ResourceUse]) -> RequestMismatch | None:
    known = [d for d in attempts if d.runtime_requested_s and d.on_node_s is not None]
    if len(known) < len(attempts) or not known:
        return None
    requested = max(d.runtime_requested_s or 0 for d in known)
    longest = max(d.on_node_s or 0 for d in known)
    too_much = requested >= longest * _TIMES_TOO_MUCH and requested - longest >= _SPARE_S
    too_little = longest > requested * _TOO_CLOSE
    return RequestMismatch(rule, "runtime", requested, longest) if too_much or too_little else None


def _sum(values: Iterable[float | None]) -> float:
    return sum(value or 0.0 for value in values)
