"""The text of ``cost``: the largest cost class, what to change, where the makespan went."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.cost.account import Account, RuleShare
from snakemake_logger_plugin_observe.analysis.cost.exit_waits import (
    QUICK_EXIT,
    exits_quickly,
    usual_exit_wait,
)
from snakemake_logger_plugin_observe.analysis.cost.given_back import given_back
from snakemake_logger_plugin_observe.analysis.cost.polling import Polling, unsure_ends
from snakemake_logger_plugin_observe.analysis.cost.waking import (
    SETTING,
    can_be_advised,
    was_woken,
)
from snakemake_logger_plugin_observe.analysis.phrasing import named, plural
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import FileSystem
from snakemake_logger_plugin_observe.reporters.answers import CostAnswer
from snakemake_logger_plugin_observe.reporters.as_text import (
    advice,
    clocks,
    failed_run,
    live,
    unended,
)
from snakemake_logger_plugin_observe.reporters.as_text.common import (
    ending,
    head,
    next_command,
    nothing_ran,
    reader,
    warnings,
)
from snakemake_logger_plugin_observe.reporters.palette import PALETTE
from snakemake_logger_plugin_observe.reporters.tables import not_shown, plain_table
from snakemake_logger_plugin_observe.reporters.words import (
    bar,
    clock_time,
    decimals,
    duration,
    duration_s,
    harmless,
    job_name,
    percent,
    seconds,
)
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import CLASSES, PHASES, UNATTRIBUTED, by_class
from snakemake_logger_plugin_observe.run.scope import all_done
from snakemake_logger_plugin_observe.run.unobserved import in_the_end

_LIMITS: Final = ("unobserved", "clock_set")
_BAR_WIDTH: Final = 20
_ROOM_FOR_BARS: Final = 90
_ROOM_FOR_MEANINGS: Final = 68
_PHASE_MATTERS: Final = 0.005
_CLASS_MATTERS: Final = 500  # microseconds
_RULES_SHOWN: Final = 12
_ROOM_FOR_PHASE: Final = 36  # what the other columns of the costliest jobs take
_SLOW_OPERATION_S: Final = 0.01
_SLOW_IN_SUM_S: Final = 0.002
_WITH_FILES: Final = ("stage_in", "stage_out", "latency_wait", "postprocess", "select", "plan")
_MUCH: Final = 0.3
_LONG_CHECK_S: Final = 1.0
_HELD: Final = "the cluster's, on your jobs"


def parts(answer: CostAnswer, width: int) -> list[RenderableType]:
    """Return the answer, part by part."""
    makespan = answer.account.makespan
    found: list[RenderableType] = [*head(answer.source), Text(), *summary(answer, width)]
    if makespan:
        found += [_makespan(answer, width), Text()]
    if answer.account.rules:
        found += [*_rules(answer, width), Text()]
    if answer.costliest:
        found += [_costliest(answer, width), Text()]
    found += advice.requests(answer.request_mismatches, width)
    found += warnings(limits(answer))
    commands = advice.trials(answer.source, answer.advice or ())
    if is_unsure(answer):
        commands.append(
            reader("accounting", answer.source, purpose="when jobs ended, if it is Slurm")
        )
    return ending(found, *commands, _next(answer))


def summary(answer: CostAnswer, width: int) -> list[RenderableType]:
    """Return the first sentences: what failed, or where the time went, and what to do."""
    found: list[RenderableType] = []
    if answer.source.length_unknown:
        found += [Text(harmless(unended.sentence(answer.source)), "bold"), Text()]
    if failed := failed_run.parts(answer):
        found += [*failed, Text()]
    if answer.reruns:
        found += [*_needless(answer, width), Text()]
    out, still = live.parts(answer.source), live.stands_still(answer.source)
    found += out if still else []
    if answer.source.status == "running":
        found += live.what_to_do(answer.blocked, failed_run.fix_of_what_stands_still(answer))
    if answer.source.stopped:
        found += [*unended.stopped(answer.source), Text()]
    elif not answer.source.length_unknown and not _failed_before_any_job(answer):
        found += [*_shuts_down(answer), *_first(answer), Text()]
    return found if still else [*found, *out]


def limits(answer: CostAnswer) -> list[str]:
    """Return what limits the answer: what is wrong with the journal, or was not observed."""
    makespan = answer.account.makespan
    found = [*answer.source.problems, *_unobserved(answer)]
    found += clocks.lines(answer.clocks, makespan)
    if is_unsure(answer):
        found.append(_unsure(*unsure_ends(answer.source.run)))
    return found


def is_unsure(answer: CostAnswer) -> bool:
    """Whether much of the wait for status checks may be the cluster's own work."""
    jobs, waited = unsure_ends(answer.source.run)
    return bool(jobs) and waited >= _PHASE_MATTERS * answer.account.makespan


