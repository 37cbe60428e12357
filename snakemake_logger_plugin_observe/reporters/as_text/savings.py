"""What could be saved, what to repair first, and the command that tries it."""

import shlex
from typing import Final

from rich.table import Table

from snakemake_logger_plugin_observe.analysis.cost.polling import Polling, polling
from snakemake_logger_plugin_observe.analysis.whatif.savings import Saving
from snakemake_logger_plugin_observe.reporters.answers import PathAnswer
from snakemake_logger_plugin_observe.reporters.as_text.actual_path import owner
from snakemake_logger_plugin_observe.reporters.tables import fitting
from snakemake_logger_plugin_observe.reporters.words import decimals, duration, harmless, percent
from snakemake_logger_plugin_observe.run.phases import (
    CLASSES,
    PHASES,
    UNATTRIBUTED,
    UNOBSERVED,
    cost_class,
)

_SHOWN: Final = 10
_ROOM_FOR_WORDS: Final = 94
_WORTH: Final = 0.005
_WORTH_A_THIRD: Final = 0.05
_FEWER: Final = 8  # what is tried is a polling interval so many times as short


def table(answer: PathAnswer, width: int) -> Table:
    """Return by how much the run would be shorter without this or that; each thing once."""
    whole = answer.paths.makespan
    places = decimals(whole)
    rows = [
        (
            f"  {_saved(answer, one)}",
            f"{one.saving / 1e6:.{places}f}",
            percent(one.saving, whole),
        )
        for one in _told_once(answer)[:_SHOWN]
    ]
    wide = width >= _ROOM_FOR_WORDS
    heading = "Savings: how much shorter the run were if it took no time" if wide else "Savings"
    return fitting([(heading, False), ("s", True), ("%", True)], rows, width, gives=0)


def _told_once(answer: PathAnswer) -> list[Saving]:
    """Return what saves something, but no class that is one phase, nor a rule that is one job."""
    found = [one for one in answer.savings or () if one.saving]
    jobs = answer.source.run.jobs
    narrow = {("class", cost_class(one.name), one.saving) for one in found if one.kind == "phase"}
    narrow |= {
        ("rule", job.rule, one.saving)
        for one in found
        if one.kind == "job" and (job := jobs.get(int(one.name))) is not None
    }
    return [one for one in found if (one.kind, one.name, one.saving) not in narrow]


def _saved(answer: PathAnswer, one: Saving) -> str:
    match one.kind:
        case "job":
            job_id = int(one.name)
            job = answer.source.run.jobs.get(job_id)
            return f"job    {job_id} {owner(answer, job_id, job.rule if job else None, None)}"
        case "phase":
            meaning = PHASES[one.name].meaning if one.name in PHASES else ""
            return f"phase  {one.name}: {meaning}"
        case "class":
            return f"class  {one.name}: {CLASSES.get(one.name, '')}"
        case _:
            return harmless(f"rule   {one.name}")


def first(answer: PathAnswer) -> str:
    """Return what to repair first, and what next: the phases whose end would save most.

    Rules hold all their phases, so they are not set against these. All tools together are no
    repair: of them the rule that would save most is named.
    """
    found = answer.paths
    worth = _repairs(answer)
    if worth:
        governed = [one for one in worth if _looks(answer, one) is not None]
        said = [_repair(answer, one, again=one in governed[1:]) for one in worth]
        return harmless("; then ".join(said)) + "."
    phase, micros = max(found.by_phase.items(), key=lambda item: item[1])
    share = percent(micros, found.makespan)
    return f"{phase} ({PHASES[phase].meaning}), {share} % of the actual path."


def trial(answer: PathAnswer) -> str | None:
    """Return the words of the what-if that tries the first repair that a setting can bring."""
    for one in _repairs(answer):
        if words := _setting(answer, one):
            return f"snakemake-observe whatif {shlex.quote(str(answer.source.path))} {words}"
    return None


def _repairs(answer: PathAnswer) -> list[Saving]:
    """Return the phases whose end would save most: two, and a third if that is worth it too."""
    whole = answer.paths.makespan
    found = [
        one
        for one in answer.savings or ()
        if one.kind == "phase"
        and one.name not in (UNOBSERVED, UNATTRIBUTED)
        and one.saving >= _WORTH * whole
    ]
    return [*found[:2], *(one for one in found[2:3] if one.saving >= _WORTH_A_THIRD * whole)]


def _repair(answer: PathAnswer, one: Saving, *, again: bool) -> str:
    meaning = PHASES[one.name].meaning
    if (looks := _looks(answer, one)) is not None:
        meaning += ": the same" if again else f": {looks.setting}, {looks.longest_s:g} s here"
    what = f"{one.name} ({meaning})"
    if one.name == "compute":
        rule = _costly(answer)
        what = f"the tools, {rule} above all" if rule else "the tools"
    share = percent(one.saving, answer.paths.makespan)
    return f"{what}, up to {duration(one.saving)} less ({share} %)"


def _looks(answer: PathAnswer, one: Saving) -> Polling | None:
    """Return how the executor looked at its jobs, if that is what *one* would end."""
    run = answer.source.run
    asleep = any(p.phase == "shutdown" and p.poll_interval_s for p in run.phases)
    governed = one.name == "poll_wait" or (one.name == "shutdown" and asleep)
    return polling(run) if governed else None


def _costly(answer: PathAnswer) -> str | None:
    return next((one.name for one in answer.savings or () if one.kind == "rule"), None)


def _setting(answer: PathAnswer, one: Saving) -> str | None:
    """Return the setting that makes less of a phase, as ``whatif`` takes it."""
    used, rule = answer.paths.utilisation, _costly(answer)
    looks = _looks(answer, one)
    if looks is not None:
        less = max(1, round(looks.shortest_s / _FEWER))
        return f"--poll {less}" if less < looks.shortest_s else None
    match one.name:
        case "slot_wait" if used.slots is not None and used.slot_kind is not None:
            return f"--{used.slot_kind} {2 * used.slots}"
        case "queue_wait":
            return "--queue x0.5"
        case "node_startup":
            return "--startup x0.5"
        case "compute" if rule is not None and shlex.quote(rule) == rule:
            return f"--faster {rule}=2"
        case _:
            return None
