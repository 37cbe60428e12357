"""The third step: what was planned, by the run itself, by a dry run and by a live Snakemake."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import Citation, CitedRun
from snakemake_logger_plugin_observe.analysis.phrasing import jobs_of
from snakemake_logger_plugin_observe.analysis.triage.case import Case, LiveAnswer
from snakemake_logger_plugin_observe.analysis.triage.incident import Claim

_MOST_RULES: Final = 6
# The last line of Snakemake's table of jobs; for a plan without jobs it prints a sentence.
_TOTAL: Final = re.compile(r"total\s+(\d+)\s*")
_NOTHING: Final = "Nothing to be done"


def planned(case: Case) -> tuple[Claim, ...]:
    """Return what was planned, and how that differs from the baseline's plan."""
    return tuple(_claims(case))


def _claims(case: Case) -> Iterator[Claim]:
    now, kept = _to_run(case.side), _up_to_date(case.side)
    if now:
        many = sum(now.values())
        text = f"{jobs_of(many)} {'was' if many == 1 else 'were'} planned to run"
        known: dict[str, int] = {}
        evidence = _at_plan(case.side, now)
        if kept:
            text += f", and {sum(kept.values()):,} {_were(sum(kept.values()))} up to date"
        if case.baseline_side is not None and (known := _whole(case.baseline_side)):
            text += _compared_with(_whole(case.side), known, in_all=bool(kept))
            evidence = (*evidence, *_at_plan(case.baseline_side, known))
        yield Claim(text, evidence)
    elif kept:
        many = sum(kept.values())
        text = f"nothing had to run: {jobs_of(many)} {_were(many)} up to date"
        yield Claim(text, _at_plan(case.side, kept))
    elif case.status == "nothing_to_do":
        yield Claim("nothing had to run", case.side.at_end("status: nothing_to_do"))
    if case.plan_side is not None:
        yield _of_dry_run(case, case.plan_side)
    if live := case.answer("plan"):
        yield _of_live(case, live)


def _to_run(side: CitedRun) -> dict[str, int]:
    """Return how many jobs of each rule a run planned; without a plan, how many it described."""
    run = side.run
    if run.planned is not None and run.planned.to_run:
        return run.planned.to_run
    return dict(Counter(job.rule for job in run.jobs.values()))


def _up_to_date(side: CitedRun) -> dict[str, int]:
    """Return how many jobs of each rule need not run."""
    return side.run.planned.up_to_date if side.run.planned is not None else {}


def _whole(side: CitedRun) -> dict[str, int]:
    """Return how many jobs of each rule the DAG had: those to run, and those up to date."""
    return dict(Counter(_to_run(side)) + Counter(_up_to_date(side)))


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _at_plan(side: CitedRun, counts: dict[str, int]) -> tuple[Citation, ...]:
    run = side.run
    lines = [job.line for job in run.jobs.values() if job.line is not None]
    line = run.planned.line if run.planned is not None else max(lines, default=None)
    quote = ", ".join(f"{rule} {many}" for rule, many in counts.items())
    return side.at_line(line, quote)


def _compared_with(now: dict[str, int], known: dict[str, int], *, in_all: bool) -> str:
    """Return how a DAG differs from another: in total, and in which rules.

    *in_all*: whether its number of jobs has to be given, for only some of them ran.
    """
    total = f": {sum(now.values()):,} in all" if in_all else ""
    differing = [rule for rule in {**now, **known} if now.get(rule, 0) != known.get(rule, 0)]
    if not differing:
        return f"{total}, the same as in the baseline"
    differing.sort(key=lambda rule: -abs(now.get(rule, 0) - known.get(rule, 0)))
    shown = [
        f"{rule} {now.get(rule, 0):,} instead of {known.get(rule, 0):,}"
        for rule in differing[:_MOST_RULES]
    ]
    more = len(differing) - len(shown)
    shown += [f"and {more} more rules"] if more > 0 else []
    before = sum(known.values())
    if before == sum(now.values()):
        return f"{total}, as many as in the baseline, but of different rules: {'; '.join(shown)}"
    return f"{total} instead of {before:,} in the baseline: {'; '.join(shown)}"


def _of_dry_run(case: Case, side: CitedRun) -> Claim:
    counts = _to_run(side)
    before = (side.run.start or 0) <= (case.run.start or 0)
    when = "before the run planned" if before else "after the run plans"
    text = f"a dry run {when} {jobs_of(sum(counts.values()))}"
    if before and any(job.checkpoint for job in side.run.jobs.values()):
        text += ", plus what its checkpoints add when they have run"
    return Claim(text, _at_plan(side, counts) or side.at_start("kind: dry_run"))


def _of_live(case: Case, live: LiveAnswer) -> Claim:
    more = ""
    if any(job.checkpoint for job in case.run.jobs.values()):
        more = ", plus what the checkpoints among them add"
    for line in live.lines:
        if found := _TOTAL.fullmatch(line):
            text = f"a dry run now plans {jobs_of(int(found[1]))}{more}"
            return Claim(text, (Citation("command", live.name, line),))
    for line in live.lines:
        if _NOTHING in line:
            return Claim("a dry run now plans nothing", (Citation("command", live.name, line),))
    last = next((line for line in reversed(live.lines) if line.strip()), "")
    quoted = (Citation("command", live.name, last),) if last else ()
    return Claim("a dry run was made now, but it printed no table of jobs", quoted)