def _unsure(jobs: int, waited: Micros) -> str:
    """Return that the wait for status checks may be shorter than it is shown."""
    return (
        f"{plural(jobs, 'job')} had no process left when a status check still found "
        f"{'it' if jobs == 1 else 'them'} running: of {duration(waited)} in poll_wait after it, "
        "part may be the cluster's own work (an epilogue)"
    )


def _next(answer: CostAnswer) -> Text:
    """Return the command that goes on from here: by default, to what to fix first."""
    source = answer.source
    if live.stands_still(source):
        return reader("triage", source, purpose="why nothing moves, and what to do")
    if answer.advice is None:
        return reader("path", source, "--savings", purpose="what to fix first (it is simulated)")
    if source.length_unknown or source.status == "interrupted":
        return reader("triage", source, purpose="what was in flight, and what to do")
    if source.status == "nothing_to_do":
        return reader("why", source, purpose="why nothing had to run")
    if source.status == "failed":
        return reader("triage", source, purpose="what went wrong, and what to do")
    if source.stopped:
        return reader("jobs", source, purpose="what is in flight")
    return reader("path", source, purpose="what to fix first, and what that would save")


def _needless(answer: CostAnswer, width: int) -> Iterator[Text]:
    """Yield what need not have run, and what to do about it."""
    first = answer.reruns[0]
    claim = harmless(first.in_short(len(answer.source.run.jobs)))
    if more := len(answer.reruns) - 1:
        claim += f"; and {more:,} more"
    yield from (Text(line, "bold") for line in textwrap.wrap(claim, width))
    yield Text.assemble(("What to do: ", "bold"), harmless(first.fix.text) + ".")
    yield from map(next_command, first.commands)
    yield reader("why", answer.source, purpose="why jobs ran, or did not")


def _makespan(answer: CostAnswer, width: int) -> Table:
    """Return the makespan by class and phase; a narrow terminal gets no bars and no meanings."""
    account = answer.account
    whole = account.makespan
    places = decimals(whole)
    with_bars, with_meanings = width >= _ROOM_FOR_BARS, width >= _ROOM_FOR_MEANINGS
    with_shares = not (answer.source.length_unknown or answer.source.stopped)
    until = _until(answer)
    table = plain_table()
    table.add_column(f"Where the {length_in_words(answer)} went", no_wrap=True)
    if with_bars:
        table.add_column(width=_BAR_WIDTH, no_wrap=True)
    table.add_column("s", justify="right", no_wrap=True)
    if with_shares:
        table.add_column("%", justify="right", no_wrap=True)

    def row(name: Text, drawn: Text | str, *numbers: str, style: str = "") -> None:
        shown = numbers if with_shares else numbers[:1]
        table.add_row(name, *([drawn] if with_bars else []), *shown, style=style)

    def label(indent: int, name: str, meaning: str, style: str = "") -> Text:
        shown = with_meanings or name == "Σ"
        return Text.assemble((" " * indent + f"{name:<14}", style), meaning if shown else "")

    largest = max(account.makespan_by_class.values())
    classes = sorted(
        account.makespan_by_class.items(), key=lambda item: (item[0] == UNATTRIBUTED, -item[1])
    )
    hints_given: set[tuple[str, ...]] = set()
    for name, micros in classes:
        if not micros and name != UNATTRIBUTED:
            continue
        drawn = Text(bar(micros, largest, _BAR_WIDTH), PALETTE[name].terminal)
        share = percent(micros, whole)
        row(
            label(2, name, meaning_of(name, account), "bold"), drawn, seconds(micros, places), share
        )
        for phase, part in phases_of(name, account.makespan_by_phase, whole):
            meaning = label(5, phase, PHASES[phase].meaning)
            row(meaning, "", seconds(part, places), percent(part, whole), style="dim")
            lines = hint(phase, answer) if with_meanings else ()
            if lines not in hints_given:
                hints_given.add(lines)
                for line in lines:
                    row(Text(f"       {line}"), "", style="dim")
    total = sum(account.makespan_by_class.values())
    known = "= makespan" if answer.source.ended else f"={until}"
    check = known if total == whole else f"is not the makespan: {seconds(whole, 6)} s"
    row(label(2, "Σ", check, "bold"), "", seconds(total, places))
    return table


