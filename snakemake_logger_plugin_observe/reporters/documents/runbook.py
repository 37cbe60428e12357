"""A runbook as Markdown: what a user on call needs, and the figures of a typical run."""

import posixpath
from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.typical_run import RuleUse
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.pasting import Command, command, path
from snakemake_logger_plugin_observe.reporters.answers import RunbookAnswer
from snakemake_logger_plugin_observe.reporters.documents.markdown import cell, code, commands, plain
from snakemake_logger_plugin_observe.reporters.words import duration_s, percent
from snakemake_logger_plugin_observe.run.phases import CLASSES

_MANIFESTS: Final = {".sha256": "sha256sum", ".md5": "md5sum", ".sha1": "sha1sum"}
_DRY_RUN: Final = (
    "A dry run starts no job and changes no output, but it executes the Snakefile's own Python. "
    "If Snakemake is running, wait for it to end: it locks the folder."
)
_MOVES: Final = (
    "To run it; to resume it after a failure or a kill; and, after a kill and if no Snakemake runs "
    "there, to unlock its folder first:"
)
_PROFILES: Final = (
    "These have the flags that decide what is planned. Add the profile, the resources and the "
    "credentials that your runs use."
)
_NO_COMMAND: Final = (
    "The command is not known from the journal (the folder or the Snakefile is elsewhere): "
    "write it here."
)
_SLOW: Final = 1.5
"""A run this many times longer than the longest so far is worth escalating..."""
_SPARE_S: Final = 10
"""... if it is so many seconds longer: of a short run, the machine's load explains less."""
_MANY: Final = 1.2


def render_runbook(answer: RunbookAnswer) -> str:
    """Return the runbook's text."""
    assert answer.source is not None  # noqa: S101 - an existing runbook is not rendered
    assert answer.typical is not None  # noqa: S101
    started = answer.source.run.started
    targets = ", ".join(started.targets) if started is not None else ""
    snakefile = (started.snakefile if started is not None else None) or "Snakefile"
    lines = [
        f"# Runbook: {code(snakefile)}{f', {code(targets)}' if targets else ''}",
        "",
        f"From {plural(answer.typical.runs, 'recorded run')}. Edit it: it is never overwritten.",
        "",
        "## 1. See what would run, safely",
        "",
        *_live_commands(answer, ("plan",)),
        _DRY_RUN,
        "",
        _MOVES,
        "",
        *_live_commands(answer, ("run", "resume", "unlock")),
        _PROFILES,
        "",
        "## 2. See what changed",
        "",
        *_live_commands(answer, ("input", "code", "params", "summary")),
        *commands([_own("why"), _own("compare")], answer.folder),
        "## 3. Where the evidence is",
        "",
        *_evidence(answer),
        "",
        "## 4. Confirm what was published",
        "",
        *_published(answer),
        "## 5. Workflow design or executor friction?",
        "",
        *_boundary(answer, clustered=answer.source.run.on_cluster),
        "",
        "## A typical run",
        "",
        *_profile(answer),
        "",
        "## Known incidents",
        "",
        *_known(answer),
    ]
    return "\n".join(lines) + "\n"


def _live_commands(answer: RunbookAnswer, questions: tuple[str, ...]) -> list[str]:
    known = [answer.questions[what] for what in questions if what in answer.questions]
    return commands(known, answer.start) if known else [_NO_COMMAND, ""]


def _evidence(answer: RunbookAnswer) -> Iterator[str]:
    yield f"- working directory: {code(answer.folder or 'unknown')}"
    if answer.source is not None:
        yield f"- journals: {code(str(answer.source.path.parent))}, one per run, the newest last"
    yield "- Snakemake's own log of a run: `.snakemake/log/`"
    assert answer.typical is not None  # noqa: S101
    for one in answer.typical.rules:
        log = code(one.log) if one.log else "**no `log:`**"
        benchmark = code(one.benchmark) if one.benchmark else "**no `benchmark:`**"
        yield f"- {code(one.rule)}: {log}, {benchmark}"
    yield ""
    yield "Save them before another run overwrites them: `snakemake-observe triage --save DIR`."


