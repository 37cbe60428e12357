"""The page of one run: the parts of the commands' answers, in the page's frame."""

from typing import Any, Final

from snakemake_logger_plugin_observe.analysis.path.utilisation import Utilisation
from snakemake_logger_plugin_observe.pasting import harmless
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.reporters.as_text import (
    common,
    cost,
    failures,
    run_errors,
    savings,
    unended,
    why,
)
from snakemake_logger_plugin_observe.reporters.forms.text import UNLIMITED
from snakemake_logger_plugin_observe.reporters.page import curves, pictures, sections
from snakemake_logger_plugin_observe.reporters.page.answer import PageAnswer
from snakemake_logger_plugin_observe.reporters.page.blocks import Block, blocks
from snakemake_logger_plugin_observe.reporters.page.frame import framed
from snakemake_logger_plugin_observe.reporters.words import clock_time, duration_s
from snakemake_logger_plugin_observe.run.model import Run

_GONE_AHEAD: Final = {"success": "good", "nothing_to_do": "good", "running": "on", "dry_run": "on"}


def render(answer: PageAnswer) -> str:
    """Return the page of a run."""
    source, run = answer.cost.source, answer.cost.source.run
    bar = sections.bar(answer.cost)
    found = answer.path.savings or ()
    return framed(
        "page",
        pictures.of_run(source, answer.rows, answer.path.paths),
        [("own", bar)] if bar else [],
        title=f"Snakemake run of {title(run)}",
        facts=facts(source),
        state=state(source),
        journals=[harmless(str(source.path))],
        unread=[harmless(one) for one in source.unread],
        summary=_summary(answer),
        bar=bar,
        failed=_failed(answer),
        rules=sections.rules(answer.cost, answer.rows),
        requests=sections.requests(answer.cost, answer.rows),
        changes=sections.changes(answer.cost),
        critical=sections.critical(answer.path),
        savings=blocks([savings.table(answer.path, UNLIMITED)])
        if any(one.saving for one in found)
        else [],
        why=_why(answer),
        findings=sections.findings(answer.triage) if answer.triage is not None else [],
        journals_cited=_cited(answer),
        more_findings=_more_findings(answer),
        path_name="actual path" if source.ended else "path so far",
        missing=[harmless(one) for one in answer.triage.missing] if answer.triage else [],
        triaged=answer.triage is not None,
        limits=sections.limits(answer.cost),
        left_out=[harmless(one) for one in answer.left_out],
        attempts=len(answer.rows),
        used=_used(answer.path.paths.utilisation),
        over_time=curves.table(answer.path.paths.utilisation, run.start or 0, run.end or 0),
    )


def title(run: Run) -> str:
    """Return when a run began."""
    return clock_time(run.start) if run.start else "a run"


def state(source: Source) -> dict[str, str]:
    """Return how a run ended, in words and as good, bad or going on."""
    return {"text": unended.how_long(source), "kind": _GONE_AHEAD.get(source.status, "bad")}


def facts(source: Source) -> list[tuple[str, str]]:
    """Return what ran, where and how, by name."""
    started = source.run.started
    found = [("jobs", common.jobs(source)), ("executor", common.executor(source))]
    if started is not None:
        found = [
            ("workflow", started.snakefile or ""),
            ("in", started.workdir or ""),
            ("on", started.host),
            *found,
            ("Snakemake", started.snakemake_version or ""),
        ]
        found += [(key, value) for key, value in started.tags.items()]
    if source.owner is not None:
        found.append(("by", source.owner))
    if (earlier := source.resumes) is not None:
        found.append(("resumes", f"the run of {clock_time(earlier.start)}"))
    return [(harmless(name), harmless(str(value))) for name, value in found if value]


def _summary(answer: PageAnswer) -> list[Block]:
    """Return the first sentences of ``cost``; without the commands that the page shows below."""
    return [one for one in blocks(cost.summary(answer.cost, UNLIMITED)) if one.kind != "command"]


def _used(found: Utilisation) -> dict[str, Any]:
    """Return for how long submissions were in each state, and the limit of slots."""
    return {
        "ready": duration_s(found.ready_s),
        "queued": duration_s(found.queued_s),
        "running": duration_s(found.running_s),
        "slots": found.slots,
        "slot_kind": found.slot_kind,
    }


def _failed(answer: PageAnswer) -> list[Block]:
    if answer.failed is None:
        return []
    errors = run_errors.errors(answer.cost.source)
    if not answer.failed.failures:
        return blocks(errors)
    return blocks([*failures.parts(answer.failed, UNLIMITED), *errors])


def _more_findings(answer: PageAnswer) -> int:
    """Return how many of triage's findings are not on the page."""
    found = answer.triage.triage if answer.triage is not None else None
    every = len(found.incidents) + len(found.missing_evidence) if found is not None else 0
    return max(0, every - sections.MOST_FINDINGS)


def _cited(answer: PageAnswer) -> dict[str, str]:
    """Return the journals that evidence is cited from, by their letters in it."""
    if answer.triage is None:
        return {}
    named = {**answer.triage.paths, "B": "this run's journal"}
    return {name: harmless(path) for name, path in sorted(named.items(), reverse=True)}


def _why(answer: PageAnswer) -> list[Block]:
    """Return the parts of ``why`` below its head, without warnings, which the page has once."""
    if answer.why is None:
        return []
    found = blocks(why.below_head(answer.why, UNLIMITED))
    return [one for one in found if one.kind != "warning"]
