"""What to do about Slurm's reasons that will not pass by waiting for nodes.

A reason that is no obstacle is no incident, nor is one that passes when other jobs end, as long as
some of them run.
"""

from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.run.slurm_reasons import Kind, kind_of


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What keeps a job pending, and what to do about it."""

    means: str
    """What the reason means, to follow it in parentheses."""
    to_do: str
    """An imperative."""
    why: str
    """A clause that can follow ``because``."""
    escalate: bool = False
    passes: bool = False
    """Whether it passes when other jobs of the user or the account end."""
    comes_again: bool = False
    """Whether the same job, submitted again, is kept for the same reason."""


_LOWER: Final = "a job that asks for more than is allowed never starts"
_ASK: Final = "the limits are the account's: waiting helps only once other jobs of it have ended"
_NEVER: Final = "Slurm will not start it however long it waits"

_ALLOWED_NO_MORE: Final = Obstacle(
    "the partition does not allow what is requested",
    "lower its runtime, split the group, or choose a partition that allows it",
    "Slurm calls it so when more time, nodes or memory were requested than the partition allows",
    comes_again=True,
)
"""What the accounting's reason means of a job that was cancelled while it was over a limit."""
_OBSTACLES: Final[dict[Kind, Obstacle]] = {
    "time_limit": Obstacle(
        "more time than the partition allows",
        "lower its runtime, split the group, or choose a partition that allows it",
        _LOWER,
        comes_again=True,
    ),
    "partition_limit": Obstacle(
        "more than the partition has or allows",
        "ask for less, or choose another partition",
        _LOWER,
        comes_again=True,
    ),
    "partition_down": Obstacle(
        "the partition starts no jobs now",
        "choose another partition, or ask the administrators when it is back",
        "no job of this partition starts until then",
        escalate=True,
    ),
    "held": Obstacle(
        "held until somebody releases it",
        "release what is held, once the reason for the hold is gone",
        "a held job does not start by itself",
    ),
    "held_by_administrator": Obstacle(
        "held by an administrator",
        "ask the administrators for the reason",
        "only they can release it",
        escalate=True,
    ),
    "failed_dependency": Obstacle(
        "a job that it depends on did not end as it must",
        "correct what it depends on",
        _NEVER,
        comes_again=True,
    ),
    "nodes": Obstacle(
        "the nodes that are needed are down, drained or reserved",
        "choose other nodes or another partition, or ask the administrators when they are back",
        "no node that it may use takes jobs now",
        escalate=True,
    ),
    "constraints": Obstacle(
        "no node has what is asked for",
        "ask for what the cluster's nodes have (sinfo shows it)",
        _NEVER,
        comes_again=True,
    ),
    "account": Obstacle(
        "the account or QOS may not be used there",
        "name an account, a QOS and a partition that go together",
        _NEVER,
        comes_again=True,
    ),
    "limit_of_one_job": Obstacle(
        "more than a single job of the account or QOS may use",
        "ask for less, or for another QOS",
        _LOWER,
        comes_again=True,
    ),
    "budget": Obstacle(
        "the budget of the account or QOS is used up",
        "ask whoever manages the account for more, or use another account",
        "the budget does not come back by waiting",
        escalate=True,
    ),
    "shared_limit": Obstacle(
        "the account or QOS may not use more at once",
        "see what else runs under the account (squeue --me), or use another account or QOS",
        _ASK,
        passes=True,
    ),
}


def obstacle(reason: str | None) -> Obstacle | None:
    """Return what Slurm's *reason* means, None if it passes by waiting or is not known."""
    kind = kind_of(reason)
    return _OBSTACLES.get(kind) if kind is not None else None


def recorded_obstacle(reason: str | None) -> Obstacle | None:
    """Return what a reason in the accounting's record of a job means; None as above."""
    return _ALLOWED_NO_MORE if reason == "PartitionConfig" else obstacle(reason)
