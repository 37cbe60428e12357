"""The text of ``why`` about what did not run: since when it is up to date, or what came first."""

import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.phrasing import job_name, named, plural
from snakemake_logger_plugin_observe.analysis.why.not_in_run import not_reached, unnamed
from snakemake_logger_plugin_observe.analysis.why.not_run import KeptShare, NewerInput, NotRun
from snakemake_logger_plugin_observe.reporters.answers import ENDED, WhyAnswer
from snakemake_logger_plugin_observe.reporters.words import clock_time, harmless
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.scope import job_counts, part_of

_SHOWN: Final = 5
_UNCHANGED: Final = {
    "checksum": "but has the checksum that it had when {job} read it",
    "ancient": "but {job} reads it as ancient()",
    "considered_ancient": "but --consider-ancient lets inputs of {rule} count as old",
    "no_mtime": "but --rerun-triggers leaves out mtime",
    "folder": "but it is a folder, which has no checksum: {job} reads it as ancient(), or "
    "Snakemake looks at the time that it noted in the folder itself",
    "other_size": "and has another size than {job} read: it became ancient() since, or was written "
    "again after the run",
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
            if one.unended is not None:
                yield (
                    f"  the run of {clock_time(one.unended)} may have made what is of unknown "
                    "origin: its journal has no end"
                )
            yield from _gone(one, run)
            yield from _newer(one.newer, run)
        case "read":
            readers = named([job_name(run.kept[job_id]) for job_id in one.jobs])
            yield f"{one.what} is read by {readers}, which {_were(one.count)} up to date."
            yield from _newer(one.newer, run)
        case "not_reached":
            yield _not_reached(answer, one)
        case "config":
            yield from _config(answer, one)
        case "code":
            yield from _code(answer, one)
        case "unplanned":
            yield (
                "Unknown: nothing is known of the jobs of this run, because its Snakefile was not "
                "read to the end, or its jobs were not planned."
            )
            yield from _mentioned(one)
        case "earlier":
            yield from _earlier(answer, one)
        case "unknown":
            yield from _unknown(answer, one)
        case "no_input":
            yield f"{one.what} is no job's input: no job of this workflow reads or makes it."
            yield (
                "What the Snakefile or a script reads by itself causes no rerun; "
                "declare it as an input of the rules that depend on it."
            )


def _code(answer: WhyAnswer, one: NotRun) -> Iterator[str]:
    run = answer.source.run
    known = run.all_jobs
    jobs = [known[job_id] for job_id in one.jobs]
    if jobs:
        yield f"{one.what} is the script of {named([job_name(job) for job in jobs], _SHOWN)}."
    else:
        yield f"{one.what} has code of the workflow."
    if answer.baseline is None:
        return
    start = answer.baseline.run.start
    since = f"since the run of {clock_time(start)}" if start else "since the previous run"
    what = one.what or ""
    shown = {f"file {path}" for path in (what, posixpath.relpath(what, _here(run)))}
    if not any(change.what in shown for change in answer.changes):
        yield f"No change of it was recorded {since}."
        return
    yield f"It changed {since}."
    code = [root for root in answer.why.roots if root.kind == "code"]
    again = {rule for root in code for rule, _jobs in root.rules if rule is not None}
    if rules := sorted({job.rule for job in jobs} & again):
        yield f"So the code of {named(rules)} changed, and its jobs ran again."
    elif again:
        yield f"The code of {named(sorted(again))} changed, and its jobs ran again."
    else:
        yield "No job ran because its code changed."


def _here(run: Run) -> str:
    return run.started.workdir if run.started is not None else "/"


def _earlier(answer: WhyAnswer, one: NotRun) -> Iterator[str]:
    run = answer.source.run
    found = one.earlier
    if found is None:
        return
    made = found.relation == "made"
    no_job = f"No job of this run makes {one.what}" if made else f"{one.what} is no job of this run"
    if found.relation in ("read", "updated"):
        no_job = f"No job of this run reads {one.what}"
    match one.absence:
        case "not_reached":
            left = not_reached(run)
            rules = [rule for rule in dict.fromkeys(job.rule for job in found.jobs) if rule in left]
            ended = _ENDS.get(answer.source.status, "the run ended before")
            counted = [f"{plural(left[rule], 'job')} of {rule}" for rule in rules]
            yield f"{one.what} was not reached: {ended}, and did not come to {named(counted)}."
        case "cannot_tell":
            yield f"Unknown: {one.what} may be of a job that the journal of this run does not name."
        case "left_out":
            yield f"{no_job}: {part_of(run)}."
        case _:
            whole = answer.source.status in ("success", "nothing_to_do", "dry_run")
            targets = run.started.targets if run.started is not None else ()
            asked = f" ({named(targets, _SHOWN)})" if targets else ""
            so_far = "" if whole else ", as far as it got"
            yield f"{no_job}: its targets{asked} do not need it{so_far}."
    yield from _mentioned(one)
    if one.absence == "not_needed" and run.started is not None:
        if found.targets != run.started.targets:
            yield f"  that run had other targets: {named(found.targets, _SHOWN)}"
        else:
            yield "  since then a sample, rule or input was taken out, or a checkpoint found less"


def _mentioned(one: NotRun) -> Iterator[str]:
    found = one.earlier
    if found is None:
        return
    when = f"the run of {clock_time(found.start)}" if found.start else "an earlier run"
    jobs = named([job_name(job) for job in found.jobs], _SHOWN)
    match found.relation:
        case "made":
            yield f"  in {when}, it was an output of {jobs}"
        case "read" | "updated":
            yield f"  in {when}, it was an input of {jobs}"
        case _:
            yield f"  it was in {when}: {plural(len(found.jobs), 'job')}: {jobs}"


def _unknown(answer: WhyAnswer, one: NotRun) -> Iterator[str]:
    run = answer.source.run
    yield f"Unknown: {one.what} is no file of the jobs that the journal of this run describes."
    for counts, why in (
        (not_reached(run), "not reached"),
        (unnamed(run), "up to date, and are not named"),
    ):
        if counts:
            rules = [f"{rule} {many:,}" for rule, many in counts.items()]
            yield f"It may be of the jobs that were {why}: {named(rules, _SHOWN)}."


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
        if share.touched is not None:
            yield (
                f"    marked as new since by the --touch run of {clock_time(share.touched)}, which "
                "made nothing: what changed before it is not in their outputs"
            )
    if len(known) > _SHOWN:
        yield f"  … and {len(known) - _SHOWN:,} more runs (--format json)"
    if known and len(known) < len(list(shares)):
        yield (
            "  the others: since something without a journal here wrote their files, or they make "
            "no file"
        )


def _gone(one: NotRun, run: Run) -> Iterator[str]:
    if not one.gone:
        return
    temp = {path for job_id in one.jobs for path in run.kept[job_id].temp or ()}
    are = "is" if len(one.gone) == 1 else "are"
    why = ": temp()" if temp.issuperset(one.gone) else ""
    yield (
        f"{named(one.gone, _SHOWN)} {are} not there now{why}. Snakemake makes a missing file again "
        "only if a target, or a job that has to run, needs it."
    )


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
