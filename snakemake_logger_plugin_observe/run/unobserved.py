"""Why time of an attempt is ``unobserved``: the reasons, as written in a journal."""

from typing import Final

NO_WRAPPER: Final = "run without --executor timed: no breakdown into queue, node and tool"
TOUCHED: Final = "--touch only touched its outputs: no tool ran"
NOT_TIMED: Final = "the stages inside this executor could not be timed"
NO_NODE_STAMPS: Final = "no timing from the node yet"
ONLY_A_SIGN: Final = "no timing from the node after its first sign of life"
NODE_CUT_OFF: Final = "the node's processes did not report their end"
UNNOTICED: Final = "it had ended in the cluster, and no status check found that"
STILL_RUNNING: Final = (
    "its tool was still running when Snakemake was done with it: its end was not seen"
)
ENDED_EARLY: Final = "the executor reported the end before the node had ended"
ENDED_EARLY_OR_SET: Final = f"{ENDED_EARLY}, or the node's clock was set after its earlier jobs"
SUSPENDED: Final = "the cluster suspended it, and since when is not known"
OTHER_CLOCK: Final = "its node has the main host's name, but another clock"
CLOCK_SET: Final = "the node's clock was set meanwhile: its processes' times may not fit together"
STARTED_AGAIN: Final = "the cluster started it {count} times: the end of earlier starts is unknown"
PAUSED: Final = (
    "the main process did not run from {start} to {end} (stopped, or its machine asleep): what "
    "happened meanwhile was seen only after that"
)


def in_the_end(reason: str) -> str:
    """Return a *reason* as it is said of a run that does not go on."""
    return reason.removesuffix(" yet")
