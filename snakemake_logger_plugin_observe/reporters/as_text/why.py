"""Why jobs ran, as text: what they go back to, Snakemake's reasons, and what has changed."""

import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.compare.differences import RUN, Change
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.analysis.why.why import ReasonShare, RootShare
from snakemake_logger_plugin_observe.reporters.answers import WhyAnswer
from snakemake_logger_plugin_observe.reporters.as_text import causal_chain, cause_words
from snakemake_logger_plugin_observe.reporters.as_text.cost import errors, head, warnings
from snakemake_logger_plugin_observe.reporters.words import clock_time, decimals, harmless

_ROOTS_SHOWN: Final = 6
_REASONS_SHOWN: Final = 10
_CHANGES_SHOWN: Final = 6
_ROOM_FOR_FILES: Final = 20
_LONGEST_RULE: Final = 18
_ROOM_FOR_LINES: Final = 52
_LONGEST_VALUE: Final = 28
# What tells most of why a job runs again comes first.
_TELLING: Final = re.compile(r"code|params|environment|input|script|config|file |commit|targets")


def parts(answer: WhyAnswer, width: int) -> list[RenderableType]:
    """Return the answer, part by part."""
    found: list[RenderableType] = [*head(answer.source), Text()]
    if answer.chain is not None:
        found += causal_chain.parts(answer, width)
    elif not answer.why.all.jobs:
        found += [Text(_nothing(answer)), *errors(answer.source), Text()]
    else:
        found += [_roots(answer, width), *_several(answer), Text()]
        found += [_reasons(answer, width), Text()]
    found += _changed(answer, width)
    found += warnings(answer.source.problems)
    found.append(Text(_next(answer)))
    return found


def _nothing(answer: WhyAnswer) -> str:
    if answer.source.status == "nothing_to_do":
        return "Nothing ran: everything was up to date."
    if answer.why.planned:
        return "Nothing would run: everything is up to date."
    return "No job ran."


def _ran(answer: WhyAnswer) -> str:
    return "would run" if answer.why.planned else "ran"


def _roots(answer: WhyAnswer, width: int) -> Table:
    """Return what the jobs go back to, most of them first."""
    why = answer.why
    count = f"{len(why.roots):,} cause{'' if len(why.roots) == 1 else 's'}"
    jobs = "1 job" if why.all.jobs == 1 else f"{why.all.jobs:,} jobs"
    goes = "goes" if why.all.jobs == 1 else "go"
    title = f"The {jobs} that {_ran(answer)} {goes} back to {count}"
    alone = len(why.roots) > 1
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="bold")
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
            *([] if why.planned else [f"{one.all.time / 1e6:.{places}f}"]),
        )
        for one in shown
    ]
    taken = sum(2 + max(map(len, column)) for column in zip(headings, *rows, strict=True))
    for one, figures in zip(shown, rows, strict=True):
        table.add_row(_root(one, width - taken), *figures)
    if len(why.roots) > len(shown):
        table.add_row(f"  … {plural(len(why.roots) - len(shown), 'more cause')}")
    return table


def _root(one: RootShare, room: int) -> Text:
    """Return a root in words; below it, how many jobs it was told of, and where."""
    told = sum(jobs for _rule, jobs in one.rules)
    said = Text("\n".join(_wrapped(cause_words.root(one), room, "  ")), "bold")
    if changed := cause_words.detail(one):
        said.append("\n" + "\n".join(_wrapped(changed, room, "    ")), "not bold")
    below = f"{plural(told, 'job')} {'itself' if told == 1 else 'themselves'}"
    if (others := one.all.jobs - told) > 0:
        below += f", {others:,} through {'it' if told == 1 else 'them'}"
    if one.line is not None and room >= _ROOM_FOR_LINES:
        below += f"  [line {one.line}]"
    return said.append("\n" + "\n".join(_wrapped(below, room, "    ")), "dim not bold")


def _wrapped(text: str, room: int, indent: str) -> list[str]:
    return textwrap.wrap(text, room, initial_indent=indent, subsequent_indent=indent + "  ")


def _several(answer: WhyAnswer) -> Iterator[RenderableType]:
    if several := answer.why.several:
        goes = "goes" if several == 1 else "go"
        counted = "is" if several == 1 else "are"
        yield Text(
            f"  {plural(several, 'job')} {goes} back to more than one, and {counted} counted "
            "with each; alone: to this one only",
            "dim",
        )


