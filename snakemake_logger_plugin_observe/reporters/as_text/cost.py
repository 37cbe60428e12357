"""The account of a run, as text: where the makespan went, what rules cost, what to do next."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.cost.account import RuleShare
from snakemake_logger_plugin_observe.analysis.cost.polling import Polling
from snakemake_logger_plugin_observe.analysis.failures import tracebacks
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import FileSystem
from snakemake_logger_plugin_observe.reporters.answers import CostAnswer, Source
from snakemake_logger_plugin_observe.reporters.as_text import advice, clocks
from snakemake_logger_plugin_observe.reporters.words import (
    bar,
    clock_time,
    decimals,
    duration,
    harmless,
    job_name,
    percent,
)
from snakemake_logger_plugin_observe.run.phases import CLASSES, PHASES, UNATTRIBUTED, by_class

_COLORS: Final = {
    "planning": "blue",
    "scheduling": "yellow",
    "limits": "magenta",
    "queue": "cyan",
    "staging": "green",
    "compute": "bright_white",
}
_NEXT: Final = "→ snakemake-observe path    what to change first, and what it would bring"
_LIMITS: Final = ("unobserved", "clock_set")
_BAR_WIDTH: Final = 20
_ROOM_FOR_BARS: Final = 90
_ROOM_FOR_MEANINGS: Final = 68
_PHASE_MATTERS: Final = 0.005
_CLASS_MATTERS: Final = 500  # microseconds
_RULES_SHOWN: Final = 12
_SLOW_OPERATION_S: Final = 0.01
_ERRORS_SHOWN: Final = 3


def parts(answer: CostAnswer, width: int) -> list[RenderableType]:
    """Return the answer, part by part."""
    found: list[RenderableType] = [*head(answer.source), Text()]
    if answer.account.makespan:
        found += [_makespan(answer, width), Text()]
    if answer.account.rules:
        found += [_rules(answer, width), Text()]
    if answer.costliest:
        found += [_costliest(answer, width), Text()]
    makespan = answer.account.makespan
    found += advice.requests(answer.request_mismatches, width)
    found.append(Text(_sentence(answer)))
    found += advice.sentence(answer.levers, makespan)
    found += errors(answer.source)
    found += warnings([*answer.source.problems, *_cut_off(answer.source), *_unobserved(answer)])
    found += warnings(clocks.lines(answer.clocks, makespan))
    found.append(Text(_NEXT))
    return found


def warnings(texts: Iterable[str]) -> list[RenderableType]:
    """Return a line for each thing that limits the answer."""
    return [Text(harmless(f"! {text}"), "yellow") for text in texts]


def errors(source: Source) -> list[RenderableType]:
    """Return what Snakemake itself said of a run that failed without a job that did."""
    run = source.run
    if source.status != "failed" or any(one.status == "failed" for one in run.attempts.values()):
        return []
    here = f"{run.started.workdir}/" if run.started is not None else ""
    said = [message.text for message in run.messages if message.level == "error"]
    shown = (tracebacks.said(text).replace(here, "") for text in said[-_ERRORS_SHOWN:])
    return [Text(harmless(f"Snakemake said: {text}"), "red") for text in shown if text]


def _cut_off(source: Source) -> Iterator[str]:
    """Yield where the journal of a run that was killed ends."""
    if source.status == "killed":
        known, left = duration(source.run.makespan), plural(source.run.unfinished, "attempt")
        yield f"nothing was heard after {known}; {left} unfinished: what came then is not known"


def head(source: Source) -> list[RenderableType]:
    """Return the line that names a run, and the journal it was read from."""
    run = source.run
    started = run.started
    jobs = len({attempt.job_id for attempt in run.attempts.values() if attempt.job_id is not None})
    attempts = sum(1 for attempt in run.attempts.values() if attempt.job_id is not None)
    said = [
        f"run {clock_time(run.start)}" if run.start else "run",
        f"{plural(jobs, 'job')}, {plural(attempts, 'attempt')}",
        _executor(source),
        source.status.replace("_", " "),
        duration(run.makespan),
    ]
    line = Text(harmless(" · ".join(part for part in said if part)), "bold", no_wrap=True)
    tags = started.tags if started else {}
    named = "".join(f"  {key}={value}" for key, value in tags.items())
    return [line, Text(harmless(f"  {source.path}{named}"), "dim", no_wrap=True)]


def _executor(source: Source) -> str:
    started = source.run.started
    if started is None or started.executor is None:
        return ""
    if started.wraps is not None:
        return f"{started.wraps} through timed"
    return started.executor


def _makespan(answer: CostAnswer, width: int) -> Table:
    """Return the makespan by class and phase; a narrow terminal loses bars and meanings first."""
    account = answer.account
    whole = account.makespan
    places = decimals(whole)
    barred, meant = width >= _ROOM_FOR_BARS, width >= _ROOM_FOR_MEANINGS
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="bold")
    table.add_column(f"Where the {duration(whole)} went", no_wrap=True)
    if barred:
        table.add_column(width=_BAR_WIDTH, no_wrap=True)
    table.add_column("s", justify="right", no_wrap=True)
    table.add_column("%", justify="right", no_wrap=True)

    def row(name: Text, stripe: Text | str, *figures: str, style: str = "") -> None:
        table.add_row(name, *([stripe] if barred else []), *figures, style=style)

    def said(indent: int, name: str, meaning: str, style: str = "") -> Text:
        known = meant or name == "Σ"
        return Text.assemble((" " * indent + f"{name:<14}", style), meaning if known else "")

    largest = max(account.makespan_by_class.values())
    classes = sorted(
        account.makespan_by_class.items(), key=lambda item: (item[0] == UNATTRIBUTED, -item[1])
    )
    hints_given: set[tuple[str, ...]] = set()
    for name, micros in classes:
        if not micros and name != UNATTRIBUTED:
            continue
        stripe = Text(bar(micros, largest, _BAR_WIDTH), _COLORS.get(name, "red"))
        seconds = f"{micros / 1e6:.{places}f}"
        row(said(2, name, CLASSES[name], "bold"), stripe, seconds, percent(micros, whole))
        for phase, part in _phases_of(name, account.makespan_by_phase, whole):
            seconds = f"{part / 1e6:.{places}f}"
            about = said(5, phase, PHASES[phase].meaning)
            row(about, "", seconds, percent(part, whole), style="dim")
            hint = _hint(phase, answer) if meant else ()
            if hint not in hints_given:
                hints_given.add(hint)
                for line in hint:
                    row(Text(f"       {line}"), "", style="dim")
    total = sum(account.makespan_by_class.values())
    check = "= makespan" if total == whole else f"is not the makespan: {whole / 1e6:.6f} s"
    row(said(2, "Σ", check, "bold"), "", f"{total / 1e6:.{places}f}")
    return table


def _phases_of(
    name: str, by_phase: dict[str, Micros], whole: Micros
) -> Iterator[tuple[str, Micros]]:
    """Yield the phases of a class that matter; a class that is one phase needs no second row."""
    own = [(phase, part) for phase, part in by_phase.items() if PHASES[phase].cost_class == name]
    worth = [(phase, part) for phase, part in own if part >= whole * _PHASE_MATTERS]
    if name not in by_phase:
        yield from sorted(worth, key=lambda item: -item[1])


def _hint(phase: str, answer: CostAnswer) -> tuple[str, ...]:
    """Return what governs a phase, where the run's settings tell; in lines, to keep figures."""
    started = answer.source.run.started
    if phase in ("poll_wait", "shutdown") and (every := answer.polling):
        return (f"{_interval(every)}:", every.setting)
    if phase == "slot_wait" and started and (started.jobs or started.cores):
        return (f"--jobs {started.jobs}" if started.jobs else f"--cores {started.cores}",)
    return ()


