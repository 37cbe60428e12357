"""What to fix first, how much time each fix would save, and the command that simulates it."""

from typing import Final

from rich.table import Table

from snakemake_logger_plugin_observe.analysis.cost.polling import Polling, polling
from snakemake_logger_plugin_observe.analysis.whatif.savings import Saving
from snakemake_logger_plugin_observe.pasting import option
from snakemake_logger_plugin_observe.reporters.answers import PathAnswer
from snakemake_logger_plugin_observe.reporters.as_text import unended
from snakemake_logger_plugin_observe.reporters.as_text.actual_path import owner
from snakemake_logger_plugin_observe.reporters.tables import fitting
from snakemake_logger_plugin_observe.reporters.words import (
    decimals,
    duration,
    harmless,
    percent,
    seconds,
)
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
_FEWER: Final = 8  # the simulated polling interval is so many times shorter


def table(answer: PathAnswer, width: int) -> Table:
    """Return how much shorter the run would be without each phase, class, rule or job."""
    whole = answer.paths.makespan
    places = decimals(whole)
    rows = [
        (
            f"  {_saved(answer, one)}",
            seconds(one.saving, places),
            percent(one.saving, whole),
        )
        for one in _without_repetition(answer)[:_SHOWN]
    ]
    wide = width >= _ROOM_FOR_WORDS
    heading = "Savings: how much shorter the run would be without it" if wide else "Savings"
    return fitting([(heading, False), ("s", True), ("%", True)], rows, width, fold=0)


def _without_repetition(answer: PathAnswer) -> list[Saving]:
    """Return the savings, without classes of a single phase and rules of a single job."""
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
    """Return what to fix first, and what next: the phases that would save most.

    Rules are not compared with phases, since a rule's saving contains all its phases. For the
    tools, the rule that would save most is named.
    """
    found = answer.paths
    fixes = _fixes(answer)
    if fixes:
        polled = [one for one in fixes if _polling(answer, one) is not None]
        shown = [_fix(answer, one, again=one in polled[1:]) for one in fixes]
        return harmless("; then ".join(shown)) + "."
    phase, micros = max(found.by_phase.items(), key=lambda item: item[1])
    share = percent(micros, found.makespan)
    return f"{phase} ({PHASES[phase].meaning}), {share} % of the actual path."


def trial(answer: PathAnswer) -> tuple[str, ...]:
    """Return the arguments of ``whatif`` for the first fix that a setting can make, if any."""
    return next(filter(None, (_setting(answer, one) for one in _fixes(answer))), ())


def _fixes(answer: PathAnswer) -> list[Saving]:
    """Return the two phases that would save most, and a third if it saves enough."""
    whole = answer.paths.makespan
    found = [
        one
        for one in answer.savings or ()
        if one.kind == "phase"
        and one.name not in (UNOBSERVED, UNATTRIBUTED)
        and one.saving >= _WORTH * whole
    ]
    return [*found[:2], *(one for one in found[2:3] if one.saving >= _WORTH_A_THIRD * whole)]


def _fix(answer: PathAnswer, one: Saving, *, again: bool) -> str:
    meaning = PHASES[one.name].meaning
    if (every := _polling(answer, one)) is not None:
        meaning += ": same setting" if again else f": {every.setting}, {every.longest_s:g} s here"
    what = f"{one.name} ({meaning})"
    if one.name == "compute":
        rule = _costly(answer)
        what = f"the tools, starting with {rule}" if rule else "the tools"
    share, whole = percent(one.saving, answer.paths.makespan), unended.whole(answer.source)
    return f"{what}, to save up to {duration(one.saving)} ({share} % of the {whole})"


def _polling(answer: PathAnswer, one: Saving) -> Polling | None:
    """Return the executor's status checks, if they govern the phase *one*."""
    run = answer.source.run
    asleep = any(p.phase == "shutdown" and p.poll_interval_s for p in run.phases)
    governed = one.name == "poll_wait" or (one.name == "shutdown" and asleep)
    return polling(run) if governed else None


def _costly(answer: PathAnswer) -> str | None:
    return next((one.name for one in answer.savings or () if one.kind == "rule"), None)


def _setting(answer: PathAnswer, one: Saving) -> tuple[str, ...]:
    """Return the ``whatif`` option that shortens a phase, if there is one."""
    used, rule = answer.paths.utilisation, _costly(answer)
    every = _polling(answer, one)
    if every is not None:
        shorter = max(1, round(every.shortest_s / _FEWER))
        return ("--poll", f"{shorter}") if shorter < every.shortest_s else ()
    match one.name:
        case "slot_wait" if used.slots is not None and used.slot_kind is not None:
            return f"--{used.slot_kind}", f"{2 * used.slots}"
        case "queue_wait":
            return "--queue", "x0.5"
        case "node_startup":
            return "--startup", "x0.5"
        case "compute" if rule is not None:
            return option("--faster", f"{rule}=2")
        case _:
            return ()
