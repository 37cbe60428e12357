"""The text of ``whatif``: the best alternative, and all of them next to the recorded run."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import (
    CORES,
    JOBS,
    limits_in_force,
)
from snakemake_logger_plugin_observe.analysis.path.utilisation import held_back_by_limit
from snakemake_logger_plugin_observe.analysis.whatif.scenario import Scenario
from snakemake_logger_plugin_observe.analysis.whatif.scenario_effects import SAME
from snakemake_logger_plugin_observe.analysis.whatif.whatif import Prediction, WhatIf
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.reporters.answers import WhatIfAnswer
from snakemake_logger_plugin_observe.reporters.as_text import unended
from snakemake_logger_plugin_observe.reporters.as_text.common import (
    ending,
    head,
    reader,
    warnings,
)
from snakemake_logger_plugin_observe.reporters.tables import not_shown, plain_table
from snakemake_logger_plugin_observe.reporters.words import (
    decimals,
    duration,
    harmless,
    seconds,
    signed_percent,
)
from snakemake_logger_plugin_observe.run.phases import CLASSES

_ROOM_FOR_CLASSES: Final = 94
_ROOM_FOR_SOME: Final = 76
_SOME: Final = 3
_A_CURVE: Final = 3
"""With so many simulations, a sweep need not be suggested."""
_BOUNDS: Final = {"lower": "≥ ", "upper": "≤ ", None: ""}
_WORTH: Final = 0.005
_SLOTS: Final = (JOBS, CORES)
_ALWAYS: Final = "jobs are selected in the recorded order, and each phase takes as long as it did"


def parts(answer: WhatIfAnswer, width: int) -> list[RenderableType]:
    """Return the answer, part by part."""
    found = answer.found
    shown: list[RenderableType] = [*head(answer.source), Text()]
    if not found.measured:
        return [*shown, Text("Nothing to simulate: this run has no recorded time yet.")]
    if answer.source.length_unknown:
        lost = "What another setting would have saved of a length that nobody knows is unknown."
        shown += [Text(harmless(f"{unended.sentence(answer.source)} {lost}"))]
        return [*shown, *warnings([*answer.source.problems, *found.gaps])]
    shown += [Text(_sentence(answer)), Text()]
    shown += [*_table(answer, width), Text()]
    shown += [Text(_unchanged(answer)), Text(), Text("Assumptions", "bold")]
    shown += [Text(harmless(f"  {line}")) for line in assumed(found.predictions)]
    shown += warnings([*answer.source.problems, *found.gaps])
    if len(found.predictions) < _A_CURVE:
        name, values = _curve(answer)
        sweep = ("--sweep", f"{name}={values}")
        what = f"--{name}" if name in _SLOTS else name.removeprefix("resources=")
        return ending(
            shown, reader("whatif", answer.source, *sweep, purpose=f"a curve over {what}")
        )
    return shown


def _limit(answer: WhatIfAnswer) -> str:
    """Return the limit of the run's slots: cores, if no number of jobs was given."""
    started = answer.source.run.started
    return "cores" if started is not None and started.cores and not started.jobs else "jobs"


def _curve(answer: WhatIfAnswer) -> tuple[str, str]:
    """Return the setting to sweep, and its values: of the limit that kept work back the longest."""
    run = answer.source.run
    held_back = held_back_by_limit(run)
    name = max(held_back, key=lambda one: held_back[one].length, default=_limit(answer))
    if name in _SLOTS:
        return name, "1,2,4,8"
    limit = limits_in_force(run)[name]
    return f"resources={name}", ",".join(f"{limit * times}" for times in (1, 2, 3, 4))


def _table(answer: WhatIfAnswer, width: int) -> Iterator[RenderableType]:
    """Yield the recorded run, and a row for each alternative."""
    found = answer.found
    sums = [found.measured_by_class, *(one.by_class for one in found.predictions)]
    every = classes = [name for name in CLASSES if any(one.get(name) for one in sums)]
    if width < _ROOM_FOR_CLASSES:
        by_size = sorted(classes, key=lambda name: -max(one.get(name, 0) for one in sums))
        kept = by_size[:_SOME] if width >= _ROOM_FOR_SOME else []
        classes = [name for name in classes if name in kept]
    sampled = any(one.interval for one in found.predictions)
    places = decimals(max(found.measured, *(one.predicted for one in found.predictions)))
    rows = [
        (
            "as recorded",
            seconds(found.measured, places),
            *([_interval(found.again, places)] if sampled else []),
            "",
            *_classes(found.measured_by_class, classes, places),
        )
    ]
    rows += [
        (
            in_words(one.scenario),
            _BOUNDS[one.bound] + seconds(one.predicted, places),
            *([_interval(one.interval, places)] if sampled else []),
            _change(one, found.unchanged) if found.is_like_the_run else "?",
            *_classes(one.by_class, classes, places),
        )
        for one in found.predictions
    ]
    headings = ("What if", "s", *(["8 of 10 times"] if sampled else []), "change", *classes)
    table = plain_table()
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
    yield table
    yield from not_shown([name for name in every if name not in classes])


def _classes(sums: dict[str, Micros], classes: Sequence[str], places: int) -> list[str]:
    return [seconds(sums[name], places) if sums.get(name) else "·" for name in classes]


