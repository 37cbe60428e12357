"""A tool that takes longer than it did for the same work."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.changes import Change
from snakemake_logger_plugin_observe.analysis.evidence import Evidence
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.triage.tools import Tool
from snakemake_logger_plugin_observe.analysis.truth.finding import jobs_of, named
from snakemake_logger_plugin_observe.clock import Micros

CLASS: Final = "slow_tool"
_TIMES: Final = 1.5
_LEAST: Final = 500_000
"""A tool that takes this much longer, over all its jobs, is worth a word."""
_MORE: Final = 1.1
"""So much more data is worth a word beside a tool that is slower than it explains."""
_ALIKE: Final = 0.5
_CITED: Final = 3
_ASKS_MORE: Final = ("code", "script", "params", "command", "environment", "threads")


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for each rule whose tool explains why the run was slower."""
    slow = [name for name, tool in case.tools.items() if is_slow(tool)]
    if not case.slower or machine_is_slow(case, slow):
        return
    for name in slow:
        tool = case.tools[name]
        gained = round(case.computed(name) * tool.grew / tool.after)
        if case.explains_slowness(gained):
            yield _incident(case, name, tool, gained)


def is_slow(tool: Tool) -> bool:
    """Return whether a tool took much longer than in the baseline, and than more data would."""
    expected = max(1.0, tool.read_times)
    return tool.times >= _TIMES * expected and tool.grew >= _LEAST


def telling(case: Case) -> dict[str, Tool]:
    """Return the tools that tell of the machine: not of a rule that only gathers, in a moment."""
    return {name: tool for name, tool in case.tools.items() if tool.after >= _LEAST}


def machine_is_slow(case: Case, slow: list[str]) -> bool:
    """Return whether other tools grew much like the *slow* ones: then no tool is to blame."""
    others = [tool for name, tool in telling(case).items() if name not in slow]
    before, after = sum(t.before for t in others), sum(t.after for t in others)
    most = max((case.tools[name].times for name in slow), default=1.0)
    return len(slow) > 1 and after - before >= _ALIKE * (most - 1) * before


def _incident(case: Case, name: str, tool: Tool, gained: Micros) -> Incident:
    as_before = (("faster", f"{name}={max(tool.times / max(1.0, tool.read_times), 1):.3g}"),)
    changed = list(_asked_more(case, tool))
    if changed:
        what = named(dict.fromkeys(change.what for change in changed))
        action = Action(
            f"put back the {what} of {name}, or show that what the change brings is worth it",
            f"since the change its tool takes {tool.times:.1f} times as long",
            move=as_before,
        )
    elif tool.read_times >= _MORE:
        action = Action(
            f"ask whoever knows the tool of {name} whether its time grows so with its data; if "
            "it does, split the data over more jobs",
            f"it had {tool.read_times:.1f} times as much to read, and took {tool.times:.1f} times "
            "as long",
            escalate=True,
            move=as_before,
        )
    else:
        action = Action(
            f"ask whoever knows the tool of {name} what it does or waits for now: profile one of "
            "its jobs by itself",
            "its tool is slower, and nothing of the rule that the journals hold has changed",
            escalate=True,
            move=as_before,
        )
    jobs = sorted(tool.jobs, reverse=True)
    limit_s = _TIMES * max(was for _, was, _ in jobs) / 1e6
    return Incident(
        id=f"{CLASS}:{name}",
        incident_class=CLASS,
        lives_in="tool behavior",
        claim=f"the tool of {name} took {tool.after / 1e6:.1f} s in {jobs_of(len(jobs))}, "
        f"{tool.times:.1f} times the {tool.before / 1e6:.1f} s that they took in the baseline"
        f"{_with_more(tool)}",
        strength="certain",
        explains=gained,
        failures=0,
        evidence=(*cite(case, jobs), *(one for change in changed[:1] for one in change.evidence)),
        refuted_by=f"a job of {name} that is as quick as before when it runs by itself",
        action=action,
        check=f"rule_compute_s.{name} <= {max(limit_s, 1):.1f}",
        rules=(name,),
    )


def _with_more(tool: Tool) -> str:
    more = tool.read_times
    return f", with {more:.1f} times as much to read" if more >= _MORE else ""


def _asked_more(case: Case, tool: Tool) -> Iterator[Change]:
    """Yield what changed of a rule that can make its tool do more."""
    changes = case.comparison.work.changes if case.comparison is not None else ()
    return (one for one in changes if one.subject == tool.rule_before and one.what in _ASKS_MORE)


def cite(case: Case, jobs: list[tuple[Micros, Micros, int]]) -> tuple[Evidence, ...]:
    """Cite the attempts of the *jobs* that grew most, the slowest first."""
    line_of = {a.job_id: a.line for a in case.run.attempts.values()}
    return tuple(
        one
        for grew, was, job_id in jobs[:_CITED]
        for one in case.side.at_line(
            line_of.get(job_id), f"compute: {(was + grew) / 1e6:.2f} s, {was / 1e6:.2f} s before"
        )
    )