def _interval(every: Polling) -> str:
    longest = f"{every.longest_s:g} s"
    if every.shortest_s == every.longest_s:
        return f"every {longest}"
    return f"every {every.shortest_s:g} to {longest}"


def _rules(answer: CostAnswer, width: int) -> Table:
    """Return what each rule's attempts cost, by as many classes as the terminal has room for."""
    account = answer.account
    whole = sum(account.jobs_by_phase.values())
    alone = len(account.rules) <= _RULES_SHOWN + 1  # "1 more rule" would take that rule's place
    most = len(account.rules) if alone else _RULES_SHOWN
    shown = [*account.rules[:most], *_together(account.rules[most:])]
    names = [_rule_name(share) for share in shown]
    figure = len(f"{whole / 1e6:.{decimals(whole)}f}")
    widest = 16 if width < _ROOM_FOR_MEANINGS else 26
    room = width - min(max(map(len, names)), widest) - len("  jobs  attempts  ") - figure - 9
    classes: list[str] = []
    for name, micros in sorted(account.jobs_by_class.items(), key=lambda item: -item[1]):
        room -= max(len(name), figure) + 2
        if room >= 0 and micros >= _CLASS_MATTERS:
            classes.append(name)
    classes.sort(key=list(CLASSES).index)
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="bold")
    table.add_column("Rules", no_wrap=True, max_width=widest, overflow="ellipsis")
    for heading in ("jobs", "attempts", *classes, "all s", "%"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, share in zip(names, shown, strict=True):
        table.add_row(name, *_rule(share, classes, whole))
    return table


def _together(rest: Sequence[RuleShare]) -> list[RuleShare]:
    """Return the rules that are not shown by themselves as one."""
    if not rest:
        return []
    by_phase: dict[str, Micros] = {}
    for share in rest:
        for phase, micros in share.by_phase.items():
            by_phase[phase] = by_phase.get(phase, 0) + micros
    jobs, attempts = sum(share.jobs for share in rest), sum(share.attempts for share in rest)
    return [RuleShare(f"… {plural(len(rest), 'more rule')}", None, jobs, attempts, by_phase)]


def _rule_name(share: RuleShare) -> str:
    return "  " + (harmless(share.rule) if share.rule else job_name(None, {}, share.group))


def _rule(share: RuleShare, classes: list[str], whole: Micros) -> list[str]:
    sums = by_class(share.by_phase)
    places = decimals(whole)
    return [
        f"{share.jobs:,}",
        f"{share.attempts:,}",
        *(f"{sums[name] / 1e6:.{places}f}" if sums[name] else "·" for name in classes),
        f"{share.total / 1e6:.{places}f}",
        percent(share.total, whole),
    ]


def _costliest(answer: CostAnswer, width: int) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="bold")
    room = 20 if width < _ROOM_FOR_MEANINGS else 48
    table.add_column("Costliest jobs", no_wrap=True, max_width=room, overflow="ellipsis")
    table.add_column("job", justify="right", no_wrap=True)
    table.add_column("s", justify="right", no_wrap=True)
    table.add_column("largest part", no_wrap=True)
    for row in answer.costliest:
        phases = {name: m for name, m in row.attempt.phases.items() if name != "slot_wait"}
        phase, micros = max(phases.items(), key=lambda item: item[1])
        table.add_row(
            f"  {job_name(row.rule, row.wildcards, row.group_name)}",
            "" if row.attempt.job_id is None else str(row.attempt.job_id),
            f"{row.since_selected / 1e6:.{decimals(row.since_selected)}f}",
            f"{phase} {percent(micros, row.since_selected)} %",
        )
    return table


