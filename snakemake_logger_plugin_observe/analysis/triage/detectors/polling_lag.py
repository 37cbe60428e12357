"""Jobs had ended, but Snakemake waited for its next status check."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.cost.polling import Polling, polling, sooner_s
from snakemake_logger_plugin_observe.analysis.cost.waking import (
    SETTING,
    can_be_advised,
    was_woken,
)
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.triage.time_evidence import (
    cite_longest,
    matters,
    phase_limit,
)

CLASS: Final = "polling_lag"
_PHASES: Final = ("poll_wait", "shutdown")


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident if waiting for status checks matters, or explains why it was slower."""
    governed = polling(case.run)
    # With early checks, what is left is the cluster's lag: no interval is to blame.
    if governed is None or was_woken(case.run) or not matters(case, *_PHASES):
        return
    waited = case.spent(*_PHASES)
    cited = cite_longest(case, ("poll_wait",))
    if not cited:
        return
    yield Incident(
        id=CLASS,
        incident_class=CLASS,
        where="operating context",
        claim=f"{waited / 1e6:.0f} s of the run went into waiting for the next status check, "
        f"which {_how_often(governed)}",
        strength="certain",
        explains=waited,
        failures=0,
        evidence=cited,
        wrong_if="a run whose jobs are checked sooner takes as long",
        action=_action(case, governed),
        check=phase_limit(case, max(_PHASES, key=case.spent)),
    )


def _action(case: Case, governed: Polling) -> Action:
    why = "jobs had ended, but Snakemake had not checked their status yet"
    before = polling(case.baseline) if case.baseline is not None else None
    aim = before.shortest_s if before is not None else 0
    if can_be_advised(case.run) and not 0 < aim < governed.shortest_s:
        return Action(f"add {SETTING}", why, move=(("wake", None),))
    sooner = f"{aim if 0 < aim < governed.shortest_s else sooner_s(governed):g}"
    return Action(
        f"lower {governed.setting} to {sooner} s (check your site's polling policy first)",
        why,
        move=(("poll", sooner),),
    )


def _how_often(governed: Polling) -> str:
    if not governed.growth or governed.longest_s <= governed.shortest_s:
        return f"comes every {governed.longest_s:.0f} s"
    return f"came every {governed.shortest_s:g} to {governed.longest_s:.0f} s: {governed.growth}"
