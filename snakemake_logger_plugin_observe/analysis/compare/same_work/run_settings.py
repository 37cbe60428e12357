"""How the run was asked for: settings, profile, configuration, by what they can do."""

from collections.abc import Iterator

from snakemake_logger_plugin_observe.analysis.compare.differences import RUN, Change
from snakemake_logger_plugin_observe.analysis.compare.same_work.finding import (
    UNCHECKED,
    Compared,
    Finding,
)
from snakemake_logger_plugin_observe.analysis.compare.setting_effects import (
    Effect,
    SettingEffect,
    hides_more,
    setting,
)

HIDDEN, MEANING, TIME, NEITHER = (
    "hides_changes",
    "meaning_changed",
    "schedule_changed",
    "setting_changed",
)


def findings(it: Compared) -> Iterator[Finding]:
    """Judge each setting of the run that changed."""
    for change in it.changes:
        if change.subject == RUN and change.what != "retries":
            yield _judged(it, change, setting(change.what))


def _judged(it: Compared, change: Change, known: SettingEffect) -> Finding:
    said = f"{change.what}: {change.before or 'none'} → {change.after or 'none'}"
    if known.name in ("config", "file"):  # digests say no more
        here = "B" if change.before is None else "A"
        alone = None in (change.before, change.after)
        said = f"{change.what} {f'told of in {here} alone' if alone else 'changed'}"
    flag = f" ({known.flag})" if known.flag else ""
    match known.effect:
        case Effect.TIME:
            return Finding(TIME, "safe", said + flag, change.evidence)
        case Effect.HIDING if _hides_more(it, change, known):
            claim = f"{said}{flag}: {known.why}"
            return Finding(HIDDEN, "unsafe", claim, change.evidence)
        case Effect.MEANING:
            return _meaning(it, change, known, said + flag)
    return Finding(NEITHER, "neutral", said + flag, change.evidence)


def _hides_more(it: Compared, change: Change, known: SettingEffect) -> bool:
    before, after = it.before.run.started, it.after.run.started
    if before is None or after is None:
        return False
    return hides_more(known, before.settings.get(change.what), after.settings.get(change.what))


def _meaning(it: Compared, change: Change, known: SettingEffect, said: str) -> Finding:
    if it.proved:
        claim = f"{said}; the outputs are the same bytes"
        return Finding(MEANING, "neutral", claim, change.evidence)
    if known.name == "config" and _told_by_jobs(it):
        return Finding(
            MEANING, "neutral", f"{said}; what it reached is told by the jobs", change.evidence
        )
    claim = f"{said}: {known.why}"
    claim += ", and the outputs differ" if it.contents.differing else f", and {UNCHECKED}"
    return Finding(MEANING, "unsafe", claim, change.evidence)


def _told_by_jobs(it: Compared) -> bool:
    """Whether all that a configuration reaches would show in the jobs: none has code of its own.

    A script or a ``run`` directive can read the configuration unseen; a command cannot.
    """
    return all(
        pair.after.shellcmd is not None
        or (pair.after.code_digest is None and not pair.after.script)
        for pair in it.match.pairs
    )
