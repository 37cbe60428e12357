"""What each rule and the costliest jobs cost, as tables."""

from collections.abc import Iterator
from typing import Final

from rich.console import RenderableType
from rich.table import Table

from snakemake_logger_plugin_observe.analysis.cost.account import RuleShare
from snakemake_logger_plugin_observe.analysis.cost.rule_rows import rule_rows
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.reporters.answers import CostAnswer
from snakemake_logger_plugin_observe.reporters.as_text.makespan_table import ROOM_FOR_MEANINGS
from snakemake_logger_plugin_observe.reporters.tables import not_shown, plain_table
from snakemake_logger_plugin_observe.reporters.words import (
    decimals,
    harmless,
    job_name,
    percent,
    seconds,
)
from snakemake_logger_plugin_observe.run.phases import CLASSES, by_class

_CLASS_MATTERS: Final = 500  # microseconds
_ROOM_FOR_PHASE: Final = 36  # what the other columns of the costliest jobs take


def rules(answer: CostAnswer, width: int) -> Iterator[RenderableType]:
    """Yield what each rule's attempts cost, by as many classes as the terminal has room for."""
    account = answer.account
    whole = sum(account.jobs_by_phase.values())
    shown = rule_rows(account.rules)
    names = [_rule_name(share) for share in shown]
    number = len(seconds(whole, decimals(whole)))
    widest = 16 if width < ROOM_FOR_MEANINGS else max(26, width // 3)
    room = width - min(max(map(len, names)), widest) - len("  jobs  attempts  ") - number - 9
    classes: list[str] = []
    without_room: list[str] = []
    for name, micros in sorted(account.jobs_by_class.items(), key=lambda item: -item[1]):
        if micros >= _CLASS_MATTERS:
            room -= max(len(name), number) + 2
            (classes if room >= 0 else without_room).append(name)
    classes.sort(key=list(CLASSES).index)
    table = plain_table()
    table.add_column("Rules", max_width=widest, overflow="fold")
    shares = [] if answer.source.length_unknown else ["%"]
    for heading in ("jobs", "attempts", *classes, "all s", *shares):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, share in zip(names, shown, strict=True):
        cells = _rule(share, classes, whole)
        table.add_row(name, *(cells if shares else cells[:-1]))
    yield table
    yield from not_shown(without_room)


def _rule_name(share: RuleShare) -> str:
    return "  " + (harmless(share.rule) if share.rule else job_name(None, {}, share.group))


def _rule(share: RuleShare, classes: list[str], whole: Micros) -> list[str]:
    sums = by_class(share.by_phase)
    places = decimals(whole)
    return [
        f"{share.jobs:,}",
        f"{share.attempts:,}",
        *(seconds(sums[name], places) if sums[name] else "·" for name in classes),
        seconds(share.total, places),
        percent(share.total, whole),
    ]


def costliest(answer: CostAnswer, width: int) -> Table:
    """Return the costliest jobs, each with the phase that took most of its time."""
    table = plain_table()
    room = max(20, width - _ROOM_FOR_PHASE)
    table.add_column("Costliest jobs", max_width=room, overflow="fold")
    table.add_column("job", justify="right", no_wrap=True)
    table.add_column("s", justify="right", no_wrap=True)
    table.add_column("mostly", no_wrap=True)
    for job in answer.costliest:
        phase, micros = max(job.phases.items(), key=lambda item: item[1])
        attempts = f" ({job.attempts} attempts)" if job.attempts > 1 else ""
        table.add_row(
            f"  {job_name(job.rule, dict(job.wildcards), job.group)}{attempts}",
            "" if job.job_id is None else str(job.job_id),
            seconds(job.since_selected, decimals(job.since_selected)),
            f"{phase} {percent(micros, job.since_selected)} %",
        )
    return table
