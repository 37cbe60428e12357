"""The vocabulary of time: every phase, its cost class, and what both mean in plain words.

A phase belongs to exactly one cost class, and a cost class names the kind of repair that its
phases call for.
"""

from typing import Final, NamedTuple

from snakemake_logger_plugin_observe.clock import Micros, to_seconds

UNOBSERVED: Final = "unobserved"
UNATTRIBUTED: Final = "unattributed"


class Phase(NamedTuple):
    """One label of the segments that tile an attempt or a run."""

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
    UNOBSERVED: "could not be split",
    UNATTRIBUTED: "nothing explains it",
}
"""The cost classes in the order in which they are shown, with their plain meaning."""

ATTEMPT_PHASES: Final = (
    Phase("slot_wait", "limits", "ready, but not chosen yet"),
    Phase("dispatch", "scheduling", "chosen, its submission not begun"),
    Phase("submit", "scheduling", "handing it to the cluster"),
    Phase("queue_wait", "queue", "waiting for a place to run"),
    Phase("node_startup", "scheduling", "starting Snakemake on the node"),
    Phase("node_plan", "planning", "the DAG built again on the node"),
    Phase("stage_in", "staging", "inputs, directories, storage"),
    Phase("compute", "compute", "the tool itself"),
    Phase("stage_out", "staging", "outputs checked and stored"),
    Phase("member_wait", "scheduling", "between the jobs of a group"),
    Phase("node_exit", "scheduling", "processes on the node ending"),
    Phase("poll_wait", "scheduling", "waiting for the next status poll"),
    Phase("latency_wait", "staging", "outputs not visible yet"),
    Phase("postprocess", "scheduling", "Snakemake finishing the job"),
    Phase(UNOBSERVED, UNOBSERVED, "could not be split"),
)
"""The phases of an attempt, in the order in which they happen."""

RUN_PHASES: Final = (
    Phase("import", "planning", "starting Snakemake"),
    Phase("parse", "planning", "reading the Snakefile"),
    Phase("plan", "planning", "building the DAG"),
    Phase("deploy", "staging", "environments and images"),
    Phase("select", "scheduling", "choosing jobs"),
    Phase("main_loop", "scheduling", "the scheduler's other work"),
    Phase("hooks", "scheduling", "onstart, onsuccess, onerror"),
    Phase("shutdown", "scheduling", "last job done → exit"),
    Phase(UNATTRIBUTED, UNATTRIBUTED, "nothing explains it"),
)
"""The phases of the run itself."""

PHASES: Final[dict[str, Phase]] = {p.name: p for p in (*RUN_PHASES, *ATTEMPT_PHASES)}
"""Every phase by its name."""


def cost_class(phase: str) -> str:
    """Return the cost class of *phase*."""
    return PHASES[phase].cost_class


def by_class(by_phase: dict[str, int]) -> dict[str, int]:
    """Return the sums of *by_phase* per cost class, every class named, in showing order."""
    totals = dict.fromkeys(CLASSES, 0)
    for phase, micros in by_phase.items():
        totals[cost_class(phase)] += micros
    return totals


def in_seconds(by_name: dict[str, Micros]) -> dict[str, float]:
    """Return sums per phase or class in seconds."""
    return {name: to_seconds(micros) for name, micros in by_name.items()}
