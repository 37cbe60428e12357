"""Jobs that only one of the runs has: discovery, cut or added steps, up-to-date work."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from snakemake_logger_plugin_observe.analysis.citations import CitedRun
from snakemake_logger_plugin_observe.analysis.compare.job_matching import by_rule
from snakemake_logger_plugin_observe.analysis.compare.same_work.finding import (
    UNCHECKED,
    Compared,
    Finding,
    Kind,
)
from snakemake_logger_plugin_observe.analysis.phrasing import job_names, jobs_of, named, plural
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.readiness import added_by_checkpoint

NARROWED, WIDENED = "discovery_narrowed", "discovery_widened"
CUT, UP_TO_DATE, ADDED, NOT_MADE = "steps_cut", "up_to_date", "steps_added", "outputs_not_made"
CACHED = "from_cache"
MADE_ALREADY, UNPLANNED, NOT_REACHED = "made_already", "made_by_checkpoint", "not_reached"


def findings(compared: Compared) -> Iterator[Finding]:
    """Yield the jobs that only one of the runs has or executed."""
    yield from _from_cache(compared)
    a_ended, b_ended = compared.ended
    if b_ended:
        yield from _gone(compared)
    else:
        yield from _not_reached(compared.match.gone, compared.before, "B")
    if a_ended:
        yield from _new(compared)
    else:
        yield from _not_reached(compared.match.added, compared.after, "A")


def _not_reached(jobs: Sequence[JobDescribed], side: CitedRun, where: str) -> Iterator[Finding]:
    if jobs:
        claim = f"{jobs_of(len(jobs))} not reached in {where}: {job_names(jobs)}"
        yield Finding(NOT_REACHED, "neutral", claim, side.at_jobs(jobs))


def _from_cache(compared: Compared) -> Iterator[Finding]:
    """Yield jobs whose outputs came from the cache while the baseline made them."""
    before, after = (_cached(side.run) for side in (compared.before, compared.after))
    jobs = [
        pair.after
        for pair in compared.match.pairs
        if pair.after.job_id in after and pair.before.job_id not in before
    ]
    if jobs:
        claim = f"{jobs_of(len(jobs))} taken from the cache instead of run: {job_names(jobs)}"
        yield Finding(CACHED, "neutral", claim, compared.after.at_jobs(jobs))


def _cached(run: Run) -> set[int | None]:
    return {one.job_id for one in run.attempts.values() if one.status == "cached"}


def _gone(compared: Compared) -> Iterator[Finding]:
    gone, found = _by_reason(compared.match.gone, compared.after)
    yield from _up_to_date(gone, compared.before, UP_TO_DATE, "the candidate")
    yield from _narrowed(compared, gone, found)
    yield from _cut(compared, gone["other"])


def _new(compared: Compared) -> Iterator[Finding]:
    added, found = _by_reason(compared.match.added, compared.before)
    yield from _up_to_date(added, compared.after, MADE_ALREADY, "the baseline")
    yield from _widened(compared, added, found)
    yield from _added(compared, added["other"])


def new_values(compared: Compared) -> str:
    """Return the wildcard values that only B has: ``3 values of sample, not 2 (new: sample c)``."""
    _kinds, values = _by_reason(compared.match.added, compared.before)
    return f"{_numbers(compared, values)} ({_with(values)})" if values else ""


def not_found(compared: Compared) -> set[int]:
    """Return the baseline's jobs whose wildcard values discovery no longer finds."""
    kinds, _values = _by_reason(compared.match.gone, compared.after)
    return {job.job_id for job in kinds["discovery"]}


def _by_reason(
    jobs: Sequence[JobDescribed], there: CitedRun
) -> tuple[dict[str, list[JobDescribed]], dict[str, set[str]]]:
    """Return the *jobs* that run *there* lacks, by the reason, and the wildcard values it lacks.

    Of many up-to-date jobs a journal has only the number by rule. Jobs whose wildcard values
    *there* has are counted as up to date first.
    """
    known = _values(there.run)
    kinds: dict[str, list[JobDescribed]] = {"up to date": [], "discovery": [], "other": []}
    values: dict[str, set[str]] = {}
    fresh = {job.job_id: _unknown(job, known) for job in jobs}
    left = Counter(there.run.planned.up_to_date if there.run.planned else {})
    left.subtract(job.rule for job in there.run.kept.values())
    spared: set[int] = set()
    for job in sorted(jobs, key=lambda job: bool(fresh[job.job_id])):
        if left[job.rule] > 0:
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
    """Return the wildcard values of *job* that are not in *known*."""
    return {
        name: value
        for name, value in job.wildcards.items()
        if name in known and value not in known[name]
    }


def _values(run: Run) -> dict[str, set[str]]:
    """Return the values of each wildcard over all jobs."""
    found: dict[str, set[str]] = {}
    for job in run.all_jobs.values():
        for name, value in job.wildcards.items():
            found.setdefault(name, set()).add(value)
    return found


