"""How the command lines of two runs differ, whatever the order of their arguments."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import CitedRun
from snakemake_logger_plugin_observe.analysis.compare.change import RUN, Change
from snakemake_logger_plugin_observe.pasting import recorded

_OWN_FLAGS: Final = ("--logger", "--timed-")
_OWN_LISTS: Final = ("--logger", "--logger-observe-tag", "--logger-observe-mask")
_EXECUTOR: Final = ("--executor", "-e")


def command_line(
    before: CitedRun, after: CitedRun, one: Sequence[str], other: Sequence[str]
) -> Iterator[Change]:
    """Yield the arguments that differ, whatever their order and the program's path.

    How a run is recorded changes nothing in it: flags of these plugins are left out.
    """
    mine, others = _without_own_flags(one[1:]), _without_own_flags(other[1:])
    if sorted(mine) == sorted(others) or not (one and other):
        return
    gone, came = _surplus(mine, others), _surplus(others, mine)
    cited = (*before.at_start(recorded(one)), *after.at_start(recorded(other)))
    before_text, after_text = recorded(gone) or None, recorded(came) or None
    yield Change(RUN, "command line", before_text, after_text, evidence=cited)


def _without_own_flags(args: Sequence[str]) -> list[str]:
    """Return *args* without ``--logger`` and the plugins' own flags, and without their values.

    Instead of ``timed``, the executor is the one that it wraps.
    """
    kept: list[str] = []
    own_values = 0
    for arg, following in zip(args, (*args[1:], ""), strict=False):
        if own_values and not arg.startswith("-"):
            own_values -= 1
            continue
        flag, equals, value = arg.partition("=")
        value = value if equals else following
        own_values = 0
        if flag == "--timed-wraps" and value != "local":
            kept += ["--executor", value]
        if flag.startswith(_OWN_FLAGS) or (flag in _EXECUTOR and value == "timed"):
            own_values = 0 if equals else len(args) if flag in _OWN_LISTS else 1
        else:
            kept.append(arg)
    return kept


def _surplus(args: Sequence[str], others: Sequence[str]) -> list[str]:
    """Return the arguments that *others* lack, as often as they lack them, each in its place.

    A value is shown with the flag before it.
    """
    surplus = Counter(_with_flags(args)) - Counter(_with_flags(others))
    found: list[str] = []
    for unit in _with_flags(args):
        if surplus[unit] > 0:
            surplus[unit] -= 1
            found += unit
    return found


def _with_flags(args: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield *args* one by one, but a flag together with the value after it."""
    flag: tuple[str, ...] = ()
    for arg in args:
        if arg.startswith("-"):
            if flag:
                yield flag
            flag = (arg,)
        else:
            yield (*flag, arg)
            flag = ()
    if flag:
        yield flag
