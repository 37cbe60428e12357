"""Dropped, added and hidden dependencies, and input data that differs."""

import posixpath
from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import Citation, CitedRun
from snakemake_logger_plugin_observe.analysis.compare.job_matching import Pair
from snakemake_logger_plugin_observe.analysis.compare.lineage import Lineage
from snakemake_logger_plugin_observe.analysis.compare.same_work.finding import (
    Compared,
    Finding,
    Kind,
)
from snakemake_logger_plugin_observe.analysis.compare.source_differences import other_sizes
from snakemake_logger_plugin_observe.analysis.phrasing import jobs_of, named
from snakemake_logger_plugin_observe.analysis.programs import is_script, runs
from snakemake_logger_plugin_observe.journal.events import JobDescribed

HIDDEN: Final = "hides_changes"
DROPPED, ADDED, OTHER_DATA = "dependency_dropped", "dependency_added", "other_data"
PROGRAM: Final = "code_changed"


def findings(compared: Compared) -> Iterator[Finding]:
    """Yield inputs that are no longer or newly declared, or whose data differ."""
    dropped: dict[str, list[tuple[Pair, list[str]]]] = {}
    added: dict[str, list[tuple[Pair, list[str]]]] = {}
    for pair in compared.match.pairs:
        if (
            pair.before.input == pair.after.input
            or not pair.inputs_known
            or _only_names(pair.after)
        ):
            continue
        if lost := _lost(compared, pair):
            dropped.setdefault(pair.before.rule, []).append((pair, lost))
        if new := _new(compared, pair):
            added.setdefault(pair.before.rule, []).append((pair, new))
    for rule, found in dropped.items():
        pair, lost = found[0]
        claim = (
            f"{rule} no longer depends on {named(lost)} ({jobs_of(len(found))}) but makes the "
            "same outputs: Snakemake will not notice when that input changes"
        )
        yield _cited(compared, DROPPED, "unsafe", claim, pair)
    for rule, found in added.items():
        pair, new = found[0]
        claim = f"{rule} also depends on {named(new)} ({jobs_of(len(found))})"
        yield _cited(compared, ADDED, "neutral", claim, pair)
    yield from _newly_ancient(compared)
    yield from _other_data(compared)


def _newly_ancient(compared: Compared) -> Iterator[Finding]:
    """Yield inputs newly marked as ancient(): when they change, nothing runs again."""
    if any(change.what == "consider_ancient" for change in compared.changes):
        return  # reported as a setting
    hidden: dict[str, list[tuple[Pair, list[str]]]] = {}
    for pair in compared.match.pairs:
        known, now = pair.before.ancient, pair.after.ancient
        if known is not None and now and known != now:
            paths = [path for path in now if path not in known and path in pair.before.input]
            if paths:
                hidden.setdefault(pair.after.rule, []).append((pair, paths))
    for rule, found in hidden.items():
        files = dict.fromkeys(path for _, paths in found for path in paths)
        claim = (
            f"{rule} newly marks {named(files)} as ancient() ({jobs_of(len(found))}): when they "
            "change, nothing runs again"
        )
        pair, paths = found[0]
        cited = compared.after.at_job(pair.after.job_id, f"ancient: {', '.join(paths)}")
        yield Finding(HIDDEN, "unsafe", claim, cited)


def _cited(compared: Compared, name: str, kind: Kind, claim: str, pair: Pair) -> Finding:
    evidence = (
        *compared.before.at_job(pair.before.job_id, f"input: {', '.join(pair.before.input)}"),
        *compared.after.at_job(pair.after.job_id, f"input: {', '.join(pair.after.input)}"),
    )
    return Finding(name, kind, claim, evidence)


def _only_names(job: JobDescribed) -> bool:
    """Whether *job* runs nothing and only collects targets, as ``all`` does."""
    return (
        not job.output and job.shellcmd is None and job.script is None and job.code_digest is None
    )


def _new(compared: Compared, pair: Pair) -> list[str]:
    """Return the inputs that are newly declared and are not old ones that moved."""
    known = {_relative(path, compared.before) for path in pair.before.input}
    moved = set(compared.moved.values())
    return [
        path
        for path in pair.after.input
        if path not in moved and _relative(path, compared.after) not in known
    ]


def _relative(path: str, side: CitedRun) -> str:
    """Return a path relative to its run's working directory."""
    return posixpath.normpath(side.run.relative(path))


