"""What changed between two runs in the runs' own facts: settings, command line, configuration."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

from snakemake_logger_plugin_observe.analysis import param_values
from snakemake_logger_plugin_observe.analysis.citations import CitedRun
from snakemake_logger_plugin_observe.analysis.compare.change import (
    Change,
    differing,
)
from snakemake_logger_plugin_observe.analysis.compare.command_lines import command_line
from snakemake_logger_plugin_observe.analysis.compare.digests import differ, differ_or_alone, short
from snakemake_logger_plugin_observe.analysis.cost.exit_waits import exits_quickly
from snakemake_logger_plugin_observe.analysis.cost.waking import was_woken
from snakemake_logger_plugin_observe.analysis.param_values import ParamsChange
from snakemake_logger_plugin_observe.journal.events import RunStarted
from snakemake_logger_plugin_observe.run.identity import snakefile_of
from snakemake_logger_plugin_observe.run.model import Run

# The facts of a run, the most important ones first.
_FACTS: Final[tuple[tuple[str, Callable[[RunStarted], Any]], ...]] = (
    ("Snakefile", snakefile_of),
    ("targets", lambda s: list(s.targets)),
    ("profile", lambda s: list(s.profiles)),
    ("executor", lambda s: s.inner_executor),
    ("cores", lambda s: s.cores),
    ("jobs", lambda s: s.jobs),
    ("resources", lambda s: s.resources),
    ("Snakemake", lambda s: s.snakemake_version),
    ("Python", lambda s: s.python_version),
    ("platform", lambda s: s.platform),
    ("host", lambda s: s.host),
    ("kind of run", lambda s: s.kind),
)


# The switches of the executor wrapper that change a run.
_SWITCHES: Final[tuple[tuple[str, Callable[[Run], bool]], ...]] = (
    ("timed_wake", was_woken),
    ("timed_quick_exit", exits_quickly),
)


def of_runs(before: CitedRun, after: CitedRun) -> Iterator[Change]:
    """Yield the facts of the runs themselves that differ, the most important ones first."""
    one, other = before.run.started, after.run.started
    if one is None or other is None:
        return
    for what, fact in _FACTS:
        values = (fact(one), fact(other))
        if all(map(_is_recorded, values)) or (_was_read(one) and _was_read(other)):
            yield from differing(before, after, what, *values)
    for name, has in _SWITCHES:
        switched = ("on" if has(side.run) else "off" for side in (before, after))
        yield from differing(before, after, name, *switched)
    yield from command_line(before, after, one.command, other.command)
    yield from _config(before, after, one, other)
    same_version = one.snakemake_version == other.snakemake_version
    for name in sorted(one.settings.keys() & other.settings.keys()):
        values = (one.settings[name], other.settings[name])
        if same_version or None not in values:  # else one version may not have the setting
            yield from differing(before, after, name, *values)


def _is_recorded(value: Any) -> bool:
    return value not in (None, [], {})


def _was_read(started: RunStarted) -> bool:
    """Whether Snakemake had read the Snakefile: else what it did not record is unknown."""
    return started.snakefile is not None


def _config(
    before: CitedRun, after: CitedRun, one: RunStarted, other: RunStarted
) -> Iterator[Change]:
    """Yield the keys of the configuration that differ, where both journals have them."""
    if not differ(one.config_digest, other.config_digest):
        return
    keys = sorted(
        key
        for key in one.config_keys.keys() | other.config_keys.keys()
        if differ_or_alone(one.config_keys.get(key), other.config_keys.get(key))
    )
    if not keys:  # older journals have a digest of the whole only
        yield from differing(
            before, after, "config", short(one.config_digest), short(other.config_digest)
        )
    for key in keys:
        values = param_values.differing_config(one.config_values, other.config_values, key)
        if values is not None:
            plain = ParamsChange(*(s.removeprefix(f"{key}=") for s in (values.before, values.now)))
            for change in differing(before, after, f"config {key}", plain.before, plain.now):
                yield replace(change, values=plain)
            continue
        old, new = short(one.config_keys.get(key)), short(other.config_keys.get(key))
        yield from differing(before, after, f"config {key}", old, new)
