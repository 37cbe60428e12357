"""Whether a dependency is hidden: an input that a job lost while it makes the same outputs."""

import posixpath
from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import Side
from snakemake_logger_plugin_observe.analysis.compare.job_matching import Pair
from snakemake_logger_plugin_observe.analysis.compare.lineage import Lineage
from snakemake_logger_plugin_observe.analysis.compare.same_work.finding import Compared, Finding
from snakemake_logger_plugin_observe.analysis.phrasing import jobs_of, named
from snakemake_logger_plugin_observe.journal.events import JobDescribed

HIDDEN: Final = "hides_changes"
DROPPED, ADDED, OTHER_DATA = "dependency_dropped", "dependency_added", "other_data"


def findings(it: Compared) -> Iterator[Finding]:
    """Tell of inputs that are no longer, or newly, declared; and of other data behind them."""
    dropped: dict[str, list[tuple[Pair, list[str]]]] = {}
    added: dict[str, list[tuple[Pair, list[str]]]] = {}
    for pair in it.match.pairs:
        if (
            pair.before.input == pair.after.input
            or not pair.inputs_known
            or _only_names(pair.after)
        ):
            continue
        if lost := _lost(it, pair):
            dropped.setdefault(pair.before.rule, []).append((pair, lost))
        if new := _new(it, pair):
            added.setdefault(pair.before.rule, []).append((pair, new))
    for rule, found in dropped.items():
        pair, lost = found[0]
        claim = (
            f"{rule} no longer depends on {named(lost)} ({jobs_of(len(found))}), and makes the "
            "same outputs: Snakemake will not notice when that changes"
        )
        yield _cited(it, DROPPED, "unsafe", claim, pair)
    for rule, found in added.items():
        pair, new = found[0]
        claim = f"{rule} also depends on {named(new)} ({jobs_of(len(found))})"
        yield _cited(it, ADDED, "neutral", claim, pair)
    yield from _newly_ancient(it)
    yield from _other_data(it)


def _newly_ancient(it: Compared) -> Iterator[Finding]:
    """Tell of inputs that are newly called ancient: changes of them make nothing run again."""
    if any(change.what == "consider_ancient" for change in it.changes):
        return  # told as the setting that it is
    hidden: dict[str, list[tuple[Pair, list[str]]]] = {}
    for pair in it.match.pairs:
        known, now = pair.before.ancient, pair.after.ancient
        if known is not None and now and known != now:
            paths = [path for path in now if path not in known and path in pair.before.input]
            if paths:
                hidden.setdefault(pair.after.rule, []).append((pair, paths))
    for rule, found in hidden.items():
        files = dict.fromkeys(path for _, paths in found for path in paths)
        claim = (
            f"{rule} newly calls {named(files)} ancient ({jobs_of(len(found))}): when they change, "
            "nothing runs again"
        )
        pair, paths = found[0]
        cited = it.after.at_job(pair.after.job_id, f"ancient: {', '.join(paths)}")
        yield Finding(HIDDEN, "unsafe", claim, cited)


def _cited(it: Compared, name: str, kind: str, claim: str, pair: Pair) -> Finding:
    evidence = (
        *it.before.at_job(pair.before.job_id, f"input: {', '.join(pair.before.input)}"),
        *it.after.at_job(pair.after.job_id, f"input: {', '.join(pair.after.input)}"),
    )
    return Finding(name, "unsafe" if kind == "unsafe" else "neutral", claim, evidence)


def _only_names(job: JobDescribed) -> bool:
    """Whether *job* runs nothing, as ``all`` does: it names what is wanted."""
    return (
        not job.output and job.shellcmd is None and job.script is None and job.code_digest is None
    )


def _new(it: Compared, pair: Pair) -> list[str]:
    """Return the inputs that are newly declared, under whatever name, and were not only moved."""
    known = {_from_here(path, it.before) for path in pair.before.input}
    moved = set(it.moved.values())
    return [
        path
        for path in pair.after.input
        if path not in moved and _from_here(path, it.after) not in known
    ]


def _from_here(path: str, side: Side) -> str:
    """Return a path as seen from its run's working directory."""
    started = side.run.started
    return posixpath.normpath(path.removeprefix(f"{started.workdir}/" if started else ""))


def _lost(it: Compared, pair: Pair) -> list[str]:
    """Return the inputs that are no longer upstream of *pair*'s job, nor needless now.

    An input that another step hands on is still upstream. One whose step was cut is needless where
    the job reads in its place what it was made from, and the command does not name it: the cut is
    told as such. (A file that only vanishes may lie there from before: an index, say, that the tool
    finds by itself.) One of a sample that is not found any more is told by that.
    """
    still = {_from_here(path, it.after) for path in pair.after.input}
    gone = [p for p in dict.fromkeys(pair.before.input) if _from_here(p, it.before) not in still]
    if not gone:
        return []
    old, new = it.lineages
    lost: list[str] = []
    cut: dict[str, JobDescribed] = {}
    for path in gone:
        if path in it.moved or new.feeds(path, pair.after):
            continue
        maker = old.makers.get(path)
        if maker is not None and _nobody_has(path, new):
            if maker.job_id in it.not_found:
                continue
            if not _names(pair, path):
                cut[path] = maker
        lost.append(path)
    needless = _replaced(it, pair, cut)
    return [path for path in lost if path not in needless]


def _replaced(it: Compared, pair: Pair, cut: dict[str, JobDescribed]) -> set[str]:
    """Return the files of *cut* in whose place *pair*'s job newly reads all they were made from.

    Args:
        it: both runs.
        pair: the job.
        cut: inputs that nobody makes any more, with who made them.

    """
    old, new = it.lineages
    inputs = set(pair.after.input)
    came = inputs.difference(pair.before.input)
    found: set[str] = set()
    if not came:
        return found
    above: set[str] | None = None
    for path, maker in cut.items():
        own = set(maker.input)
        if own & came and own <= inputs and all(old.kept(one, new) for one in own):
            found.add(path)  # seen at once; what follows walks up from each maker anew
            continue
        made_of = old.upstream(maker)
        if made_of & came:
            above = new.upstream(pair.after) if above is None else above
            if made_of.difference(old.makers) <= above:
                found.add(path)
    return found


def _nobody_has(path: str, lineage: Lineage) -> bool:
    return path not in lineage.makers and path not in lineage.readers


def _names(pair: Pair, path: str) -> bool:
    return pair.after.shellcmd is not None and path in pair.after.shellcmd


def _other_data(it: Compared) -> Iterator[Finding]:
    """Tell of files from outside that have another size: the runs had other data."""
    old, new = it.lineages
    sizes = {
        path: size
        for job in it.before.run.jobs.values()
        for path, size in job.input_sizes.items()
        if path not in old.makers
    }
    differing: dict[str, tuple[int, int, int]] = {}
    for job in it.after.run.jobs.values():
        for path, size in job.input_sizes.items():
            if path in sizes and size != sizes[path] and path not in new.makers:
                differing[path] = (sizes[path], size, job.job_id)
    if differing:
        path, (was, now, job_id) = next(iter(differing.items()))
        more = f" and {len(differing) - 1:,} more" if len(differing) > 1 else ""
        claim = f"other data: {path}{more} has {now:,} bytes, not {was:,}"
        yield Finding(OTHER_DATA, "neutral", claim, it.after.at_job(job_id, f"{path}: {now}"))
