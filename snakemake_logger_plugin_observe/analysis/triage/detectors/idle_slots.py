"""Jobs were ready and slots were free: a limit is too low, or the scheduler selected nothing."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import (
    CORES,
    JOBS,
    limits_in_force,
)
from snakemake_logger_plugin_observe.analysis.cost.selection_rate import (
    FLAG,
    Rate,
    selection_rate,
)
from snakemake_logger_plugin_observe.analysis.path.holds import Hold, held_by_rate
from snakemake_logger_plugin_observe.analysis.path.utilisation import (
    HeldBack,
    held_back_by_limit,
    utilisation,
)
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.triage.time_evidence import cite_longest, phase_limit
from snakemake_logger_plugin_observe.analysis.whatif.scenario import Argument
from snakemake_logger_plugin_observe.pasting import command
from snakemake_logger_plugin_observe.run.model import Run

CLASS: Final = "idle_slots"
_RATE_TIMES: Final = 10
_PHYSICAL: Final = frozenset({"mem_mb", "mem_mib", "disk_mb", "disk_mib"})
"""Limits on what a machine physically has: holding jobs back by one is no mistake by itself."""
_FLAGS: Final = {JOBS: "--jobs", CORES: "--cores"}


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for a limit that held jobs back while slots were free, or for a stall."""
    incidents = list(_limits(case))
    yield from incidents
    if not incidents:
        yield from _stalls(case)


def _limits(case: Case) -> Iterator[Incident]:
    now, before = _limits_of(case.run), _limits_of(case.baseline)
    lowered = {name for name, limit in now.items() if limit < before.get(name, limit)}
    lowered |= {name for name in now.keys() - before.keys() if case.slower and name not in _FLAGS}
    named = now.keys() - _PHYSICAL - _FLAGS.keys()
    if not (lowered or (named and case.is_large(case.run.makespan))):
        return
    for name, one in held_back_by_limit(case.run).items():
        slower = name in lowered and case.explains_slowness(one.length)
        if slower or (name in named and case.is_large(one.idle)):
            yield _limit(case, name, one, now[name], before.get(name) if slower else None)


def _limit(case: Case, name: str, one: HeldBack, limit: int, before: int | None) -> Incident:
    length = min(one.idle, case.run.makespan)
    if before is not None and case.comparison is not None:
        length = min(one.length, round((case.comparison.speed.change_s or 0) * 1e6))
    flag = _FLAGS.get(name, f"{name} in --resources")
    lower = f" ({before} in the baseline)" if before is not None else ""
    idle = f"; for {one.idle / 1e6:.1f} s at least half of the slots were free" if one.idle else ""
    return Incident(
        id=f"{CLASS}:{name}",
        incident_class=CLASS,
        where="operating context",
        claim=f"ready jobs were held back for {one.length / 1e6:.1f} s by {name} = {limit}{lower}"
        f"{idle}",
        strength="certain" if before is not None and one.idle else "likely",
        explains=length,
        failures=0,
        evidence=(*_setting(case, name, limit), *cite_longest(case, ("slot_wait",))),
        wrong_if=f"a run with a higher {name} takes as long",
        action=Action(
            f"raise {flag} to what the machine, the cluster or the license allows",
            "jobs were ready, and only this limit held them back",
            move=(_raised(name, before if before is not None else 2 * limit),),
        ),
        check=phase_limit(case, "slot_wait"),
    )


def _raised(name: str, limit: int) -> Argument:
    if name in _FLAGS:
        return _FLAGS[name].removeprefix("--"), f"{limit}"
    return "resources", f"{name}={limit}"


def _setting(case: Case, name: str, limit: int) -> tuple[Citation, ...]:
    return case.side.at_start(f"{name}: {limit}")


def _stalls(case: Case) -> Iterator[Incident]:
    """Yield an incident if jobs were ready and slots free, but the scheduler selected nothing."""
    waited = case.spent("slot_wait")
    if not (case.is_large(waited) or case.explains_slowness(case.grew("slot_wait"))):
        return
    rate = selection_rate(case.run)
    hold = held_by_rate(case.run, case.account.segments)
    if hold is not None and rate is not None and hold.length >= waited / 2:
        yield _rate(case, hold, rate)
        return
    use = utilisation(case.run)
    if not use.stalls or use.stalled < waited / 2:
        return
    first = use.stalls[0]
    evidence = tuple(
        cited
        for one in use.stalls[:3]
        for cited in case.side.at_line(one.line, f"slot_wait: {one.length / 1e6:.1f} s of a stall")
    )
    if not evidence:
        return
    yield Incident(
        id=f"{CLASS}:stall",
        incident_class=CLASS,
        where="operating context",
        claim=f"jobs were ready and slots were free for {waited / 1e6:.1f} s of the run, up to "
        f"{first.length / 1e6:.1f} s at a time",
        strength="likely",
        explains=waited,
        failures=0,
        evidence=evidence,
        wrong_if="a limit that the journal does not record was in force, such as one of the "
        "executor",
        action=Action(
            "try --scheduler greedy, and see what the main process did meanwhile",
            "the jobs fitted into the free slots, but the scheduler did not select them",
            commands=(
                command("snakemake-observe", "path", *case.journal, purpose="the main process"),
            ),
        ),
        check=phase_limit(case, "slot_wait"),
    )


def _rate(case: Case, one: Hold, rate: Rate) -> Incident:
    """Return the incident of jobs that were let go at a rate, though slots were free."""
    higher = replace(rate, most=rate.most * _RATE_TIMES)
    return Incident(
        id=f"{CLASS}:rate",
        incident_class=CLASS,
        where="operating context",
        claim=f"{one.in_words}, though slots were free",
        strength="certain",
        explains=one.length,
        failures=0,
        evidence=(
            *case.side.at_start("max_jobs_per_timespan"),
            *cite_longest(case, ("slot_wait",)),
        ),
        wrong_if=f"a run with {FLAG} {higher} takes as long",
        action=Action(
            f"raise {FLAG} from {rate} to {higher}, or leave it out",
            "jobs were ready and slots free, but no more were let go in that time",
            move=((FLAG.removeprefix("--"), f"{higher}"),),
        ),
        check=phase_limit(case, "slot_wait"),
    )


def _limits_of(run: Run | None) -> dict[str, int]:
    """Return the limits in force, by name."""
    return limits_in_force(run) if run is not None else {}