def length_in_words(answer: CostAnswer) -> str:
    """Return how long the run took, or how long it is known to have lived."""
    return f"{duration(answer.account.makespan)}{_until(answer)}"


def _until(answer: CostAnswer) -> str:
    if answer.source.length_unknown or answer.source.stopped:
        return " until the last sign of life"
    return " so far" if answer.source.status == "running" else ""


def phases_of(
    name: str, by_phase: dict[str, Micros], whole: Micros
) -> Iterator[tuple[str, Micros]]:
    """Yield the phases of a class that matter, unless the class is a single phase."""
    own = [(phase, part) for phase, part in by_phase.items() if PHASES[phase].cost_class == name]
    large = [(phase, part) for phase, part in own if part >= whole * _PHASE_MATTERS]
    if name not in by_phase:
        yield from sorted(large, key=lambda item: -item[1])


def hint(phase: str, answer: CostAnswer) -> tuple[str, ...]:
    """Return the setting that governs a phase, if known; on lines short enough for the table."""
    every = answer.polling
    match phase:
        case "poll_wait" | "shutdown" if every:
            return tuple(_checked(every, answer.source.run))
        case "postprocess" if every and (every.check_s or 0) >= _LONG_CHECK_S:
            limit = f"--max-status-checks-per-second {every.checks_per_s:g}"
            took = f"a status check took {every.check_s:.1f} s to find an end"
            return (took, *((limit,) if every.checks_per_s else ()))
        case "node_exit":
            return _at_exit(answer.source.run)
        case "held":
            return _held_because(answer)
        case "slot_wait" if answer.holds:
            return (harmless(answer.holds[0].setting),)
    return ()


def _checked(every: Polling, run: Run) -> Iterator[str]:
    """Yield how often the executor checked its jobs, and what sets that."""
    if run.wake is not None and not run.wake.on:
        yield f"{SETTING}, in vain: {harmless(run.wake.reason or 'the reason is not known')}"
    if was_woken(run):
        yield f"checked soon after each end: {SETTING}"
        if cut := given_back(run):
            yield f"(without it the run would have taken {cut} more)"
        if counts := run.status_checks:
            yield f"({plural(counts.early, 'early check')}, {counts.own} at its own times)"
        return
    yield f"{_interval(every)}:"
    yield every.setting
    if every.growth and every.longest_s > every.shortest_s:
        yield f"(+{every.growth_s:g} s while nothing ends, up to {every.most_s:g} s)"
    if can_be_advised(run):
        yield f"soon after each end: {SETTING}"


def meaning_of(name: str, account: Account) -> str:
    """Return what a cost class means in this run."""
    return _HELD if name == "limits" and _mostly_held(account) else CLASSES[name]


def _at_exit(run: Run) -> tuple[str, ...]:
    """Return what processes waited for at their ends, and what ends that."""
    if exits_quickly(run):
        return (f"no wait for a timer: {QUICK_EXIT}",)
    wait = usual_exit_wait(run)
    return (
        (f"of each, {wait / 1e6:.1f} s for a timer:", f"without it: {QUICK_EXIT}") if wait else ()
    )


def _mostly_held(account: Account) -> bool:
    """Whether it was the cluster that kept jobs back, rather than the run's own limits."""
    held = account.makespan_by_phase.get("held", 0)
    return 2 * held > account.makespan_by_class["limits"]


