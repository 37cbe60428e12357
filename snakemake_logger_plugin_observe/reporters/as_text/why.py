"""The text of ``why``: the root causes, Snakemake's reasons, and what changed."""

import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.compare.change import RUN, Change
from snakemake_logger_plugin_observe.analysis.param_values import REORDERED
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.analysis.why.not_run import NotRun
from snakemake_logger_plugin_observe.analysis.why.why import ReasonShare, RootShare
from snakemake_logger_plugin_observe.pasting import command, path
from snakemake_logger_plugin_observe.reporters.answers import WhyAnswer
from snakemake_logger_plugin_observe.reporters.as_text import (
    causal_chain,
    cause_words,
    not_run,
    rerun_words,
)
from snakemake_logger_plugin_observe.reporters.as_text.cause_words import LONGEST_CHANGE
from snakemake_logger_plugin_observe.reporters.as_text.common import (
    ending,
    head,
    next_command,
    reader,
    warnings,
)
from snakemake_logger_plugin_observe.reporters.as_text.run_errors import errors
from snakemake_logger_plugin_observe.reporters.tables import not_shown, plain_table
from snakemake_logger_plugin_observe.reporters.words import (
    clock_time,
    decimals,
    harmless,
    seconds,
)

_ROOTS_SHOWN: Final = 6
_REASONS_SHOWN: Final = 10
_CHANGES_SHOWN: Final = 6
_ROOM_FOR_FILES: Final = 20
_PADDING: Final = 2
_ROOM_FOR_LINES: Final = 52
# Changes that make Snakemake run a job again come first.
_FOUND_BY_SNAKEMAKE: Final = frozenset(
    {"updated_input", "input_set", "code", "params", "environment"}
)
"""Root causes that are changes, whether the journals record them or not."""
_TRIGGERS: Final = re.compile(r"code|params|environment|input|script|config|file |commit|targets")


def parts(answer: WhyAnswer, width: int) -> list[RenderableType]:
    """Return the answer, part by part."""
    return [*head(answer.source), Text(), *below_head(answer, width)]


def below_head(answer: WhyAnswer, width: int) -> list[RenderableType]:
    """Return the answer without the lines about the run."""
    found: list[RenderableType] = []
    if answer.chain is not None:
        found += _chain(answer, width)
    elif answer.not_run is not None and answer.not_run.what is not None:
        found += rerun_words.of_rules(answer, _rules_of(answer.not_run, answer), width)
        found += [*not_run.parts(answer), *errors(answer.source), Text()]
    elif answer.not_run is not None and not answer.why.all.jobs:
        found += rerun_words.without_a_root(answer, width)
        found += [*not_run.parts(answer), *errors(answer.source), Text()]
    else:
        found += rerun_words.without_a_root(answer, width)
        found += [_roots(answer, width), *_several(answer)]
        found += [*rerun_words.taken_up(answer, width), Text()]
        found += [*_reasons(answer, width), Text()]
        if any(not one.rules for one in answer.why.roots):
            found += [*errors(answer.source), Text()]
        if up_to_date := not_run.parts(answer):
            found += [*up_to_date, Text()]
    found += _changed(answer, width)
    found += warnings(answer.source.problems)
    return ending(found, _next(answer))


def _chain(answer: WhyAnswer, width: int) -> Iterator[RenderableType]:
    """Yield why the selected jobs ran, and which jobs of that name did not."""
    kept = [*not_run.parts(answer), Text()] if answer.not_run is not None else []
    of_a_file = answer.subject is not None and answer.subject.relation in ("updated", "read")
    tree = causal_chain.parts(answer, width)
    yield from (*kept, *tree) if of_a_file else (*tree, *kept)


def _rules_of(one: NotRun, answer: WhyAnswer) -> set[str]:
    known = answer.source.run.all_jobs
    return {known[job_id].rule for job_id in one.jobs}


def _ran(answer: WhyAnswer) -> str:
    started = answer.source.run.started
    if started is not None and started.kind == "touch":
        return "were touched, and not made,"
    return "would run" if answer.why.planned else "ran"


