"""What-ifs as text: the run as it was, and beside it what it would have taken."""

import shlex
from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.whatif.scenario import Scenario
from snakemake_logger_plugin_observe.analysis.whatif.whatif import Prediction
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.reporters.answers import WhatIfAnswer
from snakemake_logger_plugin_observe.reporters.as_text import cost
from snakemake_logger_plugin_observe.reporters.words import decimals, duration, harmless
from snakemake_logger_plugin_observe.run.phases import CLASSES

_ROOM_FOR_CLASSES: Final = 94
_ROOM_FOR_SOME: Final = 76
_SOME: Final = 3
_A_CURVE: Final = 3
"""So many replays need no hint at a sweep."""
_WORTH: Final = 0.005
_ALWAYS: Final = "jobs are chosen in the order in which they were, and each phase takes as long"


def parts(answer: WhatIfAnswer, width: int) -> list[RenderableType]:
    """Return the answer, part by part."""
    found = answer.found
    said: list[RenderableType] = [*cost.head(answer.source), Text()]
    if not found.measured:
        return [*said, Text("There is no time to let happen again.")]
    said += [_table(answer, width), Text()]
    said += [Text(_sentence(answer)), Text(_unchanged(answer)), Text()]
    said += [Text("assumes", "bold")]
    said += [Text(harmless(f"  {line}")) for line in _assumes(found.predictions)]
    said += cost.warnings([*answer.source.problems, *found.gaps])
    if len(found.predictions) < _A_CURVE:
        path = shlex.quote(str(answer.source.path))
        said.append(
            Text(harmless(f"→ snakemake-observe whatif {path} --sweep jobs=1,2,4,8    a curve"))
        )
    return said


def _table(answer: WhatIfAnswer, width: int) -> Table:
    """Return the run as it was, and a line for each alternative."""
    found = answer.found
    sums = [found.measured_by_class, *(one.by_class for one in found.predictions)]
    classes = [name for name in CLASSES if any(one.get(name) for one in sums)]
    if width < _ROOM_FOR_CLASSES:
        by_size = sorted(classes, key=lambda name: -max(one.get(name, 0) for one in sums))
        kept = by_size[:_SOME] if width >= _ROOM_FOR_SOME else []
        classes = [name for name in classes if name in kept]
    drawn = any(one.interval for one in found.predictions)
    places = decimals(max(found.measured, *(one.predicted for one in found.predictions)))

    def figure(length: Micros) -> str:
        return f"{length / 1e6:.{places}f}"

    rows = [
        (
            "as it was",
            figure(found.measured),
            *([""] if drawn else []),
            "",
            *_classes(found.measured_by_class, classes, places),
        )
    ]
    rows += [
        (
            in_words(one.scenario),
            figure(one.predicted),
            *(["–".join(map(figure, one.interval)) if one.interval else ""] if drawn else []),
            _change(one),
            *_classes(one.by_class, classes, places),
        )
        for one in found.predictions
    ]
    headings = ("What if", "s", *(["8 of 10"] if drawn else []), "change", *classes)
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="bold")
    taken = sum(
        max(len(heading), *(len(row[n]) for row in rows)) + 2
        for n, heading in enumerate(headings)
        if n
    )
    for number, heading in enumerate(headings):
        table.add_column(
            heading,
            justify="right" if number else "left",
            no_wrap=bool(number),
            max_width=None if number else max(16, width - taken - 2),
        )
    for row in rows:
        table.add_row(*row)
    return table


def _classes(sums: dict[str, Micros], classes: Sequence[str], places: int) -> list[str]:
    return [f"{sums[name] / 1e6:.{places}f}" if sums.get(name) else "·" for name in classes]


def _change(one: Prediction) -> str:
    """Return by how much it is longer or shorter, in per cent."""
    share = round(100 * (one.predicted - one.measured) / one.measured)
    return f"{'+' if share > 0 else '−' if share < 0 else '±'}{abs(share)} %"


def in_words(scenario: Scenario) -> str:
    """Return a setting as it is written in an alternative."""
    said: list[str] = []
    for name, value in scenario.as_values().items():
        name = {"poll_s": "poll"}.get(name, name.replace("_", "-"))  # noqa: PLW2901 - as written
        if value is True:
            said.append(name)
        elif isinstance(value, dict):
            said += [f"{name}={key}={number:g}" for key, number in value.items()]
        elif isinstance(value, list):
            said += [f"{name}={one}" for one in value]
        elif name in ("queue", "startup") and not isinstance(value, str):
            said.append(f"{name}=x{value:g}")
        else:
            said.append(f"{name}={value:g}" if not isinstance(value, str) else f"{name}={value}")
    return harmless(" ".join(said) or "nothing changed")


def _sentence(answer: WhatIfAnswer) -> str:
    """Return the best alternative in one sentence."""
    found = answer.found
    best = min(found.predictions, key=lambda one: one.predicted)
    if best.scenario == Scenario():
        return "Nothing is changed: name a setting, such as --jobs 8, to see what it would bring."
    gain = best.measured - best.predicted
    if gain < _WORTH * best.measured:
        return "None of this would have made the run noticeably shorter."
    moved = {name: found.measured_by_class.get(name, 0) - best.by_class[name] for name in CLASSES}
    name, part = max(moved.items(), key=lambda item: item[1])
    most = f", the most of it {name} ({CLASSES[name]})" if part > 0 else ""
    return f"With {in_words(best.scenario)} the run takes {duration(gain)} less{most}."


def _unchanged(answer: WhatIfAnswer) -> str:
    found = answer.found
    off = 100 * (found.unchanged.predicted - found.measured) / found.measured
    return (
        f"Replayed with nothing changed it takes {duration(found.unchanged.predicted)}: "
        f"{abs(off):.2g} % off what was measured."
    )


def _assumes(predictions: Iterable[Prediction]) -> list[str]:
    return list(dict.fromkeys([_ALWAYS, *(line for one in predictions for line in one.assumes)]))
