"""The lever on the tools: which rule's to make faster first."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.advice.lever import Choice, Lever, single
from snakemake_logger_plugin_observe.analysis.cost.account import Account
from snakemake_logger_plugin_observe.analysis.cost.joined_members import piped_rules
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.model import Run

_LEAST_TOOLS: Final = 2_000_000  # to make faster what takes less is not worth the work
_FULL: Final = 0.9
"""Of the machine's cores, so many are as good as all."""


def tools(run: Run, account: Account, least: Micros) -> Iterator[Choice]:
    """Yield faster tools of the rule that owns most of the run, but for services.

    A service runs for as long as other jobs use it: speeding it up saves nothing. That tools which
    keep the whole machine busy could be faster goes without saying.
    """
    if _machine_is_full(run, account):
        return
    services = {job.rule for job in run.jobs.values() if job.service}
    owned: dict[str, Micros] = {}
    for one in account.segments:
        if one.phase == "compute" and one.rule is not None and one.rule not in services:
            owned[one.rule] = owned.get(one.rule, 0) + one.end - one.start
    rule = max(owned, key=lambda name: (owned[name], name), default=None)
    if rule is not None and owned[rule] >= max(least, _LEAST_TOOLS):
        joined = sorted(_piped_with(run, rule))
        first = " and ".join(joined or [rule])
        yield single(
            Lever(
                "compute",
                f"speed up the tools, starting with {first}"
                + (", whichever the other waits for" if joined else ""),
                "twice as fast",
                (("faster", f"{rule}=2"),),
                rule=rule,
                at_most=bool(joined),
            )
        )


def _piped_with(run: Run, rule: str) -> frozenset[str]:
    """Return the rules that pipes join, *rule* among them: none if that has none."""
    groups = (piped_rules(run, group.members) for group in run.groups.values())
    return next((rules for rules in groups if rule in rules), frozenset())


def _machine_is_full(run: Run, account: Account) -> bool:
    """Whether the tools kept nearly all cores of the machine busy while they ran."""
    cpus = run.started.cpus if run.started is not None else None
    used = [one.used for one in run.attempts.values() if one.external_jobid is None]
    busy_s = sum((one.user_s or 0) + (one.system_s or 0) for one in used if one is not None)
    return cpus is not None and busy_s * 1e6 >= _FULL * cpus * max(
        1, account.makespan_by_phase.get("compute", 0)
    )