def _roots(answer: WhyAnswer, width: int) -> Table:
    """Return the root causes, the one with most jobs first."""
    why = answer.why
    has = "has" if why.all.jobs == 1 else "have"
    causes = plural(len(why.roots), "root cause")
    title = f"The {plural(why.all.jobs, 'job')} that {_ran(answer)} {has} {causes}"
    alone = len(why.roots) > 1
    table = plain_table()
    table.add_column(title, overflow="fold")
    headings = ("jobs", *(["alone"] if alone else []), *([] if why.planned else ["s"]))
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True, vertical="top")
    places = decimals(why.all.time)
    shown = why.roots if len(why.roots) <= _ROOTS_SHOWN + 1 else why.roots[:_ROOTS_SHOWN]
    rows = [
        (
            f"{one.all.jobs:,}",
            *([f"{one.alone.jobs:,}"] if alone else []),
            *([] if why.planned else [seconds(one.all.time, places)]),
        )
        for one in shown
    ]
    taken = sum(2 + max(map(len, column)) for column in zip(headings, *rows, strict=True))
    for one, numbers in zip(shown, rows, strict=True):
        table.add_row(_root(one, answer, width - taken - _PADDING), *numbers)
    if len(why.roots) > len(shown):
        table.add_row(f"  … {plural(len(why.roots) - len(shown), 'more cause')}")
    return table


def _root(one: RootShare, answer: WhyAnswer, room: int) -> Text:
    """Return a root cause; below it, how many jobs it made run directly and indirectly."""
    reruns = answer.reruns_of(one.root)
    direct = sum(jobs for _rule, jobs in one.rules)
    text = Text("\n".join(_wrapped(cause_words.root(one, reruns), room, "  ")), "bold")
    if changed := cause_words.detail(one, reruns):
        text.append("\n" + "\n".join(_wrapped(changed, room, "    ")), "not bold")
    for line in (*rerun_words.made_before(one, answer), *rerun_words.below(reruns)):
        text.append("\n" + "\n".join(_wrapped(line, room, "    ")), "not bold")
    if not direct:
        return text
    below = f"{plural(direct, 'job')} directly"
    if (others := one.all.jobs - direct) > 0:
        below += f", {others:,} indirectly"
    if one.line is not None and room >= _ROOM_FOR_LINES:
        below += f"  [line {one.line}]"
    return text.append("\n" + "\n".join(_wrapped(below, room, "    ")), "dim not bold")


def _wrapped(text: str, room: int, indent: str) -> list[str]:
    return textwrap.wrap(text, room, initial_indent=indent, subsequent_indent=indent + "  ")


def _several(answer: WhyAnswer) -> Iterator[RenderableType]:
    if several := answer.why.several:
        counted = "is counted" if several == 1 else "are counted"
        yield Text(
            f"  {plural(several, 'job')} with several root causes {counted} for each of them; "
            "alone: jobs with only this one",
            "dim",
        )


def _reasons(answer: WhyAnswer, width: int) -> Iterator[RenderableType]:
    """Yield Snakemake's reasons by rule, with an example where there is room for one."""
    why = answer.why
    places = decimals(why.all.time)
    few = len(why.reasons) <= _REASONS_SHOWN + 1
    shown = why.reasons if few else why.reasons[:_REASONS_SHOWN]
    rows = [
        [
            f"  {_labels(one)}",
            harmless(one.rule or "(not described)"),
            f"{one.cost.jobs:,}",
            *([] if why.planned else [seconds(one.cost.time, places)]),
        ]
        for one in shown
    ]
    headings = ["Snakemake's reason", "rule", "jobs", *([] if why.planned else ["s"])]
    taken = sum(2 + max(map(len, column)) for column in zip(headings, *rows, strict=True))
    table = plain_table()
    for heading in headings:
        number = heading in ("jobs", "s")
        table.add_column(heading, justify="right" if number else "left", no_wrap=number)
    if with_example := width - taken >= _ROOM_FOR_FILES:
        table.add_column("for example", no_wrap=True)
    for one, cells in zip(shown, rows, strict=True):
        example = [_example(one, answer, width - taken)] if with_example else []
        table.add_row(*cells, *example)
    if rest := why.reasons[len(shown) :]:
        jobs = f"{sum(one.cost.jobs for one in rest):,}"
        time = [] if why.planned else [seconds(sum(one.cost.time for one in rest), places)]
        table.add_row(f"  … {len(rest):,} more", "", jobs, *time)
    yield table
    if not with_example:
        yield from not_shown(["an example of each"])