def _up_to_date(
    by_reason: dict[str, list[JobDescribed]], side: CitedRun, name: str, who: str
) -> Iterator[Finding]:
    if jobs := by_reason["up to date"]:
        claim = f"{jobs_of(len(jobs))} up to date in {who} and not run there: {job_names(jobs)}"
        yield Finding(name, "neutral", claim, side.at_jobs(jobs))


def _narrowed(
    compared: Compared, gone: dict[str, list[JobDescribed]], values: dict[str, set[str]]
) -> Iterator[Finding]:
    jobs = gone["discovery"]
    if not jobs:
        return
    counted = _counted(compared, values, compared.before.run, jobs)
    claim = f"{jobs_of(len(jobs))} gone: {counted} ({_without(values)})"
    if compared.same_bytes:
        claim += "; the remaining outputs are the same bytes"
    yield Finding(NARROWED, "unsafe", claim, compared.before.at_jobs(jobs))


def _widened(
    compared: Compared, added: dict[str, list[JobDescribed]], values: dict[str, set[str]]
) -> Iterator[Finding]:
    jobs = added["discovery"]
    if not jobs:
        return
    counted = _counted(compared, values, compared.after.run, jobs)
    claim = f"{plural(len(jobs), 'more job')}: {counted} ({_with(values)})"
    # Values that were there when the run began were asked for; a checkpoint's may be anything.
    asked_for = not _discovered(compared.after.run, jobs)
    kind: Kind = "neutral" if compared.same_bytes or asked_for else "unsafe"
    yield Finding(WIDENED, kind, claim, compared.after.at_jobs(jobs))


def _counted(
    compared: Compared, values: dict[str, set[str]], run: Run, jobs: Iterable[JobDescribed]
) -> str:
    """Return how many values there are now and were before; *run* had the *jobs*."""
    found = "discovery found " if _discovered(run, jobs) else ""
    return f"{found}{_numbers(compared, values)}"


def _discovered(run: Run, jobs: Iterable[JobDescribed]) -> bool:
    return added_by_checkpoint(run, (job.job_id for job in jobs))


def _numbers(compared: Compared, values: dict[str, set[str]]) -> str:
    """Return the number of values of each wildcard, now and before."""
    before, after = _values(compared.before.run), _values(compared.after.run)
    counts = []
    for name in values:
        now, was = len(after.get(name, ())), len(before.get(name, ()))
        counts.append(f"{plural(now, 'value')} of {name}, not {was:,}")
    return " and ".join(counts)


def _without(values: dict[str, set[str]]) -> str:
    return "; ".join(f"gone: {name} {named(sorted(found))}" for name, found in values.items())


def _with(values: dict[str, set[str]]) -> str:
    return "; ".join(f"new: {name} {named(sorted(found))}" for name, found in values.items())


def _cut(compared: Compared, jobs: list[JobDescribed]) -> Iterator[Finding]:
    """Yield steps that are gone: redundant ones if all products are the same bytes."""
    left = {job.rule for job in compared.after.run.all_jobs.values()}
    products = set(compared.contents.missing)
    for rule, found in by_rule(jobs).items():
        lost = [path for job in found for path in job.output if path in products]
        what = f"{jobs_of(len(found))} of {rule} gone" if rule in left else f"rule {rule} is gone"
        if not any(job.output for job in found):
            yield Finding(
                CUT, "neutral", f"{what}; it makes no file", compared.before.at_jobs(found)
            )
        elif lost:
            claim = f"{what}, and with it {named(lost)}"
            yield Finding(NOT_MADE, "unsafe", claim, compared.before.at_jobs(found))
        elif compared.same_bytes:
            them = "them" if len(found) > 1 and rule in left else "it"
            claim = f"{what}: redundant, the outputs are the same bytes without {them}"
            yield Finding(CUT, "safe", claim, compared.before.at_jobs(found))
        else:
            claim = f"{what}, and {UNCHECKED}"
            yield Finding(CUT, "unsafe", claim, compared.before.at_jobs(found))


def _added(compared: Compared, jobs: list[JobDescribed]) -> Iterator[Finding]:
    planned, run = compared.before.run.is_dry_run, compared.after.run
    for rule, found in by_rule(jobs).items():
        cited = compared.after.at_jobs(found)
        what = f"{plural(len(found), 'more job')} of {rule}"
        if planned and _discovered(run, found):
            yield Finding(UNPLANNED, "neutral", f"{what}: added by a checkpoint", cited)
        elif read := _read_by_others(compared, found):
            claim = compared.with_results(
                f"{what}, whose outputs {named(read)} now {'reads' if len(read) == 1 else 'read'}"
            )
            yield Finding(ADDED, compared.by_results(), claim, cited)
        else:
            whose = "its" if len(found) == 1 else "their"
            yield Finding(ADDED, "neutral", f"{what}; no job of A reads {whose} outputs", cited)


def _read_by_others(compared: Compared, jobs: list[JobDescribed]) -> list[str]:
    """Return the rules of the baseline whose jobs read outputs of the new *jobs*."""
    new = {job.job_id for job in compared.match.added}
    readers = [
        reader
        for job in jobs
        for path in job.output
        for reader in compared.lineages[1].readers.get(path, ())
    ]
    return list(dict.fromkeys(r.rule for r in readers if r.job_id not in new and r.output))