def _held_because(answer: CostAnswer) -> tuple[str, ...]:
    """Return the scheduler's reasons for holding jobs back, if it named any."""
    records = (a.accounting for a in answer.source.run.attempts.values() if a.phases.get("held"))
    reasons = sorted({one.reason for one in records if one is not None and one.reason})
    return (harmless(f"Slurm's reason: {named(reasons)}"),) if reasons else ()


def _interval(every: Polling) -> str:
    longest = f"{every.longest_s:g} s"
    if every.shortest_s == every.longest_s:
        return f"every {longest}"
    return f"every {every.shortest_s:g} to {longest}"


def _rules(answer: CostAnswer, width: int) -> Iterator[RenderableType]:
    """Yield what each rule's attempts cost, by as many classes as the terminal has room for."""
    account = answer.account
    whole = sum(account.jobs_by_phase.values())
    all_fit = len(account.rules) <= _RULES_SHOWN + 1  # "1 more rule" takes the room of that rule
    most = len(account.rules) if all_fit else _RULES_SHOWN
    shown = [*account.rules[:most], *_together(account.rules[most:])]
    names = [_rule_name(share) for share in shown]
    number = len(seconds(whole, decimals(whole)))
    widest = 16 if width < _ROOM_FOR_MEANINGS else max(26, width // 3)
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


def _together(rest: Sequence[RuleShare]) -> list[RuleShare]:
    """Return the rules without a row of their own as one row."""
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
        *(seconds(sums[name], places) if sums[name] else "·" for name in classes),
        seconds(share.total, places),
        percent(share.total, whole),
    ]


def _costliest(answer: CostAnswer, width: int) -> Table:
    table = plain_table()
    room = max(20, width - _ROOM_FOR_PHASE)
    table.add_column("Costliest jobs", max_width=room, overflow="fold")
    table.add_column("job", justify="right", no_wrap=True)
    table.add_column("s", justify="right", no_wrap=True)
    table.add_column("mostly", no_wrap=True)
    for job in answer.costliest:
        row, phases = job.last, job.phases
        phase, micros = max(phases.items(), key=lambda item: item[1])
        attempts = f" ({len(job.rows)} attempts)" if len(job.rows) > 1 else ""
        table.add_row(
            f"  {job_name(row.rule, row.wildcards, row.group_name)}{attempts}",
            "" if row.attempt.job_id is None else str(row.attempt.job_id),
            seconds(job.since_selected, decimals(job.since_selected)),
            f"{phase} {percent(micros, job.since_selected)} %",
        )
    return table


_SENTENCES: Final = {
    "compute": "The tools took {share} % of {run}",
    "scheduling": "Snakemake's own overhead took {share} % of {run}",
    "planning": "Reading the Snakefile and building the DAG took {share} % of {run}",
    "limits": "Waiting for a free slot under your own limits took {share} % of {run}",
    "job_script": "Job scripts, before Snakemake began in them, took {share} % of {run}",
    "held": "Jobs that the cluster held back took {share} % of {run}",
    "queue": "Waiting in the cluster's queue took {share} % of {run}",
    "staging": "Waiting for files took {share} % of {run}",
    "unobserved": "No breakdown is available for {share} % of {run}",
    UNATTRIBUTED: "Nothing in the journal explains {share} % of {run}",
}


def _failed_before_any_job(answer: CostAnswer) -> bool:
    """Whether a run failed with no job started: its time went to reading and planning alone."""
    return answer.source.status == "failed" and not answer.source.run.attempts


def _first(answer: CostAnswer) -> list[RenderableType]:
    """Return the largest cost class and what to change; or that nothing ran."""
    if answer.source.status == "nothing_to_do":
        return [Text(nothing_ran(answer.source))]
    return [
        Text(_sentence(answer)),
        *advice.sentence(answer.advice, answer.account.makespan),
        *advice.reduced(answer.reduced, answer.source.run.started),
    ]