_SENTENCES: Final = {
    "compute": "The tools took {share} % of this run",
    "scheduling": "Snakemake's own overhead took {share} % of this run",
    "planning": "Reading and building the DAG took {share} % of this run",
    "limits": "Waiting for a free place under your own limits took {share} % of this run",
    "queue": "Waiting in the cluster's queue took {share} % of this run",
    "staging": "Waiting for files took {share} % of this run",
    "unobserved": "{share} % of this run could not be split into phases",
    UNATTRIBUTED: "{share} % of this run is explained by nothing that was recorded",
}


def _sentence(answer: CostAnswer) -> str:
    """Return the dominant cost class in one sentence, and what of it weighs most."""
    account = answer.account
    if not account.makespan:
        return "There is no time to account for."
    name, micros = max(account.makespan_by_class.items(), key=lambda item: item[1])
    said = _SENTENCES[name].format(share=percent(micros, account.makespan))
    phases = {p: m for p, m in account.makespan_by_phase.items() if PHASES[p].cost_class == name}
    if len(phases) > 1:
        phase, part = max(phases.items(), key=lambda item: item[1])
        meaning = PHASES[phase].meaning
        said += f", the largest part {phase} ({meaning}: {percent(part, account.makespan)} %)"
    if name != "compute" and not account.makespan_by_class["unobserved"]:
        tools = account.makespan_by_class["compute"]
        said += f"; the tools took {percent(tools, account.makespan)} %"
    return said + "."


def _slow_file_system(measured: Sequence[FileSystem]) -> Iterator[str]:
    """Yield what was slow in the working directory: planning and finishing a job do much of it."""
    for one in measured:
        operations = {"create": one.create_s, "look at": one.stat_s, "remove": one.remove_s}
        slow = [
            f"{duration(round(took * 1e6))} to {name}"
            for name, took in operations.items()
            if took is not None and took >= _SLOW_OPERATION_S
        ]
        if slow:
            when = "began" if one.when == "start" else "ended"
            yield f"slow when the run {when}: a file in {one.path} took {', '.join(slow)}"


def _unobserved(answer: CostAnswer) -> list[str]:
    """Return what could not be observed, each reason once with how often."""
    counts: dict[str, int] = {}
    for attempt in answer.source.run.attempts.values():
        for reason in () if attempt.is_member else attempt.unobserved:
            counts[reason] = counts.get(reason, 0) + 1
    found = [f"{plural(count, 'attempt')}: {reason}" for reason, count in counts.items()]
    run = answer.source.run
    found += [message.text for message in run.messages if message.kind in _LIMITS]
    found += list(_slow_file_system(run.file_systems))
    found += [f"the journal has a gap: {reason}" for reason in dict.fromkeys(run.gaps)]
    return found
