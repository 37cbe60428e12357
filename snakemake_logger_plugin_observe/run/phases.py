"""Every phase and its cost class, with their meaning in plain words.

A phase belongs to exactly one cost class; a cost class stands for one kind of fix.
"""

from typing import Final, NamedTuple

from snakemake_logger_plugin_observe.clock import Micros, to_seconds

UNOBSERVED: Final = "unobserved"
UNATTRIBUTED: Final = "unattributed"


class Phase(NamedTuple):
    """A label of the segments that tile an attempt or a run."""

    name: str
    cost_class: str
    meaning: str


CLASSES: Final[dict[str, str]] = {
    "planning": "reading and building the DAG",
    "scheduling": "Snakemake's own overhead",
    "limits": "your --jobs, --cores, resources",
    "queue": "waiting in the cluster",
    "staging": "files: waiting, fetching, storing",
    "compute": "the tools",
    UNOBSERVED: "no breakdown available",
    UNATTRIBUTED: "nothing explains it",
}
"""The cost classes in display order, with their meaning."""

ATTEMPT_PHASES: Final = (
    Phase("slot_wait", "limits", "ready, waiting for a free slot"),
    Phase("dispatch", "scheduling", "selected, not submitted yet"),
    Phase("submit", "scheduling", "submitting it to the cluster"),
    Phase("held", "limits", "held back in the cluster"),
    Phase("queue_wait", "queue", "queued in the cluster"),
    Phase("job_script", "scheduling", "its job script, before Snakemake"),
    Phase("node_startup", "scheduling", "starting Snakemake on the node"),
    Phase("node_plan", "planning", "rebuilding the DAG on the node"),
    Phase("stage_in", "staging", "inputs, directories, storage"),
    Phase("compute", "compute", "the tool itself"),
    Phase("stage_out", "staging", "outputs checked and stored"),
    Phase("member_wait", "scheduling", "between the jobs of a group"),
    Phase("node_exit", "scheduling", "processes on the node ending"),
    Phase("poll_wait", "scheduling", "waiting for the next status check"),
    Phase("latency_wait", "staging", "outputs not visible yet"),
    Phase("postprocess", "scheduling", "Snakemake finishing the job"),
    Phase(UNOBSERVED, UNOBSERVED, "no breakdown available"),
)
"""The phases of an attempt, in chronological order."""

RUN_PHASES: Final = (
    Phase("import", "planning", "starting Snakemake"),
    Phase("parse", "planning", "reading the Snakefile"),
    Phase("plan", "planning", "building the DAG"),
    Phase("deploy", "staging", "environments and images"),
    Phase("select", "scheduling", "selecting jobs"),
    Phase("main_loop", "scheduling", "the scheduler's other work"),
    Phase("hooks", "scheduling", "onstart, onsuccess, onerror"),
    Phase("shutdown", "scheduling", "last job done → exit"),
    Phase(UNATTRIBUTED, UNATTRIBUTED, "nothing explains it"),
)
"""The phases of the run itself."""

PHASES: Final[dict[str, Phase]] = {p.name: p for p in (*RUN_PHASES, *ATTEMPT_PHASES)}
"""Every phase by name."""


def cost_class(phase: str) -> str:
    """Return the cost class of *phase*."""
    return PHASES[phase].cost_class


def by_class(by_phase: dict[str, int]) -> dict[str, int]:
    """Return the sums of *by_phase* per cost class: every class, in display order."""
    totals = dict.fromkeys(CLASSES, 0)
    for phase, micros in by_phase.items():
        totals[cost_class(phase)] += micros
    return totals


def in_seconds(by_name: dict[str, Micros]) -> dict[str, float]:
    """Return sums per phase or class in seconds."""
    return {name: to_seconds(micros) for name, micros in by_name.items()}
