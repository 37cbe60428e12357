"""The makespan as a bar by cost class, with its phases below it; of several runs, a bar each."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.analysis.cost.observed import observed
from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.reporters.answers import CostAnswer, Source
from snakemake_logger_plugin_observe.reporters.as_text import cost as cost_text
from snakemake_logger_plugin_observe.reporters.as_text import unended
from snakemake_logger_plugin_observe.reporters.plots.asked import PlotAsked, Reads, check_ran
from snakemake_logger_plugin_observe.reporters.plots.measures import (
    INNER,
    SMALL,
    TEXT,
    TimeScale,
    text_width,
    unit_for,
)
from snakemake_logger_plugin_observe.reporters.plots.paint import Paint
from snakemake_logger_plugin_observe.reporters.plots.parts import (
    BarPart,
    box,
    boxes,
    classes_of,
    phases_of,
)
from snakemake_logger_plugin_observe.reporters.plots.sheet import Drawing, texts
from snakemake_logger_plugin_observe.reporters.plots.which import name_of, of_run
from snakemake_logger_plugin_observe.reporters.words import duration, percent
from snakemake_logger_plugin_observe.run.phases import PHASES

HELP: Final = "where the makespan went, by cost class and phase; of several runs, a bar each"
READS: Final = Reads.RUNS
DETAIL: Final = Detail.TIMES
OPTIONS: Final[tuple[str, ...]] = ()

_BAR: Final = 84.0
_ROW: Final = 27.0
_GAP: Final = 10.0
_BESIDE: Final = 7.0
_THICK: Final = 42.0
_STRIP: Final = 10.0
_APART: Final = 84.0
_NAMES: Final = 320.0
_LENGTHS: Final = 100.0
_NO_ORDER: Final = "The bar shows how much there was of each, not when."


def draw(asked: PlotAsked) -> Drawing:
    """Return the picture.

    Raises:
        NothingToDrawError: if a run was a dry run, or has no length.

    """
    for source in asked.sources:
        check_ran(source)
    if len(asked.sources) > 1:
        return _several(asked.sources, asked.named, asked.paint)
    return _one(asked.source, asked.paint)


def _share(one: BarPart, source: Source) -> str:
    """Return a part's share of a run, or its length where that of the run is not known."""
    if source.length_unknown or source.stopped:
        return duration(one.length)
    return f"{percent(one.length, source.run.makespan)} %"


def _facts(parts: Sequence[BarPart], source: Source) -> str:
    said = (f"{one.name} {duration(one.length)} ({_share(one, source)})" for one in parts)
    return ", ".join(said)


def _inside(
    parts: Sequence[BarPart], source: Source, scale: TimeScale, middle: float, paint: Paint
) -> Iterator[dict[str, Any]]:
    """Yield the name and the share of each part that has room for them, or for its share."""
    for one in parts:
        share = _share(one, source)
        for text in (f"{one.name}  {share}", share):
            if text_width(text, TEXT + 1) + 2 * _BESIDE <= scale.pixels(one.length):
                at = {"x": scale.at(one.start), "y": middle, "ink": paint.on(one.cost_class)}
                yield {**at, "text": text}
                break


# -- one run -----------------------------------------------------------------------------------


def _one(source: Source, paint: Paint) -> Drawing:
    """Return a bar, and below each of its classes the phases of that."""
    answer = CostAnswer(source, account(source.run), observed(source.run))
    whole = answer.account.makespan
    unit = unit_for(whole)
    scale = TimeScale(unit, whole, INNER, f"{unit.name} of the {unended.whole(source)}")
    classes, phases = classes_of(answer.account), phases_of(answer.account)
    tops = [_BAR + _GAP + _ROW * number for number in range(len(phases))]
    height = _BAR + _GAP + _ROW * len(phases)
    values = [box(one, scale, 0, _BAR) for one in classes]
    values += [
        box(one, scale, top + 2, top + _ROW - 2) for one, top in zip(phases, tops, strict=True)
    ]
    inside = list(_inside(classes, source, scale, _BAR / 2, paint))
    labels = [
        (_place(one, _said(one, source), scale), one, top + _ROW / 2)
        for one, top in zip(phases, tops, strict=True)
    ]
    return Drawing(
        title=f"Where the {cost_text.length_in_words(answer)} went",
        which=of_run(source),
        facts=_facts(classes, source),
        layers=[
            boxes(values, scale, paint),
            texts(inside, scale.x, dx=_BESIDE, fontWeight="bold", fontSize=TEXT + 1),
            *_labels(labels, source, scale, paint),
        ],
        height=height,
        notes=(f"{_NO_ORDER} Phases of less than 0.5 % are in their class, and have no row.",),
    )


