"""Makes events of what was observed: a value that does not fit costs its field, not the event."""

import re
from typing import Any, Final, TypeVar

from msgspec import ValidationError, convert

from snakemake_logger_plugin_observe.journal.events import Event
from snakemake_logger_plugin_observe.journal.records import Frozen
from snakemake_logger_plugin_observe.journal.writing import readable

_Made = TypeVar("_Made", bound=Frozen)

_WHERE: Final = re.compile(r" - at .*?\$\.(\w+)")


def event_of(model: type[_Made], note: object = None, /, **values: Any) -> _Made:
    """Return an event, or a part of one, with the fields of *note*, and then *values*.

    Snakemake and other plugins may put anything into a field. One that does not fit keeps its
    default, and is named in the event's ``left_out``.

    Raises:
        ValidationError: if a field that every such event must have does not fit.

    """
    given: Any = note
    if note is None:
        given = values
    elif values:
        given = {**_fields(model, note), **values}
    try:
        return convert(given, model, from_attributes=True)
    except (ValidationError, UnicodeEncodeError):
        given = given if isinstance(given, dict) else _fields(model, note)
        return _of_what_fits(model, readable(given))


def _of_what_fits(model: type[_Made], given: dict[str, Any]) -> _Made:
    """Return an event without the values that do not fit."""
    left_out: list[str] = []
    while True:
        named = {"left_out": left_out} if issubclass(model, Event) and left_out else {}
        try:
            return convert({**given, **named}, model)
        except ValidationError as error:
            what = str(error).replace("`", "")
            where = _WHERE.search(what)
            if where is None or where[1] not in given:
                raise
            del given[where[1]]
            left_out.append(f"{where[1]}: {what[: where.start()]}")


def _fields(model: type[Frozen], note: object) -> dict[str, Any]:
    return {name: getattr(note, name) for name in model.__struct_fields__ if hasattr(note, name)}
