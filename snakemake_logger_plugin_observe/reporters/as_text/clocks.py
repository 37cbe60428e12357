"""Warnings about nodes' clocks: a line for each that is off, one for all others that matter."""

from collections.abc import Iterator, Sequence

from snakemake_logger_plugin_observe.analysis.cost.node_clocks import NodeClock
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.clock import Micros


def lines(clocks: Sequence[NodeClock], makespan: Micros) -> Iterator[str]:
    """Yield how far the nodes' clocks limit the accuracy of a run's figures."""
    agreeing = []
    for one in clocks:
        if one.is_off:
            yield _off(one)
        elif one.matters(makespan):
            agreeing.append(one)
    if agreeing:
        whose = (
            f"clock of {agreeing[0].host} is"
            if len(agreeing) == 1
            else f"clocks of {len(agreeing)} nodes are"
        )
        attempts = sum(one.attempts for one in agreeing)
        worst = max(one.uncertainty_s or 0 for one in agreeing)
        yield f"the {whose} assumed to agree with the main process's: {_waits(attempts, worst)}"


def _off(one: NodeClock) -> str:
    side = "ahead" if one.ahead_s > 0 else "behind"
    text = f"{one.host}'s clock is {abs(one.ahead_s):.1f} s {side}"
    if one.exact:
        return f"{text}, measured by the same kernel: no figure is affected"
    nearer, farther = (one.low_s, one.high_s) if one.ahead_s > 0 else (one.high_s, one.low_s)
    more = "or more" if farther is None else f"and {abs(farther):.1f}"
    text += f" ({'between ' if farther is not None else ''}{abs(nearer or 0):.1f} {more})"
    if one.uncertainty_s is None:
        return text
    return f"{text}: {_waits(one.attempts, one.uncertainty_s)}"


def _waits(attempts: int, uncertainty_s: float) -> str:
    return (
        f"queue_wait and poll_wait of {plural(attempts, 'attempt')} there are each accurate "
        f"to {uncertainty_s:.1f} s; their sum is exact"
    )
