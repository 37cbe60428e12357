"""The two paths of a run as text: what it was made of, what it needed, what to repair first."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.reporters.answers import PathAnswer
from snakemake_logger_plugin_observe.reporters.as_text import actual_path, cost, savings
from snakemake_logger_plugin_observe.reporters.tables import fitting
from snakemake_logger_plugin_observe.reporters.words import decimals, duration, harmless, percent

_CHAIN_SHOWN: Final = 6
_RULES_SHOWN: Final = 6
_NAMED: Final = 5
_ROOM_FOR_PHASES: Final = 78
_ROOM_FOR_RELEASES: Final = 94
_WORTH: Final = 0.005
_NEXT: Final = (
    "→ snakemake-observe path --explain    the journal's lines behind each of these stretches"
)


def parts(answer: PathAnswer, width: int) -> list[RenderableType]:
    """Return the answer, part by part."""
    found: list[RenderableType] = [*cost.head(answer.source), Text()]
    if not answer.paths.makespan:
        return [*found, Text("There is no time to tell of.")]
    if answer.explained is not None:
        return [*found, *actual_path.explained(answer, answer.explained)]
    found += [actual_path.actual(answer, width), Text(), *_critical(answer, width), Text()]
    found += [*_overhead(answer), *_slots(answer)]
    if answer.paths.critical.rules:
        found += [Text(), _slack(answer, width)]
    if any(one.saving for one in answer.savings or ()):
        found += [Text(), savings.table(answer, width)]
    first = savings.first(answer)
    found += [Text(), Text.assemble(("What to repair first: ", "bold"), first)]
    found += cost.warnings([*answer.source.problems, *_limits(answer)])
    trial = savings.trial(answer)
    found += [Text(harmless(f"→ {trial}    what that would bring"))] if trial else []
    found.append(Text(_NEXT))
    return found


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
            actual_path.owner(answer, one.job_id, one.rule, None),
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
    yield fitting(columns, rows, width, gives=3)


def _overhead(answer: PathAnswer) -> Iterator[RenderableType]:
    """Yield the gap between both paths, by cost class."""
    found = answer.paths
    if found.overhead is None:
        return
    worth = [
        (name, micros)
        for name, micros in found.overhead_by_class.items()
        if abs(micros) >= _WORTH * found.makespan
    ]
    said = ", ".join(
        f"{'other tools' if name == 'compute' else name} {duration(micros)}"
        for name, micros in sorted(worth, key=lambda item: -item[1])
        if micros > 0
    )
    overlap = -found.overhead_by_class["compute"]
    if overlap >= _WORTH * found.makespan:
        said += f", less {duration(overlap)} that passed while its tools ran"
    line = f"{duration(found.overhead)} ({percent(found.overhead, found.makespan)} %)"
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
    return fitting(columns, rows, width, gives=0)


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
    if found.critical.cycles:
        yield f"the dependencies of jobs {_some(found.critical.cycles)} lead in a circle"
    if found.unexplained >= _WORTH * found.makespan:
        yield f"{duration(found.unexplained)} of the actual path could not be told apart"


def _some(job_ids: Sequence[int]) -> str:
    more = f", … {len(job_ids) - _NAMED:,} more" if len(job_ids) > _NAMED else ""
    return ", ".join(map(str, job_ids[:_NAMED])) + more
