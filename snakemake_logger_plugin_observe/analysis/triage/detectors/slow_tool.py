"""A tool takes longer than before for the same work."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.tool_times import (
    TIMES,
    Tool,
    added_work,
    is_slow,
    significant,
)
from snakemake_logger_plugin_observe.analysis.phrasing import jobs_of, named
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.triage.time_evidence import cite_grown
from snakemake_logger_plugin_observe.clock import Micros

CLASS: Final = "slow_tool"
_PLANNING: Final = ("import", "parse", "plan")
_MORE: Final = 1.1
"""From this factor on, the growth of its input data is mentioned."""


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for each rule whose tool explains why the run was slower."""
    if not (case.slower or case.tools_slower) or case.machine_is_slow:
        return
    for name, tool in case.tools.items():
        if not is_slow(tool):
            continue
        gained = round(case.computed(name) * tool.grew / tool.after)
        if case.explains_slowness(gained) or _took_most_of_it(case, tool):
            yield _incident(case, name, tool, gained)


def _took_most_of_it(case: Case, tool: Tool) -> bool:
    """Whether a tool explains why the jobs of a run that ran some took longer than last time."""
    known = case.tools_slower
    return known is not None and tool.grew / 1e6 >= 0.25 * (known.after_s - known.before_s)


def _incident(case: Case, name: str, tool: Tool, gained: Micros) -> Incident:
    as_before = (("faster", f"{name}={max(tool.times / max(1.0, tool.read_times), 1):.3g}"),)
    changed = added_work(case.changes, tool)
    if changed:
        what = named(dict.fromkeys(change.what for change in changed))
        action = Action(
            f"revert the change of {what} in {name}, or confirm that it is worth the time",
            f"its tool takes {tool.times:.1f} times as long since that change",
            move=as_before,
        )
    elif tool.read_times >= _MORE:
        action = Action(
            f"ask the maintainers of the tool of {name} whether its time grows like this with its "
            "data; if so, split the data over more jobs",
            f"it read {tool.read_times:.1f} times as much, and took {tool.times:.1f} times as long",
            escalate=True,
            move=as_before,
        )
    else:
        action = Action(
            f"profile one job of {name} by itself, and ask the maintainers of its tool what it "
            "does or waits for",
            "its tool is slower, and the journals record no change in the rule",
            escalate=True,
            move=as_before,
        )
    jobs = tool.jobs
    before = "when they last ran" if case.tools_slower is not None else "of the baseline"
    return Incident(
        id=f"{CLASS}:{name}",
        incident_class=CLASS,
        where="tool behavior",
        claim=f"the tool of {name} took {tool.after / 1e6:.1f} s in {jobs_of(len(jobs))}, "
        f"{tool.times:.1f} times the {tool.before / 1e6:.1f} s {before}"
        f"{_with_more(tool)}",
        strength="certain" if len(jobs) > 1 and _machine_is_ruled_out(case, tool) else "likely",
        explains=gained,
        failures=0,
        evidence=(
            *cite_grown(case, jobs),
            *(one for change in changed[:1] for one in change.evidence),
        ),
        wrong_if=f"a job of {name} is as fast as before when it runs by itself",
        action=action,
        check=_check(name, tool),
        rules=(name,),
    )


def _machine_is_ruled_out(case: Case, tool: Tool) -> bool:
    """Whether other tools, or else reading and planning the workflow, did not slow as much."""
    half = 1 + (tool.times - 1) / 2
    others = [one for one in significant(case.tools).values() if one is not tool]
    if others:
        return sum(one.after for one in others) < half * sum(one.before for one in others)
    before = sum(case.baseline_by_phase.get(phase, 0) for phase in _PLANNING)
    return 0 < case.spent(*_PLANNING) < half * before


def _check(name: str, tool: Tool) -> str | None:
    """Return a limit on the rule's longest job that this run breaks, if that has grown."""
    limit_s = max(TIMES * max(was for _, was, _ in tool.jobs) / 1e6, 1.0)
    longest_now_s = max(was + grew for grew, was, _ in tool.jobs) / 1e6
    return f"rule_compute_s.{name} <= {limit_s:.1f}" if longest_now_s > limit_s else None


def _with_more(tool: Tool) -> str:
    more = tool.read_times
    return f", with {more:.1f} times as much to read" if more >= _MORE else ""
