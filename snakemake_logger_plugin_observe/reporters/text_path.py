"""The two paths of a run as text: what it was made of, what it needed, what to repair first."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.explain import Explained, Quote
from snakemake_logger_plugin_observe.analysis.paths import Saving, Step
from snakemake_logger_plugin_observe.analysis.releases import Release
from snakemake_logger_plugin_observe.phases import CLASSES, PHASES, UNATTRIBUTED, UNOBSERVED
from snakemake_logger_plugin_observe.reporters import text_cost
from snakemake_logger_plugin_observe.reporters.answers import PathAnswer
from snakemake_logger_plugin_observe.reporters.words import (
    decimals,
    duration,
    harmless,
    job_name,
    percent,
    plural,
)

_STEPS_SHOWN: Final = 12
_CHAIN_SHOWN: Final = 6
_RULES_SHOWN: Final = 6
_SAVINGS_SHOWN: Final = 10
_NAMED: Final = 5
_ROOM_FOR_PHASES: Final = 78
_ROOM_FOR_RELEASES: Final = 94
_WORTH: Final = 0.005
_NEXT: Final = (
    "→ snakemake-observe path --explain    the journal's lines behind each of these stretches"
)


def parts(answer: PathAnswer, width: int) -> list[RenderableType]:
    """Return the answer, part by part."""
    found: list[RenderableType] = [*text_cost.head(answer.source), Text()]
    if not answer.paths.makespan:
        return [*found, Text("There is no time to tell of.")]
    if answer.explained is not None:
        return [*found, *_explained(answer, answer.explained)]
    found += [_actual(answer, width), Text(), *_critical(answer, width), Text()]
    found += [*_price(answer), *_slots(answer)]
    if answer.paths.critical.rules:
        found += [Text(), _slack(answer, width)]
    if any(one.saving for one in answer.savings or ()):
        found += [Text(), _savings(answer, width)]
    found += [Text(), Text.assemble(("What to repair first: ", "bold"), _first(answer))]
    found += text_cost.warnings([*answer.source.problems, *_limits(answer)])
    found.append(Text(_NEXT))
    return found


def _name(answer: PathAnswer, job_id: int | None, rule: str | None, group: str | None) -> str:
    """Return what a person calls an owner: its rule and wildcards, its group, or Snakemake."""
    if job_id is None and group is None:
        return "Snakemake"
    run = answer.source.run
    if job_id is None:
        described = run.groups.get(group or "")
        return job_name(None, {}, described.name if described and described.name else group)
    job = run.jobs.get(job_id)
    return job_name(rule, job.wildcards if job else {}, None)


def _id(job_id: int | None) -> str:
    return "" if job_id is None else str(job_id)


_Row = Sequence[str]


def _table(
    columns: Sequence[tuple[str, bool]], rows: Sequence[_Row], width: int, gives: int
) -> Table:
    """Return a table of *columns* (heading, whether it holds figures).

    Where the terminal is too narrow, the column *gives* is cut: never a figure.
    """
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="bold")
    widths = [
        max(len(heading), *(len(row[index]) for row in rows)) + 2
        for index, (heading, _) in enumerate(columns)
    ]
    room = max(8, width - sum(widths) + widths[gives] - 2)
    for index, (heading, figures) in enumerate(columns):
        table.add_column(
            heading,
            justify="right" if figures else "left",
            no_wrap=True,
            overflow="ellipsis",
            max_width=room if index == gives else None,
        )
    for row in rows:
        table.add_row(*row)
    return table


def _actual(answer: PathAnswer, width: int) -> Table:
    """Return the actual path: its longest stretches in their order, the others in one line."""
    found = answer.paths
    start, whole = found.actual[0].start, found.makespan
    places = decimals(whole)
    alone = len(found.steps) <= _STEPS_SHOWN + 1
    longest = sorted(found.steps, key=lambda step: (-step.length, step.start))
    shown = found.steps if alone else sorted(longest[:_STEPS_SHOWN], key=lambda step: step.start)
    rows = [
        (
            f"{(step.start - start) / 1e6:.{places}f}",
            f"{step.length / 1e6:.{places}f}",
            percent(step.length, whole),
            _id(step.job_id),
            _name(answer, step.job_id, step.rule, step.group),
            _mostly(step),
            _released(step.released_by),
        )
        for step in shown
    ]
    if not alone:
        rest = longest[_STEPS_SHOWN:]
        length = sum(step.length for step in rest)
        figures = f"{length / 1e6:.{places}f}", percent(length, whole)
        rows.append(("", *figures, "", f"… {len(rest):,} more stretches", "", ""))
    total = sum(step.length for step in found.steps)
    check = "= makespan" if total == whole else "is not the makespan"
    rows.append(("Σ", f"{total / 1e6:.{places}f}", "", "", check, "", ""))
    columns = [("from s", True), ("s", True), ("%", True), ("job", True)]
    columns += [("The actual path", False), ("mostly", False), ("it could begin once", False)]
    kept = 5 + (width >= _ROOM_FOR_PHASES) + (width >= _ROOM_FOR_RELEASES)
    return _table(columns[:kept], [row[:kept] for row in rows], width, gives=4)


def _mostly(step: Step) -> str:
    """Return the phase that a stretch mostly is, and how much of it."""
    phase, micros = step.by_phase[0]
    return f"{phase} {percent(micros, step.length)} %"


_RELEASES: Final = {
    "dependency": "{who} ended",
    "previous_attempt": "attempt {attempt} failed",
    "replanning": "re-planned after {who}",
    "freed_slot": "{who} freed a slot",
    "freed_cores": "{who} freed cores",
    "freed_worker": "{who} freed a worker",
    "freed_resource": "{who} freed {resource}",
    "freed_place": "{who} made room",
    "scheduling": "scheduling began",
}


def _released(release: Release | None) -> str:
    if release is None:
        return ""
    who = f"job {release.job_id}" if release.job_id is not None else "a group"
    said = _RELEASES[release.because]
    return harmless(said.format(who=who, attempt=release.attempt, resource=release.resource))


def _critical(answer: PathAnswer, width: int) -> Iterator[RenderableType]:
    """Yield the critical path: in its order, the jobs that weigh most."""
    critical = answer.paths.critical
    if not critical.chain:
        yield Text("No tool's time is known, so there is no critical path to tell of.")
        return
    whole, wide = critical.length, width >= _ROOM_FOR_PHASES
    places = decimals(answer.paths.makespan)
    alone = len(critical.chain) <= _CHAIN_SHOWN + 1
    order = {one.job_id: index for index, one in enumerate(critical.chain)}
    longest = sorted(critical.chain, key=lambda one: (-one.compute, order[one.job_id]))
    shown = (
        critical.chain
        if alone
        else sorted(longest[:_CHAIN_SHOWN], key=lambda one: order[one.job_id])
    )
    rows = [
        (
            f"{one.compute / 1e6:.{places}f}",
            percent(one.compute, whole),
            str(one.job_id),
            _name(answer, one.job_id, one.rule, None),
        )
        for one in shown
    ]
    if not alone:
        rest = longest[_CHAIN_SHOWN:]
        length = sum(one.compute for one in rest)
        figures = f"{length / 1e6:.{places}f}", percent(length, whole)
        rows.append((*figures, "", f"… {len(rest):,} more jobs"))
    share = percent(whole, answer.paths.makespan)
    rows.append((f"{whole / 1e6:.{places}f}", "", "Σ", f"= {share} % of the makespan"))
    said = "The critical path" + (": the tools alone, a place for every job" if wide else "")
    columns = [("compute s", True), ("%", True), ("job", True), (said, False)]
    yield _table(columns, rows, width, gives=3)


def _price(answer: PathAnswer) -> Iterator[RenderableType]:
    """Yield the gap between both paths, by cost class."""
    found = answer.paths
    if found.price is None:
        return
    worth = [
        (name, micros)
        for name, micros in found.price_by_class.items()
        if abs(micros) >= _WORTH * found.makespan
    ]
    said = ", ".join(
        f"{'other tools' if name == 'compute' else name} {duration(micros)}"
        for name, micros in sorted(worth, key=lambda item: -item[1])
        if micros > 0
    )
    overlap = -found.price_by_class["compute"]
    if overlap >= _WORTH * found.makespan:
        said += f", less {duration(overlap)} that passed while its tools ran"
    line = f"{duration(found.price)} ({percent(found.price, found.makespan)} %)"
    yield Text.assemble(
        ("The price of how it was run: ", "bold"), line, f": {said}." if said else "."
    )


def _slots(answer: PathAnswer) -> Iterator[RenderableType]:
    """Yield how slots were used, and where one idled with work ready."""
    found = answer.paths.utilisation
    if found.slots is None or not found.steps:
        return
    limit = f"--{found.slot_kind} {found.slots}"
    said = f"{limit}; a slot idled with work ready for {duration(found.stalled)}"
    if found.stalls:
        one = found.stalls[0]
        who = f"job {one.job_id}" if one.job_id is not None else "a group"
        at = (one.start - answer.paths.actual[0].start) / 1e6
        said += f", the longest {duration(one.length)} from {at:.1f} s on"
        said += f" ({who}{f', line {one.line}' if one.line else ''})"
    yield Text.assemble(("Slots: ", "bold"), f"{said}.")


def _slack(answer: PathAnswer, width: int) -> Table:
    """Return each rule's slack, the least first."""
    rules = answer.paths.critical.rules
    places = decimals(answer.paths.makespan)
    shown = rules if len(rules) <= _RULES_SHOWN + 1 else rules[:_RULES_SHOWN]
    rows = [
        (
            "  " + (harmless(one.rule) if one.rule else "(not described)"),
            f"{one.jobs:,}",
            f"{one.on_path:,}" if one.on_path else "·",
            f"{one.slack / 1e6:.{places}f}",
        )
        for one in shown
    ]
    if len(shown) < len(rules):
        rows.append((f"  … {plural(len(rules) - len(shown), 'more rule')}", "", "", ""))
    wide = width >= _ROOM_FOR_RELEASES
    heading = "Slack: how much longer one job's tool could take" if wide else "Slack"
    columns = [(heading, False), ("jobs", True), ("on critical path", True), ("slack s", True)]
    return _table(columns, rows, width, gives=0)


