"""Which work is gone, and which is new: discovery, steps, what was up to date, grouping."""

from collections.abc import Iterator, Sequence

from snakemake_logger_plugin_observe.analysis.citations import Side
from snakemake_logger_plugin_observe.analysis.compare.job_matching import by_rule
from snakemake_logger_plugin_observe.analysis.compare.same_work.finding import (
    UNCHECKED,
    Compared,
    Finding,
    Kind,
)
from snakemake_logger_plugin_observe.analysis.phrasing import job_names, jobs_of, named
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.run.model import Run

NARROWED, WIDENED = "discovery_narrowed", "discovery_widened"
CUT, UP_TO_DATE, ADDED, NOT_MADE = "steps_cut", "up_to_date", "steps_added", "outputs_not_made"
CACHED = "from_cache"
MADE_ALREADY, UNPLANNED, NOT_REACHED = "made_already", "made_by_checkpoint", "not_reached"


def findings(it: Compared) -> Iterator[Finding]:
    """Tell of the jobs that one run alone has, or has done."""
    yield from _from_cache(it)
    if all(it.ended):
        yield from _gone(it)
        yield from _new(it)
        return
    for side, jobs, other in (
        (it.before, it.match.gone, "B"),
        (it.after, it.match.added, "A"),
    ):
        if jobs:
            claim = f"{jobs_of(len(jobs))} not reached in {other}: {job_names(jobs)}"
            yield Finding(NOT_REACHED, "neutral", claim, side.at_jobs(jobs))


def _from_cache(it: Compared) -> Iterator[Finding]:
    """Tell of jobs whose outputs were taken from the cache, where the baseline made them."""
    before, after = (_cached(side.run) for side in (it.before, it.after))
    jobs = [
        pair.after
        for pair in it.match.pairs
        if pair.after.job_id in after and pair.before.job_id not in before
    ]
    if jobs:
        claim = f"{jobs_of(len(jobs))} not done, but taken from the cache: {job_names(jobs)}"
        yield Finding(CACHED, "neutral", claim, it.after.at_jobs(jobs))


def _cached(run: Run) -> set[int | None]:
    return {one.job_id for one in run.attempts.values() if one.status == "cached"}


def _gone(it: Compared) -> Iterator[Finding]:
    gone, found = _sorted_out(it.match.gone, it.after)
    yield from _up_to_date(gone, it.before, UP_TO_DATE, "the candidate")
    yield from _narrowed(it, gone, found)
    yield from _cut(it, gone["other"])


def _new(it: Compared) -> Iterator[Finding]:
    added, found = _sorted_out(it.match.added, it.before)
    yield from _up_to_date(added, it.after, MADE_ALREADY, "the baseline")
    yield from _widened(it, added, found)
    yield from _added(it, added["other"])


def not_found(it: Compared) -> set[int]:
    """Return the baseline's jobs for what discovery does not find any more."""
    kinds, _values = _sorted_out(it.match.gone, it.after)
    return {job.job_id for job in kinds["discovery"]}


def _sorted_out(
    jobs: Sequence[JobDescribed], there: Side
) -> tuple[dict[str, list[JobDescribed]], dict[str, set[str]]]:
    """Sort jobs that *there* lacks, and name the values that are not known there.

    What was up to date there is known by number only: it is first looked for among the jobs whose
    values *there* knows.
    """
    known = _values(there.run)
    kinds: dict[str, list[JobDescribed]] = {"up to date": [], "discovery": [], "other": []}
    values: dict[str, set[str]] = {}
    fresh = {job.job_id: _unknown(job, known) for job in jobs}
    left = dict(there.run.planned.up_to_date) if there.run.planned else {}
    spared: set[int] = set()
    for job in sorted(jobs, key=lambda job: bool(fresh[job.job_id])):
        if left.get(job.rule, 0) > 0:
            left[job.rule] -= 1
            spared.add(job.job_id)
    for job in jobs:
        if job.job_id in spared:
            kinds["up to date"].append(job)
        elif new := fresh[job.job_id]:
            kinds["discovery"].append(job)
            for name, value in new.items():
                values.setdefault(name, set()).add(value)
        else:
            kinds["other"].append(job)
    return kinds, values


def _unknown(job: JobDescribed, known: dict[str, set[str]]) -> dict[str, str]:
    """Return the wildcard values of *job* that are not among those *known*."""
    return {
        name: value
        for name, value in job.wildcards.items()
        if name in known and value not in known[name]
    }


def _values(run: Run) -> dict[str, set[str]]:
    """Return the values of each wildcard over all jobs."""
    found: dict[str, set[str]] = {}
    for job in run.jobs.values():
        for name, value in job.wildcards.items():
            found.setdefault(name, set()).add(value)
    return found


