"""Outputs differ although the rule, its inputs and its command are unchanged."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.compare.change import RUN, Change
from snakemake_logger_plugin_observe.analysis.compare.checksums import recorded
from snakemake_logger_plugin_observe.analysis.compare.comparison import Comparison
from snakemake_logger_plugin_observe.analysis.compare.explanations import concerns_all
from snakemake_logger_plugin_observe.analysis.compare.job_matching import Pair
from snakemake_logger_plugin_observe.analysis.phrasing import named
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.why.reason_text import parse
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.run.model import Run

CLASS: Final = "environment_drift"
_CITED: Final = 2
_UNTRACKED: Final = re.compile(r"(?:file|config) .*|environment|Snakemake|Python|platform|host")
"""Changes outside the rule that may still affect its tool: files, config, software, machine."""


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for the rules whose outputs are the first to differ without a reason."""
    if case.comparison is None or case.baseline is None:
        return
    pairs = list(_drifted(case.comparison))
    if not pairs:
        return
    untracked = _untracked(case.comparison, case.run, {pair.before.rule for pair in pairs})
    drifted = [pair.after for pair in pairs]
    rules = tuple(dict.fromkeys(job.rule for job in drifted))
    differing = set(case.comparison.explanations.unexplained)
    files = [path for job in drifted for path in job.output if path in differing]
    differ = f"{named(files, 1)} differ{'s' if len(files) == 1 else ''}"
    its = "its" if len(rules) == 1 else "their"
    claim = f"{differ}, although nothing recorded of {named(rules)} and {its} inputs changed"
    besides, action = _suspected(untracked, pairs, rules)
    yield Incident(
        id=CLASS,
        incident_class=CLASS,
        where="operating context",
        claim=claim + besides,
        strength="likely" if untracked else "possible",
        explains=0,
        failures=0,
        evidence=(
            *_cited(case, files),
            *(one for change in untracked[:_CITED] for one in change.evidence),
        ),
        wrong_if="the outputs still differ when the baseline's environment is restored, or an "
        "input was edited and has the size that it had",
        action=action,
        check="baseline.same_work = true",
        rules=rules,
        jobs=tuple(job.job_id for job in drifted),
    )


def _suspected(
    untracked: Sequence[Change], pairs: Sequence[Pair], rules: Sequence[str]
) -> tuple[str, Action]:
    """Return the clause on what may have changed the outputs, and what to do about it."""
    if untracked:
        what = named(dict.fromkeys(_name(change) for change in untracked))
        return f"; what else changed: {what}", Action(
            f"restore {what}, or declare it as an input or a param of {named(rules)}",
            "Snakemake does not track it, so no job runs again when it changes",
        )
    if forced := _forced(pairs):
        were_forced = f"{named(forced)} {'was' if len(forced) == 1 else 'were'} forced"
        return f"; {were_forced}", Action(
            f"if {were_forced} for a file that no rule names, declare that as an input",
            "Snakemake does not track it, so no job runs again when it changes",
        )
    return "", Action(
        f"run one of these jobs of {named(rules)} twice: if the outputs differ, its tool is "
        "not reproducible; if not, ask the maintainers of its software what changed",
        "the journals show no difference, so the cause is something that they do not record",
        escalate=True,
    )


def _drifted(comparison: Comparison) -> Iterator[Pair]:
    """Yield jobs whose outputs differ although neither their rule nor anything upstream does."""
    unexplained = set(comparison.explanations.unexplained)
    if not unexplained:
        return
    differing = set(comparison.contents.differing)
    for pair in comparison.work.match.pairs:
        job = pair.after
        if (
            not unexplained.isdisjoint(job.output)
            and differing.isdisjoint(job.input)
            and set(pair.before.input) == set(job.input)
            and _same_sizes(pair.before, job)
        ):
            yield pair


def _forced(pairs: Sequence[Pair]) -> tuple[str, ...]:
    """Return the rules of which a job was forced: the user had a reason that no journal has."""
    reasons = ((pair.after.rule, parse(pair.after.reason)) for pair in pairs)
    return tuple(
        dict.fromkeys(
            rule for rule, causes in reasons if any(one.kind == "forced" for one in causes)
        )
    )


def _same_sizes(before: JobDescribed, after: JobDescribed) -> bool:
    """Whether all inputs whose size both journals know have the same size in both."""
    both = before.input_sizes.keys() & after.input_sizes.keys()
    return all(before.input_sizes[path] == after.input_sizes[path] for path in both)


def _untracked(comparison: Comparison, run: Run, rules: set[str]) -> list[Change]:
    """Return changes outside the rules that may have affected their tools."""
    changes = comparison.work.changes
    return [
        one
        for one in changes
        if _UNTRACKED.fullmatch(one.what)
        and (one.subject == RUN or one.subject in rules)
        and (not one.what.startswith("file ") or concerns_all(one, run, changes))
    ]


def _name(change: Change) -> str:
    return change.what if change.subject == RUN else f"the {change.what} of {change.subject}"


def _cited(case: Case, files: list[str]) -> Iterator[Citation]:
    sides = [(case.side, recorded(case.run))]
    if case.baseline_side is not None and case.baseline is not None:
        sides.append((case.baseline_side, recorded(case.baseline)))
    for path in files[:_CITED]:
        for side, known in sides:
            if path in known:
                file = known[path].file
                quote = f"{path}: {file.sha256 or f'{file.bytes} bytes'}"
                yield from side.at_line(known[path].line, quote)
