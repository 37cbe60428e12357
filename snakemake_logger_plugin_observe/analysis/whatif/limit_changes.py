"""The limits that a scenario changes: what jobs request of them, and what that assumes."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import (
    CORES,
    JOBS,
    THREADS,
    Limits,
    asked,
    given,
    local_workers,
    may_ask_for_more,
)
from snakemake_logger_plugin_observe.analysis.whatif import transforms
from snakemake_logger_plugin_observe.analysis.whatif.model import Model
from snakemake_logger_plugin_observe.analysis.whatif.processors import NESTED, busy_cores
from snakemake_logger_plugin_observe.analysis.whatif.scenario import Scenario, ScenarioError
from snakemake_logger_plugin_observe.run.model import Run

_LONG: Final = 1_000_000


def limited(model: Model, run: Run, scenario: Scenario, assumptions: list[str]) -> Model:
    """Return *model* with the limits of *scenario*; what that assumes is added to *assumptions*.

    Raises:
        ScenarioError: if no job requests such a limit, or a job requests more than it.

    """
    if scenario.cores is not None and model.remote:
        raise ScenarioError("cores: this run submits its jobs, so its limit is --jobs")
    limits = _changed_limits(model, scenario)
    if not limits:
        return model
    known = Limits(run)
    requests = dict(model.requests)
    for name, limit in limits.items():
        if name not in requests:
            requests[name] = _requested(model, run, known, name)
        assumptions += _rising(model, run, name, limit)
        largest = max((a for i, a in enumerate(requests[name]) if i not in model.merged), default=0)
        if name not in (JOBS, CORES) and not any(requests[name]):
            raise ScenarioError(f"resources {name}: no job of this run requests it")
        if largest > limit and name == CORES:
            assumptions.append(
                f"a job that requests more than {_cores(limit)} takes as long on {limit}"
            )
        elif largest > limit and name not in model.asked:
            raise ScenarioError(f"resources {name}={limit}: a job requests {largest}")
    assumptions.append(_sharing(model))
    if JOBS in limits and model.workers is None and any(model.local):
        assumptions.append(
            f"no job on the main machine waits for one of its {local_workers(run)} workers"
        )
    return transforms.limited(model.changed(requests=requests), limits)


def _changed_limits(model: Model, scenario: Scenario) -> dict[str, int]:
    """Return the limits that *scenario* sets."""
    limits: dict[str, int] = dict(scenario.resources)
    if scenario.jobs is not None:  # a run without a cluster counts cores, whichever option is used
        limits[JOBS if model.remote else CORES] = scenario.jobs
    if scenario.cores is not None:
        limits[CORES] = scenario.cores
    return limits


def given_more(model: Model, run: Run, scenario: Scenario) -> list[str]:
    """Return, in words, which rules get more of what they ask for: their tools may be faster."""
    found = []
    for name, limit in _changed_limits(model, scenario).items():
        before = model.limits.get(name, limit)
        rising, _ = _rising_rules(run, name, before, limit)
        found += [
            f"{rule} gets {amount} {_what(name)} in place of {before}"
            for rule, amount in sorted(rising.items())
        ]
    return found


def _sharing(model: Model) -> str:
    """Return what is assumed of jobs that run at the same time."""
    if model.cores is None or not any(busy_cores(model)):
        return "tools take as long as recorded, however many run at once: each has its own cores"
    lengths = model.background.get("compute", [])
    known = all(model.cpu[i] for i, length in enumerate(lengths) if length >= _LONG)
    nested = any(any(model.background.get(phase, ())) for phase in NESTED)
    return (
        f"tools that together would keep more than {_cores(model.cores)} busy share {_them(model)}"
        + (", with the Snakemakes that start for jobs" if nested else "")
        + ("" if known else "; one whose CPU time is not known has its own")
    )


def _rising(model: Model, run: Run, name: str, limit: int) -> Iterator[str]:
    """Yield what is assumed of jobs that took all there was of a limit that is raised."""
    before = model.limits.get(name)
    if before is None or name == JOBS or limit <= before:
        return
    what = _what(name)
    rising, unsure = _rising_rules(run, name, before, limit)
    for rule, amount in sorted(rising.items()):
        yield f"{rule} asks for more {what} than it was given: it gets {amount}, and takes as long"
    for rule in sorted(unsure):
        yield f"{rule} requests all {before} {what}: whether it would request more is not known"


def _cores(number: float) -> str:
    return f"{number:.3g} core{'' if number == 1 else 's'}"


def _them(model: Model) -> str:
    return "it" if model.cores == 1 else "them"


def _what(name: str) -> str:
    return THREADS if name == CORES else name


def _rising_rules(run: Run, name: str, before: int, limit: int) -> tuple[dict[str, int], set[str]]:
    """Return what rules get of a raised limit that had less than they ask for, and which may."""
    rising: dict[str, int] = {}
    unsure: set[str] = set()
    for job in run.jobs.values() if name != JOBS else ():
        if (more := min(asked(job, name), limit)) > given(job, name):
            rising[job.rule] = max(rising.get(job.rule, 0), more)
        elif may_ask_for_more(job, name, before):
            unsure.add(job.rule)
    return rising, unsure


def _requested(model: Model, run: Run, known: Limits, name: str) -> list[int]:
    """Return what each submission requests of a limit that the run did not have."""
    if name == JOBS:
        return [1] * model.count
    found = []
    for i, key in enumerate(model.keys):
        attempts = [run.attempts.get(one) for one in model.merged.get(i, (key,))]
        found.append(sum(max(0, known.share(one, name)) for one in attempts if one is not None))
    return found
