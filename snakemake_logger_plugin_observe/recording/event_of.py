"""Makes events of what was observed: a value that does not fit costs its field, not the event."""

from typing import Any, TypeVar

from pydantic import ValidationError

from snakemake_logger_plugin_observe.journal.events import Event, left_out
from snakemake_logger_plugin_observe.journal.records import Frozen

_Made = TypeVar("_Made", bound=Frozen)


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
        return model.model_validate(given, from_attributes=True)
    except ValidationError as error:
        wrong = {str(one["loc"][0]): one["msg"] for one in error.errors(include_url=False)}
    given = given if isinstance(given, dict) else _fields(model, note)
    made = model.model_validate({name: one for name, one in given.items() if name not in wrong})
    if isinstance(made, Event):
        left_out(made, tuple(f"{name}: {text}" for name, text in wrong.items()))
    return made


def _fields(model: type[Frozen], note: object) -> dict[str, Any]:
    return {name: getattr(note, name) for name in model.model_fields if hasattr(note, name)}
