"""The first sentence of ``cost``: where most of the time went, or that the shutdown goes on."""

from typing import Final

from rich.console import RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.reporters.answers import CostAnswer
from snakemake_logger_plugin_observe.reporters.words import duration, harmless, percent
from snakemake_logger_plugin_observe.run.phases import PHASES, UNATTRIBUTED
from snakemake_logger_plugin_observe.run.scope import all_done

_SENTENCES: Final = {
    "compute": "The tools took {share} % of {run}",
    "scheduling": "Snakemake's own overhead took {share} % of {run}",
    "planning": "Starting Snakemake, reading the Snakefile and building the DAG took {share} % of "
    "{run}",
    "limits": "Waiting for a free slot under your own limits took {share} % of {run}",
    "job_script": "Job scripts, before Snakemake began in them, took {share} % of {run}",
    "held": "Jobs that the cluster held back took {share} % of {run}",
    "queue": "Waiting in the cluster's queue took {share} % of {run}",
    "staging": "Waiting for files took {share} % of {run}",
    "unobserved": "No breakdown is available for {share} % of {run}",
    UNATTRIBUTED: "Nothing in the journal explains {share} % of {run}",
}


def sentence(answer: CostAnswer) -> str:
    """Return the largest cost class in one sentence, with its largest phase."""
    account = answer.account
    if not account.makespan:
        return "This run has no recorded time yet."
    run = "the run so far" if answer.source.status == "running" else "this run"
    name, micros = max(account.makespan_by_class.items(), key=lambda item: item[1])
    which = "held" if name == "limits" and account.mostly_held else name
    script = account.makespan_by_phase.get("job_script", 0)
    if name == "scheduling" and 2 * script > micros:
        which, micros = "job_script", script
    text = _SENTENCES[which].format(share=percent(micros, account.makespan), run=run)
    phases = {p: m for p, m in account.makespan_by_phase.items() if PHASES[p].cost_class == name}
    if len(phases) > 1 and which != "job_script":
        phase, part = max(phases.items(), key=lambda item: item[1])
        meaning = PHASES[phase].meaning
        text += f"; the largest part is {phase} ({meaning}): {percent(part, account.makespan)} %"
    if name == "limits" and answer.holds:
        text += f"; {harmless(answer.holds[0].in_words)}"
    if name != "compute" and not account.makespan_by_class["unobserved"]:
        tools = account.makespan_by_class["compute"]
        text += f"; the tools took {percent(tools, account.makespan)} %"
    return text + "."


def shuts_down(answer: CostAnswer) -> list[RenderableType]:
    """Return that a run which goes on has only its shutdown left, and for how long."""
    run = answer.source.run
    if answer.source.status != "running" or not all_done(run):
        return []
    lasted = duration(answer.account.makespan_by_phase.get("shutdown", 0))
    text = f"All jobs are done, and the shutdown goes on, for {lasted} so far"
    if answer.polling is not None and not answer.observed.woken:
        text += ": Snakemake waits for its executor, which may sleep until its next status check"
    return [Text(f"{text}.")]