def _savings(answer: PathAnswer, width: int) -> Table:
    """Return by how much the run would be shorter without this or that."""
    whole = answer.paths.makespan
    places = decimals(whole)
    rows = [
        (
            f"  {_saved(answer, one)}",
            f"{one.saving / 1e6:.{places}f}",
            percent(one.saving, whole),
        )
        for one in (answer.savings or ())[:_SAVINGS_SHOWN]
        if one.saving
    ]
    wide = width >= _ROOM_FOR_RELEASES
    heading = "Savings: how much shorter the run were if it took no time" if wide else "Savings"
    return _table([(heading, False), ("s", True), ("%", True)], rows, width, gives=0)


def _saved(answer: PathAnswer, one: Saving) -> str:
    match one.kind:
        case "job":
            job_id = int(one.name)
            job = answer.source.run.jobs.get(job_id)
            return f"job    {job_id} {_name(answer, job_id, job.rule if job else None, None)}"
        case "phase":
            meaning = PHASES[one.name].meaning if one.name in PHASES else ""
            return f"phase  {one.name}: {meaning}"
        case "class":
            return f"class  {one.name}: {CLASSES.get(one.name, '')}"
        case _:
            return harmless(f"rule   {one.name}")


def _first(answer: PathAnswer) -> str:
    """Return what to repair first, and what next: the phases whose end would save most.

    Rules hold all their phases, so they are not set against these. All tools together are no
    repair: of them the rule that would save most is named.
    """
    found = answer.paths
    worth = [
        one
        for one in answer.savings or ()
        if one.kind == "phase"
        and one.name not in (UNOBSERVED, UNATTRIBUTED)
        and one.saving >= _WORTH * found.makespan
    ]
    if worth:
        return harmless("; then ".join(_repair(answer, one) for one in worth[:2])) + "."
    phase, micros = max(found.by_phase.items(), key=lambda item: item[1])
    share = percent(micros, found.makespan)
    return f"{phase} ({PHASES[phase].meaning}), {share} % of the actual path."