def _up_to_date(
    sorted_out: dict[str, list[JobDescribed]], side: Side, name: str, who: str
) -> Iterator[Finding]:
    if jobs := sorted_out["up to date"]:
        claim = f"{jobs_of(len(jobs))} up to date in {who}, and not run there: {job_names(jobs)}"
        yield Finding(name, "neutral", claim, side.at_jobs(jobs))


def _narrowed(
    it: Compared, gone: dict[str, list[JobDescribed]], values: dict[str, set[str]]
) -> Iterator[Finding]:
    jobs = gone["discovery"]
    if not jobs:
        return
    claim = f"{jobs_of(len(jobs))} gone: {_counted(it, values)} ({_without(values)})"
    if it.proved:
        claim += "; what is left is the same bytes"
    yield Finding(NARROWED, "unsafe", claim, it.before.at_jobs(jobs))


def _widened(
    it: Compared, added: dict[str, list[JobDescribed]], values: dict[str, set[str]]
) -> Iterator[Finding]:
    jobs = added["discovery"]
    if not jobs:
        return
    claim = f"{jobs_of(len(jobs))} more: {_counted(it, values)} ({_with(values)})"
    kind: Kind = "neutral" if it.proved else "unsafe"
    yield Finding(WIDENED, kind, claim, it.after.at_jobs(jobs))


def _counted(it: Compared, values: dict[str, set[str]]) -> str:
    """Return how many values of each wildcard there are now, and were."""
    before, after = _values(it.before.run), _values(it.after.run)
    said = []
    for name in values:
        now, was = len(after.get(name, ())), len(before.get(name, ()))
        said.append(f"{now:,} value{'' if now == 1 else 's'} of {name}, not {was:,}")
    return "discovery found " + " and ".join(said)


def _without(values: dict[str, set[str]]) -> str:
    return "; ".join(f"no longer {name} {named(sorted(found))}" for name, found in values.items())


def _with(values: dict[str, set[str]]) -> str:
    return "; ".join(f"new: {name} {named(sorted(found))}" for name, found in values.items())


def _cut(it: Compared, jobs: list[JobDescribed]) -> Iterator[Finding]:
    """Tell of steps that are gone; where all that the run was for is the same, they were spare."""
    left = {job.rule for job in it.after.run.jobs.values()}
    products = set(it.contents.missing)
    for rule, found in by_rule(jobs).items():
        lost = [path for job in found for path in job.output if path in products]
        what = f"{jobs_of(len(found))} of {rule} gone" if rule in left else f"rule {rule} is gone"
        if not any(job.output for job in found):
            yield Finding(CUT, "neutral", f"{what}; it makes no file", it.before.at_jobs(found))
        elif lost:
            claim = f"{what}, and with it {named(lost)}"
            yield Finding(NOT_MADE, "unsafe", claim, it.before.at_jobs(found))
        elif it.proved:
            them = "them" if len(found) > 1 and rule in left else "it"
            claim = f"{what}: redundant, the outputs are the same bytes without {them}"
            yield Finding(CUT, "safe", claim, it.before.at_jobs(found))
        else:
            claim = f"{what}, and {UNCHECKED}"
            yield Finding(CUT, "unsafe", claim, it.before.at_jobs(found))


def _added(it: Compared, jobs: list[JobDescribed]) -> Iterator[Finding]:
    planned = it.before.run.started is not None and it.before.run.started.kind == "dry_run"
    for rule, found in by_rule(jobs).items():
        cited = it.after.at_jobs(found)
        what = f"{jobs_of(len(found))} of {rule} more"
        if planned and any(it.after.run.made_by((job.job_id, 1)) for job in found):
            yield Finding(UNPLANNED, "neutral", f"{what}: a checkpoint brought them", cited)
        elif read := _read_by_others(it, found):
            claim = it.shown(
                f"{what}, which {named(read)} now {'reads' if len(read) == 1 else 'read'}"
            )
            yield Finding(ADDED, it.tuning(), claim, cited)
        else:
            yield Finding(ADDED, "neutral", f"{what}; no job of A reads what they make", cited)


def _read_by_others(it: Compared, jobs: list[JobDescribed]) -> list[str]:
    """Return the rules of the baseline whose jobs read what new *jobs* make."""
    new = {job.job_id for job in it.match.added}
    readers = [
        reader
        for job in jobs
        for path in job.output
        for reader in it.lineages[1].readers.get(path, ())
    ]
    return list(dict.fromkeys(r.rule for r in readers if r.job_id not in new and r.output))
