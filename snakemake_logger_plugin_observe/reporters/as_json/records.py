"""Records of the journal in an answer: all their fields, and moments as RFC 3339."""

from typing import Any, get_args

from msgspec.structs import fields

from snakemake_logger_plugin_observe.clock import format_moment
from snakemake_logger_plugin_observe.journal.records import Frozen, Moment


def shape(record: Frozen) -> dict[str, Any]:
    """Return *record* as JSON values, also the fields that have their defaults."""
    return {one.name: _value(getattr(record, one.name), one.type) for one in fields(record)}


def _value(value: Any, kind: Any) -> Any:
    if isinstance(value, Frozen):
        return shape(value)
    if isinstance(value, tuple):
        inner = get_args(kind)[0] if get_args(kind) else None
        return [_value(one, inner) for one in value]
    is_moment = value is not None and Moment in (kind, *get_args(kind))
    return format_moment(value) if is_moment else value
