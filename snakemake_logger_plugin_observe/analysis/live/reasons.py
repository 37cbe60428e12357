"""Why Slurm keeps a job pending: which of its reasons will not pass by waiting, and what to do.

The reasons are those of ``squeue`` (its manual's "Job reason codes"). One that is not named here is
no incident, nor is one that passes when other jobs end, as long as some of them run.
"""

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What keeps a job pending, and what to do about it."""

    kind: str
    means: str
    """What the reason means, to follow it in parentheses."""
    to_do: str
    """An imperative."""
    why: str
    """A clause that can follow ``because``."""
    escalate: bool = False
    passes: bool = False
    """Whether it passes when other jobs of the user or the account end."""


_LOWER: Final = "a job that asks for more than is allowed never starts"
_ASK: Final = "the limits are the account's: waiting helps only once other jobs of it have ended"
_NEVER: Final = "Slurm will not start it however long it waits"

_OBSTACLES: Final[tuple[tuple[str, Obstacle], ...]] = (
    (
        r"PartitionTimeLimit",
        Obstacle(
            "time_limit",
            "more time than the partition allows",
            "lower its runtime, split the group, or choose a partition that allows it",
            _LOWER,
        ),
    ),
    (
        r"Partition(NodeLimit|Config)",
        Obstacle(
            "partition",
            "more than the partition has or allows",
            "ask for less, or choose another partition",
            _LOWER,
        ),
    ),
    (
        r"Partition(Down|Inactive)",
        Obstacle(
            "partition",
            "the partition starts no jobs now",
            "choose another partition, or ask the administrators when it is back",
            "no job of this partition starts until then",
            escalate=True,
        ),
    ),
    (
        r"JobHeldUser|JobLaunchFailure|JobHoldMaxRequeue|.*requeued.*held.*",
        Obstacle(
            "held",
            "held until somebody releases it",
            "release what is held, once the reason for the hold is gone",
            "a held job does not start by itself",
        ),
    ),
    (
        r"JobHeldAdmin",
        Obstacle(
            "held",
            "held by an administrator",
            "ask the administrators for the reason",
            "only they can release it",
            escalate=True,
        ),
    ),
    (
        r"DependencyNeverSatisfied",
        Obstacle(
            "dependency",
            "a job that it depends on did not end as it must",
            "cancel it, and correct what it depends on",
            _NEVER,
        ),
    ),
    (
        r"(ReqNodeNotAvail|NodeDown|Nodes_required_for_job_are_DOWN|Nodes required for job).*",
        Obstacle(
            "nodes",
            "the nodes that are needed are down, drained or reserved",
            "choose other nodes or another partition, or ask the administrators when they are back",
            "no node that it may use takes jobs now",
            escalate=True,
        ),
    ),
    (
        r"BadConstraints",
        Obstacle(
            "nodes",
            "no node has what is asked for",
            "ask for what the cluster's nodes have (sinfo shows it)",
            _NEVER,
        ),
    ),
    (
        r"Invalid(Account|QOS)|AccountNotAllowed|QOSNotAllowed",
        Obstacle(
            "account",
            "the account or QOS may not be used there",
            "name an account, a QOS and a partition that go together",
            _NEVER,
        ),
    ),
    (
        r"(QOS|Assoc)(Max\w*(PerJob|PerNode)\w*|Max\w*WallDuration\w*|Min\w+)",
        Obstacle(
            "limit",
            "more than a single job of the account or QOS may use",
            "ask for less, or for another QOS",
            _LOWER,
        ),
    ),
    (
        r"(QOS|Assoc)Grp\w*(Minutes|RunMinutes)\w*",
        Obstacle(
            "limit",
            "the budget of the account or QOS is used up",
            "ask whoever manages the account for more, or use another account",
            "the budget does not come back by waiting",
            escalate=True,
        ),
    ),
    (
        r"(QOS|Assoc|MaxJobs|MaxSubmit|AssociationJobLimit|AssociationResourceLimit)\w*",
        Obstacle(
            "limit",
            "the account or QOS may not use more at once",
            "see what else runs under the account (squeue --me), or use another account or QOS",
            _ASK,
            passes=True,
        ),
    ),
)
_PATTERNS: Final = tuple((re.compile(pattern), found) for pattern, found in _OBSTACLES)


def obstacle(reason: str | None) -> Obstacle | None:
    """Return what Slurm's *reason* means, None if it passes by waiting or is not known."""
    return next((one for pattern, one in _PATTERNS if pattern.fullmatch(reason or "")), None)
