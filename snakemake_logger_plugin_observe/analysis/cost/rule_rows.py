"""The costliest rules, and all others as one: so many as a screen has room for."""

from collections.abc import Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.cost.account import RuleShare
from snakemake_logger_plugin_observe.analysis.phrasing import plural

_SHOWN: Final = 12


def rule_rows(shares: Sequence[RuleShare]) -> tuple[RuleShare, ...]:
    """Return *shares*, the highest first, with those that have no row of their own as the last."""
    if len(shares) <= _SHOWN + 1:  # "1 more rule" takes the room of that rule
        return tuple(shares)
    return (*shares[:_SHOWN], _together(shares[_SHOWN:]))


def _together(rest: Sequence[RuleShare]) -> RuleShare:
    by_phase: dict[str, int] = {}
    for share in rest:
        for phase, micros in share.by_phase.items():
            by_phase[phase] = by_phase.get(phase, 0) + micros
    jobs, attempts = sum(share.jobs for share in rest), sum(share.attempts for share in rest)
    return RuleShare(f"… {plural(len(rest), 'more rule')}", None, jobs, attempts, by_phase)
