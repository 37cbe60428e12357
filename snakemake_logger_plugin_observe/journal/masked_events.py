"""Where an event can hold a secret: read from the types of its model, at each place by itself.

Moments, numbers, words from a fixed choice and what a model marks as this project's own
(``records.Own``) are left as they are; every other text is masked, keys of mappings as well as
values. A text is never taken for harmless because of the name that it stands under.
"""

from collections.abc import Callable
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from msgspec import Struct
from msgspec.structs import fields

from snakemake_logger_plugin_observe.journal.masking import Masker
from snakemake_logger_plugin_observe.journal.records import Texts

_WITHOUT_TEXT = (int, float, bool, type(None))


class _Place(NamedTuple):
    """How to find the texts in a value of one type, and how to mask it in JSON."""

    collect: Callable[[Any, list[str]], None]
    masked: Callable[[Any, Masker], Any]


def texts_of(event: Struct) -> str:
    """Return all texts in *event* that may hold a secret, one after the other."""
    found: list[str] = []
    _collect(event, found)
    return "\n".join(found)


def masked(model: type[Struct], loaded: dict[str, Any], mask: Masker) -> dict[str, Any]:
    """Return *loaded*, the JSON object of a *model*, masked."""
    for name, place in _places(model):
        if (value := loaded.get(name)) is not None:
            loaded[name] = place.masked(value, mask)
    return loaded


def _collect(event: Struct, found: list[str]) -> None:
    for name, place in _places(type(event)):
        if value := getattr(event, name):
            place.collect(value, found)


@cache
def _places(model: type[Struct]) -> tuple[tuple[str, _Place], ...]:
    """Return the fields of *model* that may hold a text."""
    places = ((one.name, _place(one.type)) for one in fields(model))
    return tuple((name, place) for name, place in places if place is not None)


def _place(annotation: Any, marks: tuple[Any, ...] = ()) -> _Place | None:
    """Return how to treat a value of a type; None if it holds no text."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        annotation, *more = arguments
        return _place(annotation, (*marks, *more))
    if Texts.OWN in marks or annotation in _WITHOUT_TEXT or origin is Literal:
        return None
    if Texts.NAMED in marks:
        return _Place(_collect_any, lambda value, mask: mask.value(value))
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        return _of_model(annotation)
    if origin in (Union, UnionType):
        return _of_union([_place(one) for one in arguments])
    if origin is tuple:
        return _of_tuple([_place(one) for one in arguments if one is not ...])
    if origin is dict:
        return _of_mapping(*(_place(one) for one in arguments))
    return _TEXT


def _collect_text(value: Any, found: list[str]) -> None:
    if isinstance(value, str):
        found.append(value)


def _collect_any(value: Any, found: list[str]) -> None:
    if isinstance(value, str):
        found.append(value)
    elif isinstance(value, dict):
        for name, item in value.items():
            found.append(str(name))
            _collect_any(item, found)
    elif isinstance(value, list | tuple):
        for item in value:
            _collect_any(item, found)


_TEXT = _Place(
    _collect_text, lambda value, mask: mask.text(value) if isinstance(value, str) else value
)


def _of_model(model: type[Struct]) -> _Place | None:
    if not _places(model):
        return None
    return _Place(_collect, lambda value, mask: masked(model, value, mask))


def _of_union(choices: list[_Place | None]) -> _Place | None:
    present = [one for one in choices if one is not None]
    if len(present) > 1:
        raise TypeError("a field may be of one type that holds text")
    return present[0] if present else None


def _of_tuple(items: list[_Place | None]) -> _Place | None:
    if len(items) != 1:
        if any(items):
            raise TypeError("a tuple of fixed length may hold no text")
        return None
    if (each := items[0]) is None:
        return None

    def collect(value: Any, found: list[str]) -> None:
        for one in value:
            each.collect(one, found)

    return _Place(collect, lambda value, mask: [each.masked(one, mask) for one in value])


def _of_mapping(key: _Place | None, item: _Place | None) -> _Place | None:
    if key is None and item is None:
        return None

    def collect(value: Any, found: list[str]) -> None:
        if key is not None:
            found.extend(value)
        if item is not None:
            for one in value.values():
                item.collect(one, found)

    def of_mapping(value: Any, mask: Masker) -> Any:
        return {
            (name if key is None else mask.text(name)): (
                one if item is None else item.masked(one, mask)
            )
            for name, one in value.items()
        }

    return _Place(collect, of_mapping)
