"""A runbook as Markdown: what the person on call needs, and the figures that tell what is usual."""

import posixpath
import shlex
from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.typical_run import RuleUse, TypicalRun
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.reporters.answers import RunbookAnswer
from snakemake_logger_plugin_observe.reporters.words import duration, harmless, percent
from snakemake_logger_plugin_observe.run.phases import CLASSES

_MANIFESTS: Final = {".sha256": "sha256sum", ".md5": "md5sum", ".sha1": "sha1sum"}
_DRY_RUN: Final = (
    "A dry run starts no job and changes no output, but it executes the Snakefile's own Python. "
    "Wait for a running Snakemake to end first: it holds the folder's lock."
)
_NO_COMMAND: Final = (
    "The command cannot be made from the journal (the folder or the Snakefile is elsewhere): "
    "write it here."
)
_SLOW: Final = 1.5
"""So many times the longest run so far is none of chance."""
_MANY: Final = 1.2


def render_runbook(answer: RunbookAnswer) -> str:
    """Return the pages."""
    assert answer.source is not None  # noqa: S101 - one that is kept is not written
    assert answer.usual is not None  # noqa: S101
    started = answer.source.run.started
    targets = ", ".join(started.targets) if started is not None else ""
    snakefile = (started.snakefile if started is not None else None) or "Snakefile"
    lines = [
        f"# Runbook: {_code(snakefile)}, {_code(targets)}",
        "",
        f"From {plural(answer.usual.runs, 'run')} on record. Edit it: it is not written again.",
        "",
        "## 1. See what would run, safely",
        "",
        *_asking(answer, ("plan",)),
        _DRY_RUN,
        "",
        "## 2. See what changed",
        "",
        *_asking(answer, ("input", "code", "params", "summary")),
        *_block("snakemake-observe why", "snakemake-observe compare", folder=answer.folder),
        "## 3. Where the evidence lies",
        "",
        *_places(answer),
        "",
        "## 4. Confirm what was published",
        "",
        *_published(answer),
        "## 5. Workflow design, or executor friction?",
        "",
        *_boundary(answer.usual),
        "",
        "## What is usual",
        "",
        *_profile(answer.usual),
        "",
        "## Known incidents",
        "",
        *_known(answer),
    ]
    return "\n".join(lines) + "\n"


def _code(text: str) -> str:
    return f"`{harmless(text).replace('`', chr(39))}`"


def _block(*commands: str, folder: str | None = None) -> list[str]:
    enter = [f"cd {shlex.quote(folder)}"] if folder is not None else []
    return ["```sh", *map(harmless, [*enter, *commands]), "```", ""]


def _asking(answer: RunbookAnswer, questions: tuple[str, ...]) -> list[str]:
    known = [answer.questions[what] for what in questions if what in answer.questions]
    if known:
        return _block(*known)
    return [
        _NO_COMMAND,
        "",
    ]


def _places(answer: RunbookAnswer) -> Iterator[str]:
    yield f"- working directory: {_code(answer.folder or 'not known')}"
    if answer.source is not None:
        yield f"- journals: {_code(str(answer.source.path.parent))}, one a run, the newest last"
    yield "- Snakemake's own log of a run: `.snakemake/log/`"
    assert answer.usual is not None  # noqa: S101
    for one in answer.usual.rules:
        log = _code(one.log) if one.log else "**no `log:`**"
        benchmark = _code(one.benchmark) if one.benchmark else "**no `benchmark:`**"
        yield f"- {_code(one.rule)}: {log}, {benchmark}"
    yield ""
    yield "Before another run writes over them: `snakemake-observe triage --save DIR`."


def _published(answer: RunbookAnswer) -> Iterator[str]:
    usual = answer.usual
    assert usual is not None  # noqa: S101
    shown = ", ".join(map(_code, usual.products)) or "none"
    more = usual.product_count - len(usual.products)
    yield f"What the workflow is for: {shown}" + (f" and {more:,} more." if more > 0 else ".")
    yield ""
    commands = ["snakemake-observe compare --strict"]
    if answer.check_file is not None:
        commands.append(f"snakemake-observe check {answer.check_file}")
    for path in usual.manifests:
        folder, name = posixpath.split(path)
        if program := _MANIFESTS.get(posixpath.splitext(name)[1]):
            there = shlex.quote(folder or ".")
            commands.append(f"(cd {there} && {program} --check {shlex.quote(name)})")
    yield from _block(*commands, folder=answer.folder)


def _boundary(usual: TypicalRun) -> Iterator[str]:
    yield "It is the workflow's design, and its owner decides, when"
    yield ""
    yield f"- more than {round(usual.jobs * _MANY):,} jobs are planned ({usual.jobs:,} are usual);"
    for one in usual.rules:
        if _is_small(one):
            yield (
                f"- {plural(one.jobs, 'job')} of {_code(one.rule)} stay as small as they are "
                f"({one.compute_s or 0:.2f} s of work, {one.handling_s:.2f} s of handling each);"
            )
    yield "- the same failure comes back each time, whatever is retried;"
    yield "- outputs differ though no input, code or parameter does."
    yield ""
    yield (
        "It is friction of the executor, and the cluster's or the profile's owner decides, when "
        "`snakemake-observe` puts the growth into scheduling, queue, limits or staging and the "
        "planned jobs are the usual ones."
    )
    yield ""
    yield "Escalate, with the note of `snakemake-observe triage --note incident.md`, when"
    yield ""
    longest = _s(usual.longest_s)
    yield f"- a run takes longer than {_s(usual.longest_s * _SLOW)} (at most so far: {longest});"
    most = plural(usual.failed_attempts, "attempt") if usual.failed_attempts else "none"
    yield f"- jobs failed and were tried again more often than so far (at most: {most});"
    yield "- `snakemake-observe compare --strict` says that it is not the same work;"
    yield "- the repair would hide a dependency, drop a log or benchmark, or publish fewer proofs."
    yield ""
    yield "Workflow's owner: ______  Cluster's owner: ______"


def _is_small(one: RuleUse) -> bool:
    return one.compute_s is not None and one.jobs > 1 and one.handling_s > one.compute_s


def _profile(usual: TypicalRun) -> Iterator[str]:
    lengths = f"{_s(usual.makespan_s)} (at most {_s(usual.longest_s)})"
    yield f"{plural(usual.jobs, 'job')} in {lengths}, over {plural(usual.runs, 'run')}."
    yield ""
    yield "| where the time goes | | s | % |"
    yield "|---|---|---:|---:|"
    whole = sum(usual.by_class_s.values())
    for name, spent in usual.by_class_s.items():
        share = percent(round(spent * 1e6), round(whole * 1e6))
        yield f"| {name} | {CLASSES[name]} | {spent:.1f} | {share} |"
    yield ""
    yield "| rule | jobs | a job's work | its handling |"
    yield "|---|---:|---:|---:|"
    for one in usual.rules:
        work = "unknown" if one.compute_s is None else _s(one.compute_s)
        yield f"| {_code(one.rule)} | {one.jobs:,} | {work} | {_s(one.handling_s)} |"


def _known(answer: RunbookAnswer) -> Iterator[str]:
    if not answer.known:
        yield "None on record: `snakemake-observe triage --note incident.md` writes the first."
    for one in answer.known:
        yield f"- {harmless(one.incident_class)}  "
        yield f"  then: {harmless(one.next_action)} ({_code(one.path)})"


def _s(seconds: float) -> str:
    return duration(round(seconds * 1e6))
