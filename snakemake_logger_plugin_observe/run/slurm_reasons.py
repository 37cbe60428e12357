"""Slurm's reasons for which a job is pending, by kind: what it takes until the job can start.

The names are those of ``squeue`` and ``sacct`` (squeue's manual, "Job reason codes"). A reason that
is not listed, such as Priority or Resources, passes as soon as nodes are free.
"""

import re
from functools import lru_cache
from typing import Final, Literal

Kind = Literal[
    "time_limit",
    "partition_limit",
    "partition_down",
    "held",
    "held_by_administrator",
    "failed_dependency",
    "nodes",
    "constraints",
    "account",
    "limit_of_one_job",
    "budget",
    "shared_limit",
    "later",
]

_PATTERNS: Final[dict[Kind, str]] = {
    "time_limit": r"PartitionTimeLimit",
    "partition_limit": r"Partition(NodeLimit|Config)",
    "partition_down": r"Partition(Down|Inactive)",
    "held": r"JobHeldUser|JobLaunchFailure|JobHoldMaxRequeue|.*requeued.*held.*",
    "held_by_administrator": r"JobHeldAdmin",
    "failed_dependency": r"DependencyNeverSatisfied",
    "nodes": r"(ReqNodeNotAvail|NodeDown|Nodes_required_for_job_are_DOWN|Nodes required for job).*",
    "constraints": r"BadConstraints",
    "account": r"Invalid(Account|QOS)|AccountNotAllowed|QOSNotAllowed",
    "limit_of_one_job": r"(QOS|Assoc)(Max\w*(PerJob|PerNode)\w*|Max\w*WallDuration\w*|Min\w+)",
    "budget": r"(QOS|Assoc)Grp\w*(Minutes|RunMinutes)\w*",
    "shared_limit": r"(QOS|Assoc|Max)\w*",
    "later": r"BeginTime|Dependency|JobArrayTaskLimit|Licenses|Reservation|AccountingPolicy",
}
"""The first that fits counts."""
_LONGEST: Final = 200
"""Slurm's are shorter, but for lists of nodes; a tampered journal's may take long to compare."""


@lru_cache
def kind_of(reason: str | None) -> Kind | None:
    """Return the kind of *reason*; None if the job waits for its turn, or the reason is unknown."""
    name = (reason or "")[:_LONGEST].strip("()")
    return next((kind for kind, known in _PATTERNS.items() if re.fullmatch(known, name)), None)


def keeps_back(reason: str | None) -> bool:
    """Whether a job that is pending for *reason* may not start even if nodes are free."""
    return kind_of(reason) not in (None, "nodes")
