"""The page's frame: template, styles, scripts and data in one file that fetches nothing.

Its Content-Security-Policy lets run only the script and the styles that are on it, by their
digests: whatever a journal contains stays text.
"""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from snakemake_logger_plugin_observe import __version__
from snakemake_logger_plugin_observe.clock import to_seconds
from snakemake_logger_plugin_observe.pasting import harmless, harmless_lines
from snakemake_logger_plugin_observe.reporters.as_text import (
    common,
    cost,
    failures,
    savings,
    unended,
    why,
)
from snakemake_logger_plugin_observe.reporters.forms.text import UNLIMITED
from snakemake_logger_plugin_observe.reporters.page import columns, curves, sections
from snakemake_logger_plugin_observe.reporters.page.answer import PageAnswer
from snakemake_logger_plugin_observe.reporters.page.blocks import Block, blocks
from snakemake_logger_plugin_observe.reporters.palette import PALETTE
from snakemake_logger_plugin_observe.reporters.words import clock_time, duration
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import PHASES

_ASSETS: Final = Path(__file__).parent / "assets"
_SCRIPTS: Final = (
    *("unpack.js", "words.js", "attempts.js", "view.js", "timeline.js", "curves.js"),
    *("tables.js", "page.js"),
)
_FLAG: Final = re.compile(r"((?<![\w-])--[a-z][\w-]*(?: (?:on|off|\d+)\b)?)")
_POLICY: Final = (
    "default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; "
    "base-uri 'none'; form-action 'none'"
)
_GONE_AHEAD: Final = {"success": "good", "nothing_to_do": "good", "running": "on", "dry_run": "on"}


def render(answer: PageAnswer) -> str:
    """Return the page of a run."""
    source, run = answer.cost.source, answer.cost.source.run
    bar = sections.bar(answer.cost)
    script, style = _script(), _style(bar)
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.lstrip_blocks = True
    environment.filters["flags"] = _flags
    template = environment.from_string(_asset("page.html.j2"))
    found = answer.path.savings or ()
    return template.render(
        policy=Markup(_POLICY.format(script=_digest(script), style=_digest(style))),  # noqa: S704
        script=Markup(script),  # noqa: S704 - a file of this package
        style=Markup(style),  # noqa: S704 - as above, with numbers and the palette
        data=Markup(_in_a_script(data(answer))),  # noqa: S704 - escaped by it
        version=__version__,
        title=_title(run),
        facts=_facts(answer),
        state={"text": unended.how_long(source), "kind": _GONE_AHEAD.get(source.status, "bad")},
        journal=harmless(str(source.path)),
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
        missing=[harmless(one) for one in answer.triage.missing] if answer.triage else [],
        triaged=answer.triage is not None,
        limits=sections.limits(answer.cost),
        left_out=[harmless(one) for one in answer.left_out],
        attempts=len(answer.rows),
        used=answer.path.paths.utilisation,
    )


def data(answer: PageAnswer) -> dict[str, Any]:
    """Return what the page's script draws: phases, attempts, the actual path, and curves."""
    run = answer.cost.source.run
    start, end = run.start or 0, run.end or 0
    tick = columns.tick_of(max(0, end - start), len(answer.rows))
    return {
        "tick_us": tick,
        "end": max(0, end - start) // tick,
        "makespan_s": to_seconds(run.makespan),
        "phases": [
            {"name": one.name, "cost_class": one.cost_class, "meaning": one.meaning}
            for one in PHASES.values()
        ],
        "attempts": columns.attempts(run, answer.rows, tick),
        "path": columns.path(run, answer.rows, answer.path.paths.actual, tick),
        "curves": curves.curves(answer.path.paths.utilisation, start, end, tick),
    }


def _flags(text: str) -> list[tuple[str, bool]]:
    """Return a text cut at the flags in it: each part, and whether it is one."""
    parts = _FLAG.split(text)
    return [(part, bool(number % 2)) for number, part in enumerate(parts) if part]


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _script() -> str:
    """Return all scripts as one, whose names are its own."""
    inner = "\n".join(_asset(name) for name in _SCRIPTS)
    return f'"use strict";\n(() => {{\n{inner}\n}})();\n'


def _style(bar: dict[str, Any] | None) -> str:
    """Return the styles: the palette in both themes, the file's, and the widths of the bar."""
    both = [
        "".join(
            f"--{name}:{getattr(one, ground)};--on-{name}:{getattr(one, f'{ground}_ink')};"
            for name, one in PALETTE.items()
        )
        for ground in ("light", "dark")
    ]
    text = _asset("page.css").replace("/*LIGHT*/", both[0]).replace("/*DARK*/", both[1])
    classes = "".join(
        f".c-{name}{{background:var(--{name});color:var(--on-{name})}}.f-{name}{{fill:var(--{name})}}"
        f".swatch.{name}{{background:var(--{name})}}"
        for name in PALETTE
    )
    widths = "".join(
        f".bar .w-{one['name']}{{flex-grow:{one['of_whole']:.6f}}}"
        for one in (bar or {}).get("parts", ())
    )
    return f"{text}\n{classes}{widths}"


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _in_a_script(values: dict[str, Any]) -> str:
    """Return JSON in which nothing ends the element that it is in."""
    text = json.dumps(values, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _title(run: Run) -> str:
    return clock_time(run.start) if run.start else "a run"


def _facts(answer: PageAnswer) -> list[tuple[str, str]]:
    """Return what ran, where and how, by name."""
    source, started = answer.cost.source, answer.cost.source.run.started
    facts = [("jobs", common.jobs(source)), ("executor", common.executor(source))]
    if started is not None:
        facts = [
            ("workflow", started.snakefile or ""),
            ("in", started.workdir or ""),
            ("on", started.host),
            *facts,
            ("Snakemake", started.snakemake_version or ""),
        ]
        facts += [(key, value) for key, value in started.tags.items()]
    if source.owner is not None:
        facts.append(("by", source.owner))
    if (earlier := source.resumes) is not None:
        facts.append(("resumes", f"the run of {clock_time(earlier.start)}"))
    return [(harmless(name), harmless(str(value))) for name, value in facts if value]


def _summary(answer: PageAnswer) -> list[Block]:
    """Return the first sentences of ``cost``; without the commands that the page shows below."""
    return [one for one in blocks(cost.summary(answer.cost, UNLIMITED)) if one.kind != "command"]


def _failed(answer: PageAnswer) -> list[Block]:
    if answer.failed is None:
        return []
    errors = common.errors(answer.cost.source)
    if not answer.failed.failures:
        return blocks(errors)
    return blocks([*failures.parts(answer.failed, UNLIMITED), *errors])


def _why(answer: PageAnswer) -> list[Block]:
    """Return the parts of ``why`` below its head, without warnings, which the page has once."""
    if answer.why is None:
        return []
    before = len(common.head(answer.why.source))
    found = blocks(why.parts(answer.why, UNLIMITED)[before:])
    return [one for one in found if one.kind != "warning"]


def summary_text(answer: PageAnswer) -> str:
    """Return the first sentence of the page."""
    found = _summary(answer)
    return (
        harmless_lines(found[0].text)
        if found
        else f"It took {duration(answer.path.paths.makespan)}."
    )
