"""The parts of the page as plain values: the makespan's bar, rules, requests, savings, findings."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from snakemake_logger_plugin_observe.analysis.advice.advised import MOST_SHOWN, Advice, whatif
from snakemake_logger_plugin_observe.analysis.cost.account import RuleShare
from snakemake_logger_plugin_observe.analysis.jobs.resource_use import ResourceUse
from snakemake_logger_plugin_observe.analysis.jobs.table import Row
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.pasting import path as argument
from snakemake_logger_plugin_observe.reporters.answers import (
    CostAnswer,
    PathAnswer,
    Source,
    TriageAnswer,
)
from snakemake_logger_plugin_observe.reporters.as_json import triage as triage_values
from snakemake_logger_plugin_observe.reporters.as_text import advice as advice_text
from snakemake_logger_plugin_observe.reporters.as_text import cost as cost_text
from snakemake_logger_plugin_observe.reporters.words import (
    decimals,
    duration,
    duration_s,
    harmless,
    job_name,
    percent,
    requested_size,
    seconds,
    size,
)
from snakemake_logger_plugin_observe.run.attempt import FAILED
from snakemake_logger_plugin_observe.run.phases import (
    CLASSES,
    PHASES,
    UNATTRIBUTED,
    by_class,
)

_CLASS_MATTERS: Final = 500  # microseconds
MOST_FINDINGS: Final = 100
"""What explains most comes first; ``triage`` has all."""
_REQUESTS: Final = (
    "memory: used of requested",
    "cores: busy of threads",
    "time: used of requested",
)


def bar(answer: CostAnswer) -> dict[str, Any] | None:
    """Return the makespan by cost class, the largest first, each with its phases."""
    account = answer.account
    whole = account.makespan
    if not whole:
        return None
    with_shares = not (answer.source.length_unknown or answer.source.stopped)
    classes = sorted(
        account.makespan_by_class.items(), key=lambda item: (item[0] == UNATTRIBUTED, -item[1])
    )
    largest = max(account.makespan_by_class.values())
    hinted: set[tuple[str, ...]] = set()
    parts = [
        {
            "name": name,
            "meaning": cost_text.meaning_of(name, account),
            "share": percent(micros, whole) if with_shares else "",
            "seconds": seconds(micros, decimals(whole)),
            "length": duration(micros),
            "of_whole": micros / whole,
            "of_largest": round(100 * micros / largest, 2),
            "phases": list(_phases(name, answer, hinted)),
        }
        for name, micros in classes
        if micros or name == UNATTRIBUTED
    ]
    total = sum(account.makespan_by_class.values())
    return {
        "parts": parts,
        "total": seconds(total, decimals(whole)),
        "check": f"= {_length_is(answer.source)}" if total == whole else "is not the makespan",
        "with_shares": with_shares,
        "whole": duration(whole),
        "went": cost_text.length_in_words(answer),
        "scale": 1.0,
    }


def _length_is(source: Source) -> str:
    """Return what the parts of a run's time add up to."""
    if source.ended:
        return "makespan: the parts add up"
    return "the run so far" if source.status == "running" else "until the last sign of life"


def _phases(
    name: str, answer: CostAnswer, hinted: set[tuple[str, ...]]
) -> Iterator[dict[str, Any]]:
    whole = answer.account.makespan
    for phase, part in cost_text.phases_of(name, answer.account.makespan_by_phase, whole):
        hint = cost_text.hint(phase, answer)
        shown = () if hint in hinted else hint
        hinted.add(hint)
        yield {
            "name": phase,
            "meaning": PHASES[phase].meaning,
            "seconds": seconds(part, decimals(whole)),
            "share": percent(part, whole),
            "hint": shown,
        }


def rules(answer: CostAnswer, rows: Iterable[Row]) -> dict[str, Any]:
    """Return what each rule's attempts cost: every rule, with the classes that took something."""
    account = answer.account
    whole = sum(account.jobs_by_phase.values())
    classes = [name for name in CLASSES if account.jobs_by_class[name] >= _CLASS_MATTERS]
    failed: dict[tuple[str | None, str | None], int] = {}
    for row in rows:
        if row.attempt.status in FAILED:
            key = row.rule, None if row.rule else row.group_name
            failed[key] = failed.get(key, 0) + 1
    most = max((share.total for share in account.rules), default=0)
    return {
        "classes": classes,
        "rules": [
            _rule(share, classes, failed.get((share.rule, share.group), 0), whole, most)
            for share in account.rules
        ],
        "failed": any(failed.values()),
    }


def _rule(
    share: RuleShare, classes: Iterable[str], failed: int, whole: Micros, most: Micros
) -> dict[str, Any]:
    sums, places = by_class(share.by_phase), decimals(whole)
    at, strip = 0.0, []
    for name in classes:
        wide = 100 * sums[name] / most if most else 0
        if wide > 0:
            strip.append({"name": name, "x": round(at, 3), "width": round(wide, 3)})
        at += wide
    return {
        "name": harmless(share.rule) if share.rule else job_name(None, {}, share.group),
        "jobs": share.jobs,
        "attempts": share.attempts,
        "failed": failed,
        "strip": strip,
        "cells": [
            (seconds(sums[name], places) if sums[name] else "", sums[name] / 1e6)
            for name in classes
        ],
        "total": (seconds(share.total, places), share.total / 1e6),
        "share": percent(share.total, whole),
        "share_v": share.total / whole if whole else 0,
    }


