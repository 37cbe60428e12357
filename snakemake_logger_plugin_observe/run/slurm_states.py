"""Slurm's names for the states of jobs, as squeue and sacct print them, and what each means."""

from typing import Final, Literal, NamedTuple

WAITING: Final = frozenset(
    {"PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESV_DEL_HOLD", "SPECIAL_EXIT"}
)
"""Jobs in the queue: the starts and ends that Slurm prints for them are those it expects."""
RUNNING: Final = frozenset(
    {*("RUNNING", "CONFIGURING", "SUSPENDED", "STOPPED", "RESIZING", "SIGNALING", "STAGE_OUT")}
)
"""Jobs that have nodes."""
COMPLETING: Final = "COMPLETING"
"""Jobs that are over, and are being cleaned up after."""
SUSPENDED: Final = frozenset({"SUSPENDED", "STOPPED"})
"""Of those, jobs whose processes stand still on their nodes."""


class End(NamedTuple):
    """What it means that a job ended in a state."""

    cause: Literal["out_of_memory", "time_limit", "lost", "cancelled"] | None = None
    """Why Slurm ended it; None if its script ended by itself."""
    cuts_script: bool = False
    """Whether the script may not have come to its last command: Slurm ended it from outside."""
    spares_tool: bool = False
    """Whether a tool that a signal of Slurm's ended did not fail by itself, nor by its limits."""


ENDS: Final[dict[str, End]] = {
    "COMPLETED": End(),
    "FAILED": End(),
    "OUT_OF_MEMORY": End("out_of_memory"),  # the kernel ends the tool, and the script goes on
    "TIMEOUT": End("time_limit", cuts_script=True),
    "DEADLINE": End("time_limit", cuts_script=True),
    "NODE_FAIL": End("lost", cuts_script=True, spares_tool=True),
    "BOOT_FAIL": End("lost", cuts_script=True),  # no tool had begun
    "CANCELLED": End("cancelled", cuts_script=True, spares_tool=True),
    "PREEMPTED": End("cancelled", cuts_script=True, spares_tool=True),
    "REVOKED": End("cancelled", spares_tool=True),  # it went on at another cluster
}
"""Jobs that are over."""
CUT_SCRIPTS: Final = frozenset(state for state, end in ENDS.items() if end.cuts_script)
SPARED_TOOLS: Final = frozenset(state for state, end in ENDS.items() if end.spares_tool)
BY_ITSELF: Final = frozenset(state for state, end in ENDS.items() if end.cause is None)
