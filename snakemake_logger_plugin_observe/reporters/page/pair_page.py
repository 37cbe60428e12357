"""The page of two runs: the verdict, both makespans and timelines on one scale, and what moved."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from snakemake_logger_plugin_observe.analysis.cost.observed import observed
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.pasting import harmless
from snakemake_logger_plugin_observe.reporters.answers import CostAnswer
from snakemake_logger_plugin_observe.reporters.as_text import compare
from snakemake_logger_plugin_observe.reporters.forms.text import UNLIMITED
from snakemake_logger_plugin_observe.reporters.page import pictures, sections
from snakemake_logger_plugin_observe.reporters.page.answer import PageSide, PairAnswer
from snakemake_logger_plugin_observe.reporters.page.blocks import blocks
from snakemake_logger_plugin_observe.reporters.page.frame import framed
from snakemake_logger_plugin_observe.reporters.page.run_page import facts, state, title
from snakemake_logger_plugin_observe.reporters.words import decimals, percent, seconds
from snakemake_logger_plugin_observe.run.attempt import FAILED
from snakemake_logger_plugin_observe.run.phases import CLASSES, PHASES

_MATTERS: Final = 0.005
"""The share of the longer run that a phase has at least in one of the two to be shown."""


def render(answer: PairAnswer) -> str:
    """Return the page of two runs; A is the baseline."""
    sides = (answer.before, answer.after)
    longest = max(one.account.makespan for one in sides)
    shown = [_side(name, one, longest) for name, one in zip("AB", sides, strict=True)]
    found = blocks(compare.parts(answer.compared, UNLIMITED))
    runs = {f"{name}  " for name in "AB"}
    return framed(
        "pair",
        pictures.of_two(*((one.source, one.rows, one.paths) for one in sides)),
        [(one["name"], one["bar"]) for one in shown if one["bar"]],
        title=f"Snakemake runs of {title(sides[0].source.run)} and {title(sides[1].source.run)}",
        journals=[harmless(str(one.source.path)) for one in sides],
        verdict=found[0].text,
        kind={True: "good", False: "bad", None: ""}[answer.compared.comparison.same_work],
        summary=[
            one
            for one in found[1:]
            if one.kind != "warning" and not any(one.text.strip().startswith(run) for run in runs)
        ],
        sides=shown,
        moved=list(_moved(*sides)),
        limits=[one.text for one in found if one.kind == "warning"],
        left_out=[harmless(one) for one in answer.left_out],
    )


def _side(name: str, one: PageSide, longest: Micros) -> dict[str, Any]:
    bar = sections.bar(CostAnswer(one.source, one.account, observed(one.source.run)))
    if bar is not None:
        bar["scale"] = one.account.makespan / longest
        if one.source.length_unknown:
            bar["whole"] = f"≥ {bar['whole']}"
    return {
        "name": name,
        "title": title(one.source.run),
        "state": state(one.source),
        "ended": one.source.ended,
        "facts": facts(one.source),
        "bar": bar,
        "attempts": len(one.rows),
        "failed": any(row.attempt.status in FAILED for row in one.rows),
    }


def _moved(before: PageSide, after: PageSide) -> Iterator[dict[str, Any]]:
    """Yield each class of the two makespans with its phases, and by how much it differs."""
    longest = max(before.account.makespan, after.account.makespan)
    by_class = [one.account.makespan_by_class for one in (before, after)]
    by_phase = [one.account.makespan_by_phase for one in (before, after)]
    most = max(_furthest(by_class), _furthest(by_phase))
    ended = before.source.ended, after.source.ended
    changed = sorted(CLASSES, key=lambda name: -abs(by_class[1][name] - by_class[0][name]))
    for name in changed:
        pair = by_class[0][name], by_class[1][name]
        if not any(pair):
            continue
        yield {
            "class": name,
            "name": name,
            "what": CLASSES[name],
            **_change(pair, longest, most, ended),
        }
        own = {p for sums in by_phase for p in sums if PHASES[p].cost_class == name and p != name}
        pairs = {p: (by_phase[0].get(p, 0), by_phase[1].get(p, 0)) for p in own}
        for phase in sorted(own, key=lambda p: (-abs(pairs[p][1] - pairs[p][0]), p)):
            if max(pairs[phase]) >= _MATTERS * longest:
                values = _change(pairs[phase], longest, most, ended)
                what = PHASES[phase].meaning
                yield {"class": name, "name": phase, "what": what, **values, "phase": True}


def _furthest(sums: Sequence[Mapping[str, Micros]]) -> Micros:
    """Return the largest difference of two sums of one name."""
    before, after = sums
    return max((abs(after.get(n, 0) - before.get(n, 0)) for n in {*before, *after}), default=0)


def _change(
    pair: tuple[Micros, Micros], longest: Micros, most: Micros, ended: tuple[bool, bool]
) -> dict[str, Any]:
    """Return what a row shows of two sums.

    Nothing is said to be less in a run without an end: it may not have reached that. Nor is there a
    share: nobody knows which run was longer.
    """
    before, after = pair
    change, places = after - before, decimals(longest)
    if (change <= 0 and not ended[1]) or (change >= 0 and not ended[0]):
        unknown = {"change": "", "share": "", "x": 50, "width": 0, "phase": False}
        return {
            "before": seconds(before, places),
            "after": seconds(after, places),
            **unknown,
        }
    wide = 50 * abs(change) / most if most else 0
    sign = "+" if change > 0 else "−" if change < 0 else "±"
    share = percent(abs(change), longest)
    return {
        "before": seconds(before, places),
        "after": seconds(after, places),
        "change": f"{sign}{seconds(abs(change), places)}",
        "share": "" if not all(ended) else share if share.startswith("<") else f"{sign}{share}",
        "x": round(50 if change > 0 else 50 - wide, 2),
        "width": round(wide, 2),
        "phase": False,
    }