def requests(answer: CostAnswer, rows: Iterable[Row]) -> dict[str, Any]:
    """Return what the jobs of each rule requested and used at the most, where both are known.

    Of threads it is the mean number of busy cores, of all the rule's tools together. What is not
    known of any rule has no column.
    """
    judged = {
        (one.rule, one.resource): advice_text.verdict(one) for one in answer.request_mismatches
    }
    by_rule: dict[str, list[ResourceUse]] = {}
    for row in rows:
        if row.rule is not None and row.attempt.status == "success" and not row.use.ran_nothing:
            by_rule.setdefault(row.rule, []).append(row.use)
    found: list[dict[str, Any]] = []
    for rule, uses in by_rule.items():
        cells = [_memory(uses), _threads(uses), _runtime(uses)]
        if any(cells):
            names = ("memory", "threads", "runtime")
            notes = [judged[rule, name] for name in names if judged.get((rule, name))]
            found.append(
                {
                    "rule": harmless(rule),
                    "jobs": len(uses),
                    "cells": cells,
                    "verdict": "; ".join(notes),
                }
            )
    known = [n for n in range(len(_REQUESTS)) if any(one["cells"][n] for one in found)]
    for one in found:
        one["cells"] = [one["cells"][n] for n in known]
    return {"headings": [_REQUESTS[n] for n in known], "rules": found}


def _pair(asked: float, used: float, shown: tuple[str, str], bound: str = "") -> dict[str, Any]:
    """Return what was used of what was requested; *asked* is 0 where no request is known."""
    if not asked:
        return {"asked": "", "used": f"{bound}{shown[1]}"}
    return {
        "asked": shown[0],
        "used": f"{bound}{shown[1]}",
        "fill": round(min(100.0, 100 * used / asked), 2),
        "over": used > asked,
    }


def _memory(uses: list[ResourceUse]) -> dict[str, Any] | None:
    known = [one for one in uses if one.memory_peak_bytes is not None]
    asked = max((one.memory_requested_bytes or 0 for one in known), default=0)
    if not known:
        return None
    top = max(known, key=lambda one: one.memory_peak_bytes or 0)
    used = top.memory_peak_bytes or 0
    bound = "≤ " if top.memory_peak_is_bound else "≥ " if top.memory_peak_is_least else ""
    return _pair(asked, used, (requested_size(asked), size(used)), bound)


def _threads(uses: list[ResourceUse]) -> dict[str, Any] | None:
    known = [one for one in uses if one.threads and one.cpu_s is not None and one.compute_s]
    asked = max((one.threads or 0 for one in known), default=0)
    compute = sum(one.compute_s or 0.0 for one in known)
    if not asked or not compute:
        return None
    used = sum(one.cpu_s or 0.0 for one in known) / compute
    return _pair(asked, used, (f"{asked:,}", f"{used:.1f}"))


def _runtime(uses: list[ResourceUse]) -> dict[str, Any] | None:
    known = [one for one in uses if one.on_node_s is not None]
    asked = max((one.runtime_requested_s or 0.0 for one in known), default=0.0)
    if not known:
        return None
    used = max(one.on_node_s or 0.0 for one in known)
    return _pair(asked, used, (duration_s(asked), duration_s(used)))


def changes(answer: CostAnswer) -> list[dict[str, Any]]:
    """Return each piece of advice, with the length that the run would have had."""
    whole = answer.account.makespan
    journal = (argument(str(answer.source.path)),)
    return [_change(one, whole, journal, n) for n, one in enumerate(answer.advice or ())]


def _change(one: Advice, whole: Micros, journal: tuple[str, ...], number: int) -> dict[str, Any]:
    left = max(0, whole - one.saves)
    command = whatif(journal, one.lever.move, "").line if one.lever.move else None
    return {
        "text": harmless(one.lever.text),
        "why": harmless(one.lever.why),
        "saves": advice_text.saved_in_words(one, whole),
        "left": duration(left),
        "at_least": one.lever.at_most,
        "fill": round(100 * left / whole, 2) if whole else 0,
        "command": command,
        "first": number < MOST_SHOWN,
    }


def findings(answer: TriageAnswer) -> list[dict[str, Any]]:
    """Return the first of what triage found, each with its evidence and what to do."""
    values = triage_values.findings(answer.triage)
    pairs = islice(zip(values["findings"], values["actions"], strict=True), MOST_FINDINGS)
    return [{**_safe(finding), "action": _safe(action)} for finding, action in pairs]


def _safe(values: Any) -> Any:
    """Return plain values with control characters in their texts escaped."""
    if isinstance(values, str):
        return harmless(" ".join(values.split()))
    if isinstance(values, dict):
        return {key: _safe(value) for key, value in values.items()}
    if isinstance(values, list):
        return [_safe(value) for value in values]
    return values


def limits(answer: CostAnswer) -> list[str]:
    """Return what limits what the page says."""
    return [harmless(one) for one in cost_text.limits(answer)]


def critical(answer: PathAnswer) -> str:
    """Return the least that the run's tools needed one after the other, in a sentence."""
    overhead = answer.paths.overhead
    if overhead is None or not answer.paths.makespan or answer.source.length_unknown:
        return ""
    run = "the run" if answer.source.ended else "the run so far"
    length = answer.paths.critical.length
    return (
        f"The tools of the critical path, one after the other, need {duration(length)}: "
        f"{percent(length, answer.paths.makespan)} % of {run}. The rest, {duration(overhead)}, "
        "is overhead beyond it."
    )