def _lost(compared: Compared, pair: Pair) -> list[str]:
    """Return the inputs that *pair*'s job still needs but no longer depends on.

    An input that reaches the job through another step is still a dependency. An input whose step
    was cut is no longer needed if the job now reads that step's own inputs and its command does
    not name the file; the cut is a finding of its own. (A file that only vanished may still lie
    on disk from an earlier run, such as an index that the tool finds by itself.) Inputs of a
    sample that discovery no longer finds are reported as narrowed discovery.
    """
    still = {_relative(path, compared.after) for path in pair.after.input}
    gone = [
        p for p in dict.fromkeys(pair.before.input) if _relative(p, compared.before) not in still
    ]
    if not gone:
        return []
    old, new = compared.lineages
    lost: list[str] = []
    cut: dict[str, JobDescribed] = {}
    for path in gone:
        if path in compared.moved or new.feeds(path, pair.after):
            continue
        maker = old.makers.get(path)
        if maker is not None and _unused(path, new):
            if maker.job_id in compared.not_found:
                continue
            if not _names(pair, path):
                cut[path] = maker
        lost.append(path)
    replaced = _replaced(compared, pair, cut)
    return [path for path in lost if path not in replaced]


def _replaced(compared: Compared, pair: Pair, cut: dict[str, JobDescribed]) -> set[str]:
    """Return the files of *cut* that *pair*'s job replaces by reading all their sources."""
    old, new = compared.lineages
    inputs = set(pair.after.input)
    came = inputs.difference(pair.before.input)
    found: set[str] = set()
    if not came:
        return found
    above: set[str] | None = None
    for path, maker in cut.items():
        own = set(maker.input)
        if own & came and own <= inputs and all(old.has_same_sources(one, new) for one in own):
            found.add(path)  # the common case, without walking up the DAG
            continue
        made_of = old.upstream(maker)
        if made_of & came:
            above = new.upstream(pair.after) if above is None else above
            if made_of.difference(old.makers) <= above:
                found.add(path)
    return found


def _unused(path: str, lineage: Lineage) -> bool:
    return path not in lineage.makers and path not in lineage.readers


def _names(pair: Pair, path: str) -> bool:
    return pair.after.shellcmd is not None and path in pair.after.shellcmd


def _other_data(compared: Compared) -> Iterator[Finding]:
    """Yield source files that differ: the runs read different data, or ran another program.

    An updated file of the same size may be the same one; what is made from it shows that it is not.
    """
    sizes = other_sizes(compared.before.run, compared.after.run)
    updated = {
        path: job for path, job in compared.explanations.updated.items() if path not in sizes
    }
    resized = {path: job for path, (_was, _now, job) in sizes.items()}
    every = {
        path: job
        for path, job in (resized | updated).items()
        if runs(job, path) and not (is_script(job, path) and job.code_digest)  # a change of code
    }
    if every:
        yield _program(compared, every)
    if data := {path: one for path, one in sizes.items() if not runs(one[2], path)}:
        path, (was, now, job) = next(iter(data.items()))
        claim = f"the input data differ: {named(data, 1)} has {now:,} bytes, not {was:,}"
        cited = compared.after.at_job(job.job_id, f"{path}: {now}")
        yield Finding(OTHER_DATA, "neutral", claim, cited)
    elif files := {path: job for path, job in updated.items() if not runs(job, path)}:
        were, them = ("was", "it") if len(files) == 1 else ("were", "them")
        claim = f"{named(files)} {were} updated, and what is made from {them} differs"
        yield Finding(OTHER_DATA, "neutral", claim, _reason(compared, files))


def _program(compared: Compared, programs: dict[str, JobDescribed]) -> Finding:
    """Judge changed programs that are declared as inputs, each with a job that runs it."""
    rules = named(dict.fromkeys(job.rule for job in programs.values()))
    claim = f"{named(programs)}, which {rules} runs, changed"
    rule = next(iter(programs.values())).rule
    cited = _reason(compared, programs)
    return Finding(PROGRAM, compared.by_results(rule), compared.with_results(claim, rule), cited)


def _reason(compared: Compared, files: dict[str, JobDescribed]) -> tuple[Citation, ...]:
    job = next(iter(files.values()))
    return compared.after.at_job(job.job_id, job.reason or f"input: {next(iter(files))}")
