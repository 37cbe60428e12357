"""The text of ``path``: what to fix first, the actual path, the critical path, savings."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.failures.headline import headline
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.reporters.answers import PathAnswer
from snakemake_logger_plugin_observe.reporters.as_text import (
    actual_path,
    advice,
    failed_run,
    live,
    savings,
    unended,
)
from snakemake_logger_plugin_observe.reporters.as_text.common import (
    ending,
    head,
    nothing_ran,
    reader,
    warnings,
)
from snakemake_logger_plugin_observe.reporters.tables import fitting
from snakemake_logger_plugin_observe.reporters.words import (
    decimals,
    duration,
    harmless,
    percent,
    seconds,
)
from snakemake_logger_plugin_observe.run.phases import PHASES

_CHAIN_SHOWN: Final = 6
_RULES_SHOWN: Final = 6
_NAMED: Final = 5
_ROOM_FOR_PHASES: Final = 78
_ROOM_FOR_RELEASES: Final = 94
_WORTH: Final = 0.005


def parts(answer: PathAnswer, width: int) -> list[RenderableType]:
    """Return the answer, part by part."""
    found: list[RenderableType] = [*head(answer.source), Text()]
    if answer.source.length_unknown:
        purpose = "what was in flight, and what to do"
        triage = reader("triage", answer.source, purpose=purpose)
        why = "A run without an end has no path to it."
        return ending([*found, Text(harmless(f"{unended.sentence(answer.source)} {why}"))], triage)
    if not answer.paths.makespan:
        return [*found, Text("This run has no recorded time yet.")]
    if answer.explained is not None:
        return [*found, *actual_path.explained(answer, answer.explained)]
    so_far = "" if answer.source.ended else ", as far as the run has got"
    if answer.source.status == "nothing_to_do":
        found += [Text(nothing_ran(answer.source)), Text()]
    elif failed := list(_failed(answer)):
        found += [*failed, Text()]
    elif answer.blocked and answer.source.status == "running":
        found += [*live.parts(answer.source), *live.what_to_do(answer.blocked)]
    else:
        found += [Text.assemble((f"What to fix first{so_far}: ", "bold"), _first(answer))]
        found += [*advice.reduced(answer.reduced, answer.source.run.started), Text()]
    found += [*actual_path.actual(answer, width), Text(), *_critical(answer, width), Text()]
    if summary := [*_overhead(answer), *_slots(answer)]:
        found += [*summary, Text()]
    if answer.paths.critical.rules:
        found += [_slack(answer, width), Text()]
    if any(one.saving for one in answer.savings or ()):
        found += [savings.table(answer, width), Text()]
    found += [*warnings([*answer.source.problems, *_limits(answer)])]
    return ending(
        found,
        *advice.trials(answer.source, answer.advice or ()),
        reader("path", answer.source, "--explain", purpose="the journal lines behind each stretch"),
    )


def _failed(answer: PathAnswer) -> Iterator[Text]:
    """Yield what failed or was cut off: that comes before what would make the run faster."""
    source = answer.source
    if source.status == "interrupted":
        yield from failed_run.interrupted(source, answer.failures, answer.blocked)
        return
    if source.status != "failed":
        return
    what = headline(source.run, answer.failures, source.other_run)
    if what is not None:
        yield Text(harmless(f"FAILED: {what}"), "bold red")
        yield from failed_run.what_to_do(source, answer.failures)
        yield reader("triage", source, purpose="what went wrong, and what to do")


def _first(answer: PathAnswer) -> str:
    """Return what to change first, and what else; or the largest phase, if nothing would help."""
    found = answer.paths
    if answer.advice:
        return advice.changes(answer.advice, found.makespan)
    phase, micros = max(found.by_phase.items(), key=lambda item: item[1])
    largest = f"{phase} ({PHASES[phase].meaning}), {percent(micros, found.makespan)} %"
    if answer.advice is None:
        return f"not simulated; the largest part of the actual path is {largest}."
    return f"nothing that was simulated would save much; the largest part is {largest}."


def _critical(answer: PathAnswer, width: int) -> Iterator[RenderableType]:
    """Yield the longest jobs of the critical path, in order."""
    critical = answer.paths.critical
    if not critical.chain:
        yield Text("No critical path: the compute time of all jobs is unknown.")
        return
    whole, wide = critical.length, width >= _ROOM_FOR_PHASES
    places = decimals(answer.paths.makespan)
    all_fit = len(critical.chain) <= _CHAIN_SHOWN + 1
    order = {one.job_id: index for index, one in enumerate(critical.chain)}
    longest = sorted(critical.chain, key=lambda one: (-one.compute, order[one.job_id]))
    shown = (
        critical.chain
        if all_fit
        else sorted(longest[:_CHAIN_SHOWN], key=lambda one: order[one.job_id])
    )
    rows = [
        (
            seconds(one.compute, places),
            percent(one.compute, whole),
            str(one.job_id),
            actual_path.owner(answer, one.job_id, one.rule, None),
        )
        for one in shown
    ]
    if not all_fit:
        rest = longest[_CHAIN_SHOWN:]
        length = sum(one.compute for one in rest)
        numbers = seconds(length, places), percent(length, whole)
        rows.append((*numbers, "", f"… {len(rest):,} more jobs"))
    share = percent(whole, answer.paths.makespan)
    rows.append(
        (seconds(whole, places), "", "Σ", f"= {share} % of the {unended.whole(answer.source)}")
    )
    title = "The critical path" + (": tools only, a free slot for every job" if wide else "")
    columns = [("compute s", True), ("%", True), ("job", True), (title, False)]
    yield fitting(columns, rows, width, fold=3)


def _overhead(answer: PathAnswer) -> Iterator[RenderableType]:
    """Yield the difference between both paths, by cost class."""
    found = answer.paths
    if found.overhead is None:
        return
    large = [
        (name, micros)
        for name, micros in found.overhead_by_class.items()
        if abs(micros) >= _WORTH * found.makespan
    ]
    by_class = ", ".join(
        f"{'other tools' if name == 'compute' else name} {duration(micros)}"
        for name, micros in sorted(large, key=lambda item: -item[1])
        if micros > 0
    )
    overlap = -found.overhead_by_class["compute"]
    if overlap >= _WORTH * found.makespan:
        by_class += f", minus {duration(overlap)} that passed while its tools ran"
    whole = unended.whole(answer.source)
    share = f"{percent(found.overhead, found.makespan)} % of the {whole}"
    yield Text.assemble(
        ("Overhead beyond the critical path: ", "bold"),
        f"{duration(found.overhead)} ({share}){f': {by_class}' if by_class else ''}.",
    )


def _slots(answer: PathAnswer) -> Iterator[RenderableType]:
    """Yield for how long a slot was idle while jobs were ready."""
    found = answer.paths.utilisation
    if found.slots is None or not found.steps:
        return
    limit = f"--{found.slot_kind} {found.slots}"
    text = f"{limit}; a slot was idle while jobs were ready for {duration(found.stalled)} in total"
    if found.kept_back:
        kept = " and ".join(f"{name} for {duration(length)}" for name, length in found.kept_back)
        text = f"{limit}; at least half were idle while jobs were kept back by {harmless(kept)}"
        text += (
            f"; one was idle while a job that fits was ready for {duration(found.stalled)} in total"
        )
    if found.stalls:
        one = found.stalls[0]
        who = f"job {one.job_id}" if one.job_id is not None else "a group"
        at = (one.start - answer.paths.actual[0].start) / 1e6
        begun = f"at {at:.1f} s" if at >= 0 else "before the run"  # in a tampered journal
        text += f"; the longest such stall began {begun} and took {duration(one.length)}"
        text += f" ({who}{f', line {one.line}' if one.line else ''})"
    yield Text.assemble(("Slots: ", "bold"), f"{text}.")


def _slack(answer: PathAnswer, width: int) -> Table:
    """Return each rule's slack, the smallest first."""
    rules = answer.paths.critical.rules
    places = decimals(answer.paths.makespan)
    shown = rules if len(rules) <= _RULES_SHOWN + 1 else rules[:_RULES_SHOWN]
    rows = [
        (
            "  " + (harmless(one.rule) if one.rule else "(not described)"),
            f"{one.jobs:,}",
            f"{one.on_path:,}" if one.on_path else "·",
            seconds(one.slack, places),
        )
        for one in shown
    ]
    if len(shown) < len(rules):
        rows.append((f"  … {plural(len(rules) - len(shown), 'more rule')}", "", "", ""))
    wide = width >= _ROOM_FOR_RELEASES
    heading = "Slack: how much longer one job's tool could take" if wide else "Slack"
    columns = [(heading, False), ("jobs", True), ("on critical path", True), ("slack s", True)]
    return fitting(columns, rows, width, fold=0)


def _limits(answer: PathAnswer) -> Iterator[str]:
    """Yield what is unknown and limits the answer."""
    found, source = answer.paths, answer.source
    if source.status == "running":
        yield f"the run goes on: both paths end after the {duration(found.makespan)} so far"
    if answer.savings is None:
        yield "what to fix first in so large a run is not simulated by default; add --savings"
    if found.critical.unknown:
        jobs = plural(len(found.critical.unknown), "job")
        yield f"compute time of {jobs} unknown ({_some(found.critical.unknown)}): counted as 0 s"
    if found.critical.cycles:
        yield f"jobs {_some(found.critical.cycles)} depend on each other in a cycle"
    if found.unexplained >= _WORTH * found.makespan:
        yield f"no breakdown available for {duration(found.unexplained)} of the actual path"


def _some(job_ids: Sequence[int]) -> str:
    more = f", … {len(job_ids) - _NAMED:,} more" if len(job_ids) > _NAMED else ""
    return ", ".join(map(str, job_ids[:_NAMED])) + more
