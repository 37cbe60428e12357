"""The first screen in a run's last line, compared with what follows from the lines before."""

import math
from collections.abc import Iterator
from typing import Any, Final

from snakemake_logger_plugin_observe.analysis.cost.account import Account
from snakemake_logger_plugin_observe.analysis.cost.validation import Disagreement
from snakemake_logger_plugin_observe.analysis.screen.recorded import first_screen
from snakemake_logger_plugin_observe.journal.events import RunFinished
from snakemake_logger_plugin_observe.journal.first_screen import FIRST_SCREEN_VERSION
from snakemake_logger_plugin_observe.journal.records import Frozen
from snakemake_logger_plugin_observe.run.model import Run

_ROUNDING: Final = 2e-6
_CLOSE: Final = 1e-9
_LONGEST: Final = 80


def check_screen(
    line: int, event: RunFinished, run: Run, accounts: Account
) -> Iterator[Disagreement]:
    """Yield each field of a screen that does not follow from the run; none of other versions'.

    Args:
        line: the number of the run's last line.
        event: that line.
        run: the run, by the lines up to it.
        accounts: where its time went.

    """
    screen = event.screen
    if screen is None or screen.version != FIRST_SCREEN_VERSION:
        return
    computed = first_screen(run, accounts, screen.begins_at)
    if computed is None:
        yield Disagreement(line, "screen: there is one, and this run has none that a line can hold")
        return
    for name, written, found in _differences("screen", screen, computed):
        text = f"{name}: {_short(written)} as written, {_short(found)} from the lines before"
        yield Disagreement(line, text)


def _differences(name: str, written: Any, computed: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the names and both values of what differs, as far inside as both have it."""
    if isinstance(written, Frozen) and isinstance(computed, Frozen):
        for field in written.__struct_fields__:
            pair = getattr(written, field), getattr(computed, field)
            yield from _differences(f"{name}.{field}", *pair)
    elif isinstance(written, dict) and isinstance(computed, dict):
        for key in dict.fromkeys((*written, *computed)):
            yield from _differences(f"{name}.{key}", written.get(key), computed.get(key))
    elif isinstance(written, tuple) and isinstance(computed, tuple):
        if len(written) != len(computed):
            yield name, written, computed
            return
        for number, pair in enumerate(zip(written, computed, strict=True)):
            yield from _differences(f"{name}[{number}]", *pair)
    elif not _same(written, computed):
        yield name, written, computed


def _same(written: Any, computed: Any) -> bool:
    if isinstance(written, float) and isinstance(computed, int | float):
        return math.isclose(written, computed, rel_tol=_CLOSE, abs_tol=_ROUNDING)
    return bool(written == computed)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