def _said(one: BarPart, source: Source) -> str:
    """Return what a row of a phase says of it."""
    meaning = PHASES[one.name].meaning if one.name in PHASES else "in short phases"
    shown = "" if one.name == meaning else f": {meaning}"
    length = duration(one.length)
    share = _share(one, source)
    return f"{one.name}{shown} · {length}{f' · {share}' if share != length else ''}"


def _place(one: BarPart, text: str, scale: TimeScale) -> str:
    """Return where a text fits: on the side of a box that has more room, or ``inside``."""
    room = {
        "right": scale.width - scale.pixels(one.end),
        "left": scale.pixels(one.start),
        "inside": scale.pixels(one.length),
    }
    beside = "right" if room["right"] >= room["left"] else "left"
    needed = text_width(text) + 2 * _BESIDE
    return beside if room[beside] >= needed else max(room, key=room.__getitem__)


def _labels(
    labels: Sequence[tuple[str, BarPart, float]], source: Source, scale: TimeScale, paint: Paint
) -> Iterator[dict[str, Any]]:
    """Yield the layers of the rows' texts: each beside or inside its box."""
    ways: dict[str, dict[str, Any]] = {
        "right": {"align": "left", "dx": _BESIDE},
        "left": {"align": "right", "dx": -_BESIDE},
        "inside": {"align": "left", "dx": _BESIDE},
    }
    for where, mark in ways.items():
        own = [
            {
                "x": scale.at(one.end if where == "right" else one.start),
                "y": middle,
                "text": _said(one, source),
                "ink": paint.on(one.cost_class) if where == "inside" else paint.ground.ink,
            }
            for place, one, middle in labels
            if place == where
        ]
        if own:
            yield texts(own, scale.x, **mark)


# -- several runs ------------------------------------------------------------------------------


def _several(sources: Sequence[Source], named: Sequence[str], paint: Paint) -> Drawing:
    """Return a bar for each run, on one scale, with its name before it and its length behind it."""
    accounts = [account(source.run) for source in sources]
    longest = max(one.makespan for one in accounts)
    unit = unit_for(longest)
    scale = TimeScale(unit, longest, INNER - _NAMES - _LENGTHS, unit.name)
    values: list[dict[str, Any]] = []
    inside: list[dict[str, Any]] = []
    names: list[dict[str, Any]] = []
    hows: list[dict[str, Any]] = []
    lengths: list[dict[str, Any]] = []
    facts: list[str] = []
    given = named or [""] * len(sources)
    for number, (source, found) in enumerate(zip(sources, accounts, strict=True)):
        top = _APART * number
        middle, bottom = top + _THICK / 2, top + _THICK
        name, how = name_of(source, given[number])
        values += [box(one, scale, top, bottom) for one in classes_of(found)]
        values += [box(one, scale, bottom + 1, bottom + _STRIP) for one in phases_of(found)]
        inside += _inside(classes_of(found), source, scale, middle, paint)
        names.append({"x": -_NAMES, "y": middle - 10, "text": name})
        hows.append({"x": -_NAMES, "y": middle + 10, "text": how})
        lengths.append({"x": scale.at(found.makespan), "y": middle, "text": _length(source)})
        facts.append(f"{name}: {_length(source)}; {_facts(classes_of(found), source)}")
    faint: dict[str, Any] = {"color": paint.ground.faint, "fontSize": SMALL, "limit": _NAMES - 14}
    return Drawing(
        title=f"Where the time of {len(sources)} runs went",
        which=f"each bar is a run from its start to its {_ends(sources)}, on one scale",
        facts=". ".join(facts),
        layers=[
            boxes(values, scale, paint, _NAMES),
            texts(inside, scale.x, dx=_BESIDE, fontWeight="bold"),
            texts(names, fontWeight="bold", limit=_NAMES - 14),
            texts(hows, **faint),
            texts(lengths, scale.x, dx=_BESIDE, fontWeight="bold"),
        ],
        height=_APART * len(sources) - (_APART - _THICK - _STRIP) + 12,
        left=_NAMES,
        right=_LENGTHS,
        notes=(f"{_NO_ORDER} The strip below it shows the phases of each class.",),
    )


def _ends(sources: Sequence[Source]) -> str:
    """Return what bars end with: a run without an end is drawn up to its last sign of life."""
    if all(one.ended for one in sources):
        return "end"
    return (
        "last sign of life"
        if not any(one.ended for one in sources)
        else ("end, or to its last sign of life where it has none")
    )


def _length(source: Source) -> str:
    """Return how long a run took, or at least."""
    length = duration(source.run.makespan)
    return f"≥ {length}" if source.length_unknown else length
