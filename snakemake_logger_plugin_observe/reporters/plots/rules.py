"""What the attempts of each rule cost, by cost class: the costliest, and all others as one."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from snakemake_logger_plugin_observe.analysis.cost.account import RuleShare, account
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.reporters.plots.asked import (
    PlotAsked,
    Reads,
    check_ran_jobs,
)
from snakemake_logger_plugin_observe.reporters.plots.measures import (
    INNER,
    TEXT,
    TimeScale,
    text_width,
    unit_for,
)
from snakemake_logger_plugin_observe.reporters.plots.parts import BarPart, box, boxes
from snakemake_logger_plugin_observe.reporters.plots.sheet import Drawing, texts
from snakemake_logger_plugin_observe.reporters.plots.which import of_run
from snakemake_logger_plugin_observe.reporters.words import duration, job_name, percent
from snakemake_logger_plugin_observe.run.phases import CLASSES, by_class

HELP: Final = "what the attempts of each rule cost, by cost class: the costliest, and all others"
READS: Final = Reads.RUN
DETAIL: Final = Detail.TIMES
OPTIONS: Final[tuple[str, ...]] = ()

_MOST: Final = 14
_ROW: Final = 30.0
_WIDEST: Final = 260.0
_FIGURES: Final = 190.0


def draw(asked: PlotAsked) -> Drawing:
    """Return the picture.

    Raises:
        NothingToDrawError: if no job of the run has a recorded time.

    """
    source, paint = asked.source, asked.paint
    check_ran_jobs(source)
    found = account(source.run)
    shown, others = _shown(found.rules)
    names = [_name(one) for one in shown] + ([f"{len(others)} other rules"] if others else [])
    shares = [[one] for one in shown] + ([others] if others else [])
    longest = max(sum(one.total for one in own) for own in shares)
    unit = unit_for(longest)
    left = min(_WIDEST, max(map(text_width, names)) + 14)
    scale = TimeScale(
        unit, longest, INNER - left - _FIGURES, f"{unit.name} of all attempts, summed"
    )
    middles = [_ROW * (number + 0.5) for number in range(len(shares))]
    whole = sum(found.jobs_by_phase.values())
    figures = [_figures(own, whole) for own in shares]
    ends = [scale.at(sum(one.total for one in own)) for own in shares]
    return Drawing(
        title="What the attempts of each rule took",
        which=of_run(source),
        facts="; ".join(f"{name}: {said}" for name, said in zip(names, figures, strict=True)),
        layers=[
            boxes(list(_bars(shares, scale)), scale, paint, left),
            texts(
                [{"x": -12, "y": y, "text": one} for one, y in zip(names, middles, strict=True)],
                align="right",
                limit=left - 12,
            ),
            texts(
                [
                    {"x": end, "y": y, "text": said}
                    for end, y, said in zip(ends, middles, figures, strict=True)
                ],
                scale.x,
                dx=8,
                color=paint.ground.faint,
                fontSize=TEXT - 1,
            ),
        ],
        height=_ROW * len(shares) + 6,
        left=left,
        right=_FIGURES,
        notes=tuple(_notes(others)),
    )


def _shown(rules: Sequence[RuleShare]) -> tuple[Sequence[RuleShare], Sequence[RuleShare]]:
    """Return the costliest rules, and the others: never one alone, which has room for itself."""
    timed = [one for one in rules if one.total]
    most = len(timed) if len(timed) <= _MOST + 1 else _MOST
    return timed[:most], timed[most:]


def _name(share: RuleShare) -> str:
    return job_name(share.rule, {}, share.group)


def _figures(own: Sequence[RuleShare], whole: int) -> str:
    total = sum(one.total for one in own)
    jobs = sum(one.jobs for one in own)
    return f"{duration(total)} · {percent(total, whole)} % · {plural(jobs, 'job')}"


def _bars(shares: Iterable[Sequence[RuleShare]], scale: TimeScale) -> Iterable[dict[str, Any]]:
    for number, own in enumerate(shares):
        start, top = 0, _ROW * number
        sums = [by_class(one.by_phase) for one in own]
        for name in CLASSES:
            length = sum(one[name] for one in sums)
            if length:
                yield box(BarPart(name, name, start, length), scale, top + 4, top + _ROW - 4)
            start += length


def _notes(others: Sequence[RuleShare]) -> Iterable[str]:
    if others:
        yield f"Shown are the {_MOST} costliest rules; the last bar is all {len(others)} others."
    yield "Waits for a slot count, too, and attempts overlap: the sum may be above the makespan."