def _labels(one: ReasonShare) -> str:
    return ", ".join(cause_words.LABELS[kind] for kind in one.kinds)


def _example(one: ReasonShare, answer: WhyAnswer, room: int) -> str:
    """Return a file that the reason names, else an output of the example job."""
    job = answer.source.run.jobs.get(one.example)
    name = next(iter((*one.files, *(job.output if job is not None else ()))), "")
    return cause_words.shortened(name, room - 1)


def _changed(answer: WhyAnswer, width: int) -> Iterator[RenderableType]:
    """Yield what changed since the previous run, or that there is none to compare with."""
    if answer.alone:
        yield Text("What changed is unknown: no other run was looked at.")
        return
    if answer.baseline is None:
        yield Text(
            "What changed is unknown: there is no earlier successful run of this Snakefile with "
            "these targets."
        )
        return
    start = answer.baseline.run.start
    since = f"since the run of {clock_time(start)}" if start else "since the previous run"
    if not answer.changes and answer.source.run.is_unparsed:
        yield Text(
            f"What changed {since} is unknown: the run failed while its Snakefile was read, so "
            "what is in that and in its config is not on record."
        )
        return
    if not answer.changes:
        known = any(root.kind in _FOUND_BY_SNAKEMAKE for root in answer.why.roots)
        recorded = f"No {'other ' if known else ''}change was recorded {since}"
        if not answer.source.run.jobs:
            recorded += "; the run ended before its plan, so changed inputs are not on record"
        yield Text(f"{recorded}.")
        return
    yield Text(f"What changed {since}", "bold")
    ordered = sorted(answer.changes, key=_triggers_first)
    shown = ordered if len(ordered) <= _CHANGES_SHOWN + 1 else ordered[:_CHANGES_SHOWN]
    for one in shown:
        yield from map(Text, _wrapped(_change(one), width, "  "))
    if len(ordered) > len(shown):
        yield Text(f"  … {plural(len(ordered) - len(shown), 'more change')}")


def _triggers_first(one: Change) -> tuple[bool, bool]:
    return (_TRIGGERS.match(one.what) is None, one.subject == RUN)


def _change(one: Change) -> str:
    what = one.what if one.subject == RUN else f"{one.what} of {harmless(one.subject)}"
    jobs = f" ({plural(one.jobs, 'job')})" if one.jobs else ""
    if one.values is not None:
        changed = REORDERED if one.values.reordered else one.values.within(LONGEST_CHANGE)
        values = cause_words.shortened(changed, LONGEST_CHANGE)
        return f"{harmless(what)}: {values}{jobs}"
    before, after = (
        cause_words.shortened(side, LONGEST_CHANGE) if side is not None else "none"
        for side in (one.before, one.after)
    )
    return f"{harmless(what)}: {before} → {after}{jobs}"


def _next(answer: WhyAnswer) -> Text:
    asked = answer.not_run is not None and answer.not_run.what is not None
    if answer.chain is not None or (asked and answer.why.all.jobs):
        return reader("why", answer.source, purpose="all jobs, by root cause")
    if answer.why.all.jobs:
        job_id = _example_job(answer.why.reasons)
        if job_id not in answer.source.run.jobs:
            return reader("jobs", answer.source, "--failed", purpose="what failed")
        return reader("why", answer.source, f"{job_id}", purpose="its causes, back to the root")
    made_by = (one.journal for one in (answer.not_run.shares if answer.not_run else ()))
    if journal := next((one for one in made_by if one is not None), None):
        own = command("snakemake-observe", "why", path(journal), purpose="why these ran then")
        return next_command(own)
    return reader("jobs", answer.source, purpose="what the run did")


def _example_job(reasons: Sequence[ReasonShare]) -> int:
    """Return a job that ran because of other jobs, if there is one."""
    downstream = [one for one in reasons if "updated_by_job" in one.kinds]
    return (downstream or list(reasons))[0].example
