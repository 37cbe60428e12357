"""All tools take longer for the same work: the machine is slower, or shared."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.tool_times import significant
from snakemake_logger_plugin_observe.analysis.phrasing import jobs_of
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.triage.time_evidence import cite_grown

CLASS: Final = "slow_host"


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident if all tools together explain why the run was slower."""
    if not case.slower or not case.machine_is_slow:
        return
    tools = significant(case.tools)
    before = sum(tool.before for tool in tools.values())
    after = sum(tool.after for tool in tools.values())
    gained = round(case.spent("compute") * (after - before) / after)
    if not case.explains_slowness(gained):
        return
    jobs = [job for tool in tools.values() for job in tool.jobs]
    yield Incident(
        id=CLASS,
        incident_class=CLASS,
        where="operating context",
        claim=f"the tools of all {len(tools)} rules took {after / before:.1f} times as long "
        f"as in the baseline, in the same {jobs_of(len(jobs))}",
        strength="likely",
        explains=gained,
        failures=0,
        evidence=cite_grown(case, jobs),
        wrong_if="a run on an idle machine of the same type takes as long",
        action=Action(
            "ask the administrators of these machines what else ran there, and whether the "
            "machines are of the same type as before",
            "tools that have nothing in common are all slower",
            escalate=True,
        ),
    )