def _published(answer: RunbookAnswer) -> Iterator[str]:
    typical = answer.typical
    assert typical is not None  # noqa: S101
    shown = ", ".join(map(code, typical.products)) or "none"
    more = typical.product_count - len(typical.products)
    yield f"The workflow's outputs: {shown}" + (f" and {more:,} more." if more > 0 else ".")
    yield ""
    check = [_own("check", answer.check_file)] if answer.check_file is not None else []
    yield from commands([_own("compare", "--strict"), *check], answer.folder)
    for manifest in typical.manifests:
        folder, name = posixpath.split(manifest)
        if program := _MANIFESTS.get(posixpath.splitext(name)[1]):
            there = posixpath.join(answer.folder or "", folder) or None
            yield from commands([command(program, "--check", path(name))], there)


def _own(*arguments: str) -> Command:
    return command("snakemake-observe", *arguments)


def _boundary(answer: RunbookAnswer, *, clustered: bool) -> Iterator[str]:
    typical = answer.typical
    assert typical is not None  # noqa: S101
    where = "cluster" if clustered else "machine"
    yield "It is workflow design, and the workflow's owner decides, if"
    yield ""
    if not answer.left_out:
        many = round(typical.jobs * _MANY)
        yield f"- more than {plural(many, 'job')} planned ({typical.jobs:,} typical);"
    for one in typical.rules:
        if _is_small(one):
            yield (
                f"- {plural(one.jobs, 'job')} of {code(one.rule)} stay this small "
                f"(each {one.compute_s or 0:.2f} s of work and {one.handling_s:.2f} s of overhead);"
            )
    yield "- the same failure returns after every retry;"
    yield "- outputs differ although inputs, code and parameters do not."
    yield ""
    yield (
        f"It is executor friction, and the {where}'s or the profile's owner decides, if the "
        f"planned jobs are the {'expected' if answer.left_out else 'typical'} ones and "
        "`snakemake-observe` shows the added time in "
        f"scheduling, {'queue, ' if clustered else ''}limits or staging."
    )
    yield ""
    yield "Escalate with the note of `snakemake-observe triage --note incident.md` if"
    yield ""
    if not answer.left_out:
        limit = max(typical.longest_s * _SLOW, typical.longest_s + _SPARE_S)
        yield (
            f"- a run takes longer than {duration_s(limit)} "
            f"(longest so far: {duration_s(typical.longest_s)});"
        )
    most = plural(typical.failed_attempts, "attempt") if typical.failed_attempts else "none"
    yield f"- more attempts fail than before (most so far: {most});"
    yield "- `snakemake-observe compare --strict` reports that it is not the same work;"
    yield "- the fix would hide a dependency, remove a log or benchmark, or publish fewer outputs."
    yield ""
    yield f"Workflow's owner: ______  {where.capitalize()}'s owner: ______"


def _is_small(one: RuleUse) -> bool:
    return one.compute_s is not None and one.jobs > 1 and one.handling_s > one.compute_s


def _profile(answer: RunbookAnswer) -> Iterator[str]:
    typical = answer.typical
    assert typical is not None  # noqa: S101
    if answer.left_out:
        yield (
            f"Unknown: no run of all jobs was found ({answer.left_out} in this one). Write the "
            "runbook again after a full run."
        )
        return
    lengths = f"{duration_s(typical.makespan_s)} (at most {duration_s(typical.longest_s)})"
    yield f"{plural(typical.jobs, 'job')} in {lengths}, over {plural(typical.runs, 'run')}."
    yield ""
    yield "| cost class | | s | % of the makespan |"
    yield "|---|---|---:|---:|"
    whole = sum(typical.by_class_s.values())
    for name, spent in typical.by_class_s.items():
        share = percent(round(spent * 1e6), round(whole * 1e6))
        yield f"| {name} | {CLASSES[name]} | {spent:.1f} | {share} |"
    yield ""
    yield "| rule | jobs | work per job | overhead per job |"
    yield "|---|---:|---:|---:|"
    for one in typical.rules:
        work = "unknown" if one.compute_s is None else duration_s(one.compute_s)
        yield f"| {cell(one.rule)} | {one.jobs:,} | {work} | {duration_s(one.handling_s)} |"


def _known(answer: RunbookAnswer) -> Iterator[str]:
    if not answer.known:
        yield "None on record: `snakemake-observe triage --note incident.md` writes the first."
    for one in answer.known:
        yield f"- {plain(one.incident_class)}  "
        yield f"  next: {plain(one.next_action)} ({code(one.path)})"
