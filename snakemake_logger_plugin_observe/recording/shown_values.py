"""The values of params and of the config as texts, so that a change can be shown as what it is.

Each text is ``name=value``: masking then knows a secret by its name. Values are those that
Snakemake compares for its rerun triggers; of what is too large only the size is given, with an
ellipsis.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final

_PLAIN: Final = (
    *(int, float, str, complex, range, list, tuple, dict, set, frozenset, bytes, bytearray),
    type(None),
)
_MOST_OF_A_JOB: Final = 2000
"""So many characters of a job's params are kept."""
_MOST_PARAMS: Final = 100
_MOST_OF_A_RULE: Final = 100
_MOST_OF_A_RUN: Final = 500_000
"""So many different params of a rule, and so many characters of a run's params, are kept."""
_LONGEST_CONFIG_VALUE: Final = 200
_MOST_OF_A_CONFIG: Final = 4000
_NO_SIGNS: Final = str.maketrans("", "", "[](){}',\"")
CUT: Final = "\N{HORIZONTAL ELLIPSIS}"


def of_params(job: Any) -> tuple[str, ...]:
    """Return the params of *job* that can be a reason to run it again, as ``name=value``.

    Params that are derived from its files are not: these are compared themselves.
    """
    from snakemake_logger_plugin_observe.journal.masking import MASK
    from snakemake_logger_plugin_observe.journal.secret_names import names_a_secret

    compared = {id(value) for value in job.non_derived_params}
    room = _MOST_OF_A_JOB
    found: list[str] = []
    for name, value in job.params._allitems():
        if id(value) not in compared or not isinstance(value, _PLAIN):
            continue
        shown = MASK if name and names_a_secret(name) else _shown(name or "", value)
        if len(shown) > room:
            # Not cut: a part of a secret could no longer be masked.
            shown = _size_of(value, len(shown))
        found.append(f"{name}={shown}" if name else shown)
        room -= len(found[-1])
    return tuple(found[:_MOST_PARAMS])


def _shown(name: str, value: Any) -> str:
    """Return the text that Snakemake compares, masked; of a large value only how large it is."""
    size = len(value) if hasattr(value, "__len__") else 0
    if size > _MOST_OF_A_JOB:
        return _size_of(value, size)
    shown = repr(value)
    if len(shown) <= _MOST_OF_A_JOB and _may_hold_a_secret(f"{name}={shown}"):
        cleared = _without_secrets(name, value)
        return shown if cleared == value else repr(cleared)
    return shown


def _may_hold_a_secret(shown: str) -> bool:
    """Return whether a value must be looked at text by text: a quick test that misses none."""
    words = shown.translate(_NO_SIGNS)
    return "\\" in shown or any(map(_masker().may_hold_a_secret, (shown, words)))


def _size_of(value: Any, size: int) -> str:
    return f"{type(value).__name__} of {size} {CUT}"


@cache
def _masker() -> Any:
    from snakemake_logger_plugin_observe.journal.masking import Masker

    return Masker()


def _without_secrets(name: str, value: Any) -> Any:
    """Return *value*, which stands under *name*, with secrets replaced by ``***``.

    Texts are masked before ``repr`` or JSON escape them: a shape would not be known afterwards. A
    list may be the words of a command, and so is masked as a whole if its words together hold one.
    """
    from snakemake_logger_plugin_observe.journal.masking import MASK
    from snakemake_logger_plugin_observe.journal.secret_names import is_secret, names_a_secret

    if isinstance(value, dict):
        return {
            _without_secrets("", key): (
                MASK if names_a_secret(str(key)) else _without_secrets(str(key), item)
            )
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        words = " ".join(str(item) for item in value)
        if _masker().text(words) != words:
            return MASK
        cleared = [_without_secrets(name, item) for item in value]
        return value if cleared == list(value) else cleared
    if isinstance(value, bytes | bytearray):
        text = value.decode("latin-1")
        return value if _masker().text(text) == text else MASK
    if is_secret(name, value):
        return MASK
    return _masker().text(value) if isinstance(value, str) else value


class KeptParams:
    """Which params a run's journal holds already: each different ones of a rule once."""

    def __init__(self) -> None:
        """Begin with none."""
        self._known: dict[str, set[str]] = {}
        self._room = _MOST_OF_A_RUN

    def is_new(self, rule: str, digest: str | None, texts: Iterable[str]) -> bool:
        """Return whether the params *texts* of *rule* are to be written, and remember them."""
        known = self._known.setdefault(rule, set())
        size = sum(map(len, texts))
        if digest is None or digest in known or len(known) >= _MOST_OF_A_RULE or size > self._room:
            return False
        known.add(digest)
        self._room -= size
        return True


def of_config(config: Mapping[Any, Any]) -> tuple[str, ...]:
    """Return the short plain values of *config*, as ``key.key=value``, up to a limit."""
    import json

    room = _MOST_OF_A_CONFIG
    found: list[str] = []
    for name, value in _leaves(config, ()):
        text = f"{name}={json.dumps(value, ensure_ascii=False)}"
        if len(text) <= min(room, _LONGEST_CONFIG_VALUE):
            found.append(text)
            room -= len(text)
    return tuple(found)


def _leaves(config: Mapping[Any, Any], path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    from snakemake_logger_plugin_observe.journal.secret_names import names_a_secret

    for key, value in config.items():
        here = (*path, str(key))
        if "=" in here[-1] or names_a_secret(here[-1]):
            continue
        if isinstance(value, Mapping):
            yield from _leaves(value, here)
        elif _is_plain(value) and _without_secrets(here[-1], value) == value:
            yield ".".join(here), value


def _is_plain(value: Any) -> bool:
    return _is_scalar(value) or (isinstance(value, list) and all(map(_is_scalar, value)))


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str)
