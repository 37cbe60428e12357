"""Slurm's names for the states of jobs that have not ended, as squeue and sacct print them."""

from typing import Final

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
