"""The text of ``why`` about what did not run: since when it is up to date, or what came first."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.phrasing import job_name, named, plural
from snakemake_logger_plugin_observe.analysis.why.not_run import KeptShare, NewerInput, NotRun
from snakemake_logger_plugin_observe.reporters.answers import WhyAnswer
from snakemake_logger_plugin_observe.reporters.as_text.common import ENDED
from snakemake_logger_plugin_observe.reporters.words import clock_time, harmless
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.scope import job_counts

_SHOWN: Final = 5
_UNCHANGED: Final = {
    "checksum": "but has the checksum that it had when {job} read it",
    "ancient": "but {job} reads it as ancient()",
    "considered_ancient": "but --consider-ancient lets inputs of {rule} count as old",
    "no_mtime": "but --rerun-triggers leaves out mtime",
    "unknown": "but Snakemake did not count that as a change",
}
_ENDS: Final = {
    "failed": "the run failed before",
    "interrupted": "the run was interrupted before",
    "killed": "the run was killed before",
    "running": "the run still goes on",
    "unknown": "the run has no recorded end",
}


def parts(answer: WhyAnswer) -> list[RenderableType]:
    """Return why what was asked about did not run, or why nothing did."""
    one = answer.not_run
    return [] if one is None else [Text(harmless(line)) for line in _lines(answer, one)]


def _lines(answer: WhyAnswer, one: NotRun) -> Iterator[str]:
    run = answer.source.run
    match one.kind:
        case "up_to_date":
            yield _first(answer, one)
            yield from _shares(one.shares, run)
            yield from _newer(one.newer, run)
        case "read":
            readers = named([job_name(run.kept[job_id]) for job_id in one.jobs])
            yield f"{one.what} is read by {readers}, which {_were(one.count)} up to date."
            yield from _newer(one.newer, run)
        case "not_reached":
            yield _not_reached(answer, one)
        case "config":
            yield from _config(answer, one)
        case "no_input":
            yield f"{one.what} is no job's input: no job of this workflow reads or makes it."
            yield (
                "What the Snakefile or a script reads by itself causes no rerun; "
                "declare it as an input of the rules that depend on it."
            )


def _first(answer: WhyAnswer, one: NotRun) -> str:
    run = answer.source.run
    if one.what is not None:
        jobs = "1 job" if one.count == 1 else f"{one.count:,} jobs"
        name = job_name(run.kept[one.jobs[0]]) if len(one.jobs) == 1 else f"{one.what} ({jobs})"
        if answer.subject is not None and answer.subject.relation in ("updated", "read"):
            name = f"{one.what} was not made: {name}"
        elif answer.subject is not None and one.count > 1:
            name = f"{one.count:,} more jobs of {one.what}"
        return f"{name} did not run: {'it was' if one.count == 1 else 'all were'} up to date."
    would = answer.why.planned
    if answer.why.all.jobs:
        return f"{plural(one.count, 'job')} {_were(one.count)} up to date."
    if not one.count:
        if answer.source.status == "nothing_to_do":
            return "Nothing ran: everything was up to date."
        return "Nothing would run." if would else "No job ran."
    if answer.source.scope != "nothing_to_do" and not would:
        return f"No job ran; {plural(one.count, 'job')} {_were(one.count)} up to date."
    rules = Counter(run.planned.up_to_date if run.planned is not None else {})
    counted = [f"{rule} {many:,}" for rule, many in rules.most_common()]
    verb, are = ("would run", "are") if would else ("ran", "were")
    if one.count == 1:
        which = f", {next(iter(rules))}," if rules else ""
        return f"Nothing {verb}: its one job{which} {'is' if would else 'was'} up to date."
    return f"Nothing {verb}: all {one.count:,} jobs {are} up to date: {named(counted, _SHOWN)}."


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _shares(shares: Iterable[KeptShare], run: Run) -> Iterator[str]:
    known = [share for share in shares if share.journal is not None]
    for share in known[:_SHOWN]:
        when = f"the run of {clock_time(share.start)}" if share.start else "an earlier run"
        jobs = named([job_name(run.kept[job_id]) for job_id in share.jobs])
        if share.failed:
            yield (
                f"  {jobs}: failed in {when}, and its outputs were left (--keep-incomplete); "
                "nothing has made them since"
            )
        else:
            ended = f", which {ENDED[share.status]}" if share.status in ENDED else ""
            yield f"  since {when}{ended}: {plural(len(share.jobs), 'job')}: {jobs}"
    if len(known) > _SHOWN:
        yield f"  … and {len(known) - _SHOWN:,} more runs (--format json)"
    if known and len(known) < len(list(shares)):
        yield "  the others: since a run that has no journal here, or they make no file"


def _newer(newer: tuple[NewerInput, ...], run: Run) -> Iterator[str]:
    for one in newer[:_SHOWN]:
        job = run.kept[one.job_id]
        reason = _UNCHANGED[one.why].format(job=job_name(job), rule=job.rule)
        yield f"{one.path} is newer than {one.output}, {reason}."
    if len(newer) > _SHOWN:
        yield f"… and {len(newer) - _SHOWN:,} more inputs like these (--format json)"


def _not_reached(answer: WhyAnswer, one: NotRun) -> str:
    run = answer.source.run
    counts = job_counts(run)
    ended = _ENDS.get(answer.source.status, "the run ended before")
    jobs = plural(one.count, "job")
    text = f"{one.what} was not reached ({jobs} planned): {ended}"
    failed = [run.jobs[n] for n in run.jobs if (a := run.last_attempt(n)) and a.status == "failed"]
    if failed:
        text += f"; {named([job_name(job) for job in failed])} failed"
    return f"{text}. {counts.done:,} of {counts.planned or 0:,} jobs are done."


def _config(answer: WhyAnswer, one: NotRun) -> Iterator[str]:
    if answer.baseline is None:
        unknown = f"Whether config {one.what} changed is unknown"
        yield f"{unknown}: there is no earlier run to compare with."
        return
    start = answer.baseline.run.start
    since = f"since the run of {clock_time(start)}" if start else "since the previous run"
    if not one.changed:
        yield f"config {one.what} did not change {since}."
        return
    yield f"config {one.what} changed {since}."
    if any(root.kind in ("params", "code", "input_set") for root in answer.why.roots):
        yield "Jobs whose params, code or inputs changed ran; the others do not use it there."
    else:
        yield (
            "No job ran because of it: Snakemake compares the params, code and inputs of jobs, "
            "and none of them changed. If a script reads it by itself, pass it as a param, or "
            "force the rule with -R."
        )
