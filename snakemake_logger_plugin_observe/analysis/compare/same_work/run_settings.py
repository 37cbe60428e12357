"""Changed settings, profile and configuration of the run, judged by what they can do."""

from collections.abc import Iterator, Sequence

from snakemake_logger_plugin_observe.analysis.compare.change import RUN, Change
from snakemake_logger_plugin_observe.analysis.compare.job_matching import Pair
from snakemake_logger_plugin_observe.analysis.compare.same_work import strict_mode
from snakemake_logger_plugin_observe.analysis.compare.same_work.finding import (
    UNCHECKED,
    Compared,
    Finding,
)
from snakemake_logger_plugin_observe.analysis.compare.setting_effects import (
    Effect,
    SettingEffect,
    hides_more,
    is_lifted,
    setting,
)
from snakemake_logger_plugin_observe.analysis.compare.source_differences import DATA, PROGRAM
from snakemake_logger_plugin_observe.analysis.phrasing import job_name, named

HIDDEN, MEANING, TIME, NEITHER = (
    "hides_changes",
    "meaning_changed",
    "schedule_changed",
    "setting_changed",
)


def findings(compared: Compared) -> Iterator[Finding]:
    """Judge each setting of the run that changed."""
    for change in compared.changes:
        if strict_mode.lost_by(change) or change.what.startswith((DATA, PROGRAM)):
            continue  # findings of their own
        if change.subject == RUN and change.what != "retries":
            yield _judged(compared, change, setting(change.what))


def _judged(compared: Compared, change: Change, known: SettingEffect) -> Finding:
    text = f"{change.what}: {change.before or 'none'} → {change.after or 'none'}"
    if known.name in ("config", "file") and change.values is None:  # digests
        here = "B" if change.before is None else "A"
        alone = None in (change.before, change.after)
        text = f"{change.what} {f'recorded in {here} only' if alone else 'changed'}"
    flag = f" ({known.flag})" if known.flag else ""
    match known.effect:
        case Effect.TIME:
            return Finding(TIME, "safe", text + flag, change.evidence)
        case Effect.HIDING if _hides_more(compared, change, known):
            claim = f"{text}{flag}: {known.why}"
            return Finding(HIDDEN, "unsafe", claim, change.evidence)
        case Effect.MEANING:
            return _meaning(compared, change, known, text + flag)
    return Finding(NEITHER, "neutral", text + flag, change.evidence)


def _hides_more(compared: Compared, change: Change, known: SettingEffect) -> bool:
    before, after = compared.before.run.started, compared.after.run.started
    if before is None or after is None:
        return False
    return hides_more(known, before.settings.get(change.what), after.settings.get(change.what))


def _meaning(compared: Compared, change: Change, known: SettingEffect, text: str) -> Finding:
    if known.name == "config" and (unseen := _made_without_it(compared)):
        why = "a script or a command that reads it by itself causes no rerun"
        claim = f"{text}; {unseen}, and did not see it: {why}"
        return Finding(MEANING, "neutral", claim, change.evidence)
    if compared.same_bytes:
        claim = f"{text}; the outputs are the same bytes"
        return Finding(MEANING, "neutral", claim, change.evidence)
    if known.name == "config" and _seen_in_jobs(compared):
        return Finding(
            MEANING, "neutral", f"{text}; judged by the jobs that it affects", change.evidence
        )
    if is_lifted(known, change.after):
        return Finding(MEANING, "neutral", f"{text}: only A {known.why}", change.evidence)
    claim = f"{text}: {known.why}"
    claim += ", and the outputs differ" if compared.contents.differing else f", and {UNCHECKED}"
    return Finding(MEANING, "unsafe", claim, change.evidence)


def _made_without_it(compared: Compared) -> str:
    """Return which jobs of B that may read the configuration by themselves were up to date.

    Where a job ran, its command would show that; where none did, a command may have it, too.
    """
    run = compared.after.run
    kept = [
        pair.after
        for pair in compared.match.pairs
        if pair.after.job_id in run.kept
        and (pair.after.output if not run.jobs else not _is_a_command(pair))
    ]
    return f"{named([job_name(job) for job in kept])} {_were(kept)} up to date" if kept else ""


def _were(jobs: Sequence[object]) -> str:
    return "was" if len(jobs) == 1 else "were"


def _is_a_command(pair: Pair) -> bool:
    job = pair.after
    return job.shellcmd is not None or (job.code_digest is None and not job.script)


def _seen_in_jobs(compared: Compared) -> bool:
    """Whether every effect of the configuration would show in the jobs' commands.

    A script or a ``run`` directive can read the configuration by itself; a command cannot.
    """
    return all(map(_is_a_command, compared.match.pairs))