def _shuts_down(answer: CostAnswer) -> list[RenderableType]:
    """Return that a run which goes on has only its shutdown left, and for how long."""
    run = answer.source.run
    if answer.source.status != "running" or not all_done(run):
        return []
    lasted = duration(answer.account.makespan_by_phase.get("shutdown", 0))
    text = f"All jobs are done, and the shutdown goes on, for {lasted} so far"
    if answer.polling is not None and not was_woken(run):
        text += ": Snakemake waits for its executor, which may sleep until its next status check"
    return [Text(f"{text}.")]


def _sentence(answer: CostAnswer) -> str:
    """Return the largest cost class in one sentence, with its largest phase."""
    account = answer.account
    if not account.makespan:
        return "This run has no recorded time yet."
    run = "the run so far" if answer.source.status == "running" else "this run"
    name, micros = max(account.makespan_by_class.items(), key=lambda item: item[1])
    which = "held" if name == "limits" and _mostly_held(account) else name
    script = account.makespan_by_phase.get("job_script", 0)
    if name == "scheduling" and 2 * script > micros:
        which, micros = "job_script", script
    text = _SENTENCES[which].format(share=percent(micros, account.makespan), run=run)
    phases = {p: m for p, m in account.makespan_by_phase.items() if PHASES[p].cost_class == name}
    if len(phases) > 1 and which != "job_script":
        phase, part = max(phases.items(), key=lambda item: item[1])
        meaning = PHASES[phase].meaning
        text += f"; the largest part is {phase} ({meaning}): {percent(part, account.makespan)} %"
    if name == "limits" and answer.holds:
        text += f"; {harmless(answer.holds[0].in_words)}"
    if name != "compute" and not account.makespan_by_class["unobserved"]:
        tools = account.makespan_by_class["compute"]
        text += f"; the tools took {percent(tools, account.makespan)} %"
    return text + "."


def _suspended(run: Run) -> Iterator[str]:
    """Yield how long Slurm had suspended jobs: no phase of theirs shows it."""
    records = (one.accounting for one in run.attempts.values())
    known = [one.suspended_s for one in records if one is not None and one.suspended_s]
    if known:
        yield (
            f"{plural(len(known), 'job')} stood still on the node for {duration_s(sum(known))} in "
            "all, suspended by Slurm: these are in its other phases, mostly in compute"
        )


def _slow_file_system(measured: Sequence[FileSystem], account: Account) -> Iterator[str]:
    """Yield which operations were slow in the working directory; planning depends on them.

    Some milliseconds are slow where the run's many operations on files took much of its time.
    """
    spent = sum(account.makespan_by_phase.get(phase, 0) for phase in _WITH_FILES)
    least = _SLOW_IN_SUM_S if spent >= _MUCH * account.makespan else _SLOW_OPERATION_S
    for one in measured:
        operations = {"create": one.create_s, "stat": one.stat_s, "remove": one.remove_s}
        slow = [
            f"{duration_s(took)} to {name}"
            for name, took in operations.items()
            if took is not None and took >= least
        ]
        if slow:
            took = f"a file in {one.path} took {', '.join(slow)}"
            yield f"slow file system at run {one.when}: {took}"


def _unobserved(answer: CostAnswer) -> list[str]:
    """Return what could not be observed, each reason with its number of attempts."""
    counts: dict[str, int] = {}
    for attempt in answer.source.run.attempts.values():
        for reason in () if attempt.is_member else dict.fromkeys(attempt.unobserved):
            counts[reason] = counts.get(reason, 0) + 1
    goes_on = answer.source.status == "running"
    found = [
        f"{plural(count, 'attempt')}: {reason if goes_on else in_the_end(reason)}"
        for reason, count in counts.items()
    ]
    run = answer.source.run
    found += _suspended(run)
    found += [message.text for message in run.messages if message.kind in _LIMITS]
    found += [
        f"the main process did not run for {duration(pause.end - pause.time)} from "
        f"{clock_time(pause.time)}: "
        + ("the machine was suspended" if pause.suspended_s else "it was stopped (Ctrl-Z, SIGSTOP)")
        for pause in run.pauses
    ]
    found += list(_slow_file_system(run.file_systems, answer.account))
    found += [f"the journal has a gap: {reason}" for reason in dict.fromkeys(run.gaps)]
    return found
