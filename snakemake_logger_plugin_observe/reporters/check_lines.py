"""A line of a check as text: its limit, its value and its evidence."""

from snakemake_logger_plugin_observe.analysis.check.budgets import CheckLine
from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.reporters.words import size


def title(line: CheckLine) -> str:
    """Return the limit as the check file states it: ``max.jobs_planned = 30``."""
    name = line.key if line.kind == "run" else f"{_table(line)}.{line.key}"
    return f"{name} = {_amount(line.limit)}"


def verdict(line: CheckLine) -> str:
    """Return the value, or why there is none: ``54``, ``not checked: at least 54: …``."""
    text = value(line)
    return f"not checked: {text}" if line.ok is None else text


def value(line: CheckLine) -> str:
    """Return the value and its explanation: ``54``, ``at least 54: …``."""
    known = _value(line) if line.ok is not None or line.value else ""  # "at least 0" is no news
    return ": ".join(part for part in (known, line.why) if part)


def source(one: Citation) -> str:
    """Return a citation to read: the line of the journal, the file or the output of a command."""
    if one.kind == "command":
        return one.quote
    if one.kind != "journal":
        return f"{one.ref}  {one.quote}"
    name, _, number = one.ref.partition(":")
    where = f"{'baseline ' if name == 'A' else ''}line {number}: " if number else ""
    return where + one.quote


def _table(line: CheckLine) -> str:
    return "publish" if line.kind == "verify" else line.kind


def _value(line: CheckLine) -> str:
    if line.kind == "publish":
        known = sum(count for _, count in line.files)
        return f"{plural(int(line.value or 0), 'file')}, {size(known)}" if line.value else "no file"
    if line.key in ("same_work", "same_outputs", "sha256"):
        return ""  # the explanation is enough
    value = "" if line.value is None else _amount(line.value)
    if line.kind == "run":
        value = value.replace("_", " ")
    return f"{line.bound} {value}" if line.bound else value


def _amount(value: float | str | bool | None) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) or value is None:
        return str(value)
    if value == int(value):
        return str(int(value))
    return f"{value:.3f}".rstrip("0") if value >= 0.001 else f"{value:.6f}".rstrip("0")
