"""How much shorter a run would be without each phase, class, rule or job."""

from typing import Final

from rich.table import Table

from snakemake_logger_plugin_observe.analysis.whatif.savings import Saving
from snakemake_logger_plugin_observe.reporters.answers import PathAnswer
from snakemake_logger_plugin_observe.reporters.as_text.actual_path import owner
from snakemake_logger_plugin_observe.reporters.tables import fitting
from snakemake_logger_plugin_observe.reporters.words import (
    decimals,
    harmless,
    percent,
    seconds,
)
from snakemake_logger_plugin_observe.run.phases import (
    CLASSES,
    PHASES,
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