def _repair(answer: PathAnswer, one: Saving) -> str:
    what = f"{one.name} ({PHASES[one.name].meaning})"
    if one.name == "compute":
        rule = next((other.name for other in answer.savings or () if other.kind == "rule"), None)
        what = f"the tools, {rule} above all" if rule else "the tools"
    share = percent(one.saving, answer.paths.makespan)
    return f"{what}, up to {duration(one.saving)} less ({share} %)"


def _limits(answer: PathAnswer) -> Iterator[str]:
    """Yield what is not known, and so limits the answer."""
    found, source = answer.paths, answer.source
    if source.status == "killed":
        yield f"nothing was heard after {duration(found.makespan)}: both paths end there"
    if answer.savings is None:
        yield "so large a run is not let happen again unasked: --savings finds what would be saved"
    if found.critical.unknown:
        jobs = plural(len(found.critical.unknown), "job")
        yield f"the tool's time of {jobs} is not known ({_some(found.critical.unknown)}): 0 s here"
    if found.critical.circles:
        yield f"the dependencies of jobs {_some(found.critical.circles)} lead in a circle"
    if found.unexplained >= _WORTH * found.makespan:
        yield f"{duration(found.unexplained)} of the actual path could not be told apart"


def _some(job_ids: Sequence[int]) -> str:
    more = f", … {len(job_ids) - _NAMED:,} more" if len(job_ids) > _NAMED else ""
    return ", ".join(map(str, job_ids[:_NAMED])) + more


def _explained(answer: PathAnswer, explained: Sequence[Explained]) -> Iterator[RenderableType]:
    """Yield each segment of the actual path, and under it the stamps at its edges."""
    start = explained[0].segment.start if explained else 0
    yield Text("The actual path, and the lines of the journal that show it", "bold")
    for one in explained:
        segment = one.segment
        who = _name(answer, segment.job_id, segment.rule, segment.group)
        length = segment.end - segment.start
        told = f"{(segment.start - start) / 1e6:12.6f} s  +{length / 1e6:.6f} s  {segment.phase}"
        attempt = f", attempt {segment.attempt}" if (segment.attempt or 1) > 1 else ""
        released = _released(segment.released_by)
        yield Text(f"{told}  {who}{attempt}{f'  once {released}' if released else ''}")
        yield Text(f"               from {_quoted(one.begin)}", "dim")
        yield Text(f"               to   {_quoted(one.end)}", "dim")


def _quoted(quotes: Sequence[Quote]) -> str:
    if not quotes:
        return "no stamp: the journal's begin or end, or nothing that was recorded"
    return harmless(
        "; ".join(f"line {one.line} {one.event} {one.field} {one.text[11:]}" for one in quotes)
    )