def _reasons(answer: WhyAnswer, width: int) -> Table:
    """Return Snakemake's reasons by rule, with an example where there is room for one."""
    why = answer.why
    places = decimals(why.all.time)
    few = len(why.reasons) <= _REASONS_SHOWN + 1
    shown = why.reasons if few else why.reasons[:_REASONS_SHOWN]
    rows = [
        [
            f"  {_labels(one)}",
            cause_words.shortened(one.rule or "(not described)", _LONGEST_RULE),
            f"{one.cost.jobs:,}",
            *([] if why.planned else [f"{one.cost.time / 1e6:.{places}f}"]),
        ]
        for one in shown
    ]
    headings = ["Snakemake's reason", "rule", "jobs", *([] if why.planned else ["s"])]
    taken = sum(2 + max(map(len, column)) for column in zip(headings, *rows, strict=True))
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="bold")
    for heading in headings:
        figure = heading in ("jobs", "s")
        table.add_column(heading, justify="right" if figure else "left", no_wrap=figure)
    if exemplified := width - taken >= _ROOM_FOR_FILES:
        table.add_column("for example", no_wrap=True)
    for one, cells in zip(shown, rows, strict=True):
        example = [_example(one, answer, width - taken)] if exemplified else []
        table.add_row(*cells, *example)
    if rest := why.reasons[len(shown) :]:
        jobs = f"{sum(one.cost.jobs for one in rest):,}"
        time = [] if why.planned else [f"{sum(one.cost.time for one in rest) / 1e6:.{places}f}"]
        table.add_row(f"  … {len(rest):,} more", "", jobs, *time)
    return table


def _labels(one: ReasonShare) -> str:
    return ", ".join(cause_words.LABELS[kind] for kind in one.kinds)


def _example(one: ReasonShare, answer: WhyAnswer, room: int) -> str:
    """Return a file that the reason names, else one that an example job makes."""
    job = answer.source.run.jobs.get(one.example)
    name = next(iter((*one.files, *(job.output if job is not None else ()))), "")
    return cause_words.shortened(name, room - 1)


def _changed(answer: WhyAnswer, width: int) -> Iterator[RenderableType]:
    """Yield what changed since the run before, or that there is none to hold this one against."""
    if answer.baseline is None:
        yield Text(
            "What changed is not known: no earlier successful run of this Snakefile and its "
            "targets here."
        )
        return
    start = answer.baseline.run.start
    since = f"since the run of {clock_time(start)}" if start else "since the run before"
    if not answer.changes:
        yield Text(f"Nothing that journals tell changed {since}.")
        return
    yield Text(f"What changed {since}", "bold")
    ordered = sorted(answer.changes, key=_most_telling_first)
    shown = ordered if len(ordered) <= _CHANGES_SHOWN + 1 else ordered[:_CHANGES_SHOWN]
    for one in shown:
        yield Text(f"  {_change(one)}")
    if len(ordered) > len(shown):
        yield Text(f"  … {plural(len(ordered) - len(shown), 'more change')}")


def _most_telling_first(one: Change) -> tuple[bool, bool]:
    return (_TELLING.match(one.what) is None, one.subject == RUN)


def _change(one: Change) -> str:
    what = one.what if one.subject == RUN else f"{one.what} of {harmless(one.subject)}"
    before, after = (
        cause_words.shortened(side, _LONGEST_VALUE) if side is not None else "none"
        for side in (one.before, one.after)
    )
    jobs = f" ({plural(one.jobs, 'job')})" if one.jobs else ""
    return f"{harmless(what)}: {before} → {after}{jobs}"


def _next(answer: WhyAnswer) -> str:
    if answer.chain is not None:
        return "→ snakemake-observe why    all jobs, by what they go back to"
    if answer.why.all.jobs:
        named = _to_ask_about(answer.why.reasons)
        return f"→ snakemake-observe why {named}    its causes, back to the root"
    return "→ snakemake-observe jobs    what a run did"


def _to_ask_about(reasons: Sequence[ReasonShare]) -> str:
    """Return a job whose causes are other jobs, if there is one."""
    led = [one for one in reasons if "updated_by_job" in one.kinds]
    return str((led or list(reasons))[0].example)