def _interval(interval: tuple[Micros, Micros] | None, places: int) -> str:
    """Return the interval of 8 of 10 simulations, if their durations were sampled."""
    return "–".join(seconds(end, places) for end in interval) if interval else ""


def _change(one: Prediction, unchanged: Prediction) -> str:
    """Return how much longer or shorter it is than the run simulated without changes."""
    usual = max(1, unchanged.predicted)  # a tampered run's may be 0
    return f"{signed_percent((one.predicted - usual) / usual)} %"


def in_words(scenario: Scenario) -> str:
    """Return a scenario as its options are written in an alternative."""
    options: list[str] = []
    for name, value in scenario.as_values().items():
        name = {"poll_s": "poll"}.get(name, name.replace("_", "-"))  # noqa: PLW2901 - as written
        if value is True:
            options.append(name)
        elif isinstance(value, dict):
            options += [f"{name}={key}={number:g}" for key, number in value.items()]
        elif isinstance(value, list):
            options += [f"{name}={one}" for one in value]
        elif name in ("queue", "startup") and not isinstance(value, str):
            options.append(f"{name}=x{value:g}")
        else:
            options.append(f"{name}={value:g}" if not isinstance(value, str) else f"{name}={value}")
    return harmless(" ".join(options) or "nothing changed")


def _sentence(answer: WhatIfAnswer) -> str:
    """Return the best alternative in one sentence."""
    found = answer.found
    best = min(found.predictions, key=lambda one: one.predicted)
    if best.scenario == Scenario():
        example = f"--{_limit(answer)} 8"
        return f"No setting was changed. Add one, such as {example}, to see what it would save."
    if not found.is_like_the_run:
        return (
            "What this would save cannot be told: the simulation is not like the run, which took "
            f"{duration(found.measured)}."
        )
    gain = found.unchanged.predicted - best.predicted
    if all(SAME in one.assumptions for one in found.predictions):
        return "Nothing would change: these are the settings that the run had."
    if best.bound == "upper":
        return _at_most(best)
    if best.interval is not None and best.interval[1] - best.interval[0] > _WORTH * best.measured:
        return _one_of_many(found, best)
    if gain < _WORTH * best.measured:
        return _no_shorter(found, best, gain)
    moved = {name: found.measured_by_class.get(name, 0) - best.by_class[name] for name in CLASSES}
    name, part = max(moved.items(), key=lambda item: item[1])
    mostly = f", mostly {name} ({CLASSES[name]})" if part > 0 else ""
    most = "at most " if best.bound == "lower" else ""
    return f"With {in_words(best.scenario)} the run would take {most}{duration(gain)} less{mostly}."


def _one_of_many(found: WhatIf, best: Prediction) -> str:
    """Return the sentence on a prediction that is an interval."""
    assert best.interval is not None  # noqa: S101 - checked by _sentence
    usual, (low, high) = found.unchanged.predicted, best.interval
    enough = _WORTH * best.measured
    what = f"With {in_words(best.scenario)} the run would take"
    if usual - high >= enough:
        return f"{what} {duration(usual - high)} to {duration(usual - low)} less."
    if low - usual >= enough:
        return f"{what} {duration(low - usual)} to {duration(high - usual)} longer."
    worst = f"{duration(high - usual)} longer" if high - usual >= enough else "no less"
    most = f"{duration(usual - low)} less" if usual - low >= enough else "no longer"
    decides = (
        "chance decides" if found.again is None else "it depends on which status checks see ends"
    )
    return f"{what} between {most} and {worst}: {decides}."


def _no_shorter(found: WhatIf, best: Prediction, gain: Micros) -> str:
    """Return the sentence on alternatives of which the *best* does not help, or harms."""
    if gain > -_WORTH * best.measured:
        return "None of this would have made the run noticeably shorter."
    least = "at least " if best.bound == "lower" else ""
    longer = f"With {in_words(best.scenario)} the run would take {least}{duration(-gain)} longer"
    return f"{longer}." if len(found.predictions) == 1 else f"{longer}, and with the others more."


def _at_most(best: Prediction) -> str:
    """Return the sentence on a prediction in which tools may be faster than they were."""
    why = "fewer tools run side by side, and how much they slowed each other down is not known"
    if best.given_more:
        more = " and ".join(best.given_more)
        why = f"{more}, and how much faster that makes the tool is not known"
    return harmless(
        f"With {in_words(best.scenario)} the run would take at most {duration(best.predicted)}: "
        f"{why}."
    )


def _unchanged(answer: WhatIfAnswer) -> str:
    found = answer.found
    off = 100 * (found.unchanged.predicted - found.measured) / found.measured
    base = "; changes are counted from there" if off and found.is_like_the_run else ""
    return (
        f"Simulated without changes, the run takes {duration(found.unchanged.predicted)}: "
        f"{abs(off):.2g} % off the measured time{base}."
    )


def assumed(predictions: Iterable[Prediction]) -> list[str]:
    """Return what the predictions assume, each once."""
    return list(
        dict.fromkeys([_ALWAYS, *(line for one in predictions for line in one.assumptions)])
    )
