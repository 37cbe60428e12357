"""Outputs, logs, benchmarks and published files that are gone, moved or differ."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.compare.change import Change
from snakemake_logger_plugin_observe.analysis.compare.job_matching import Pair
from snakemake_logger_plugin_observe.analysis.compare.same_work.finding import (
    Compared,
    Finding,
    Kind,
)
from snakemake_logger_plugin_observe.analysis.phrasing import jobs_of, named, plural

LOG, BENCHMARK, OUTPUT = "log_removed", "benchmark_removed", "output_removed"
ENSURED = "ensure_removed"
NEW, MOVED, DIFFER = "output_added", "outputs_moved", "contents_differ"
UNPUBLISHED = "published_gone"


def findings(compared: Compared) -> Iterator[Finding]:
    """Yield logs, benchmarks and outputs that are gone, and outputs that differ."""
    for name, what, claim, gone in _DECLARED:
        yield from _removed(compared, name, what, claim, gone)
    yield from _outputs(compared)
    yield from _contents(compared)
    if compared.unpublished:
        lost = compared.unpublished
        claim = f"{plural(len(lost), 'published file')} gone: {named(lost)}"
        yield Finding(UNPUBLISHED, "unsafe", claim, compared.after.at_end("the run's end"))


def _fewer(before: tuple[str, ...], after: tuple[str, ...]) -> list[str]:
    """Return files that are no longer declared, unless as many are under other names."""
    gone = [path for path in before if path not in after]
    return gone if len(after) < len(before) else []


def _no_benchmark(pair: Pair) -> list[str]:
    return [pair.before.benchmark] if pair.before.benchmark and not pair.after.benchmark else []


def _unensured(pair: Pair) -> list[str]:
    """Return the ``ensure()`` conditions dropped from outputs that are still made."""
    known, now = pair.before.ensured, pair.after.ensured
    if known is None or now is None:
        return []
    return [
        f"{path} ({text})"
        for path, text in known.items()
        if path in pair.after.output and not _conditions(text) <= _conditions(now.get(path, ""))
    ]


def _conditions(text: str) -> set[str]:
    return {one for one in text.split(", ") if one}


def _unique(found: list[tuple[Pair, list[str]]]) -> list[str]:
    return list(dict.fromkeys(path for _pair, some in found for path in some))


_Gone = Callable[[Pair], list[str]]


# The finding, the attribute of the job, the verb of the claim, and what is gone.
_DECLARED: Final[tuple[tuple[str, str, str, _Gone], ...]] = (
    (LOG, "log", "lost its log:", lambda pair: _fewer(pair.before.log, pair.after.log)),
    (BENCHMARK, "benchmark", "lost its benchmark:", _no_benchmark),
    (ENSURED, "ensured", "no longer ensures", _unensured),
)


def _removed(compared: Compared, name: str, what: str, verb: str, gone: _Gone) -> Iterator[Finding]:
    by_rule: dict[str, list[tuple[Pair, list[str]]]] = {}
    for pair in compared.match.pairs:
        if lost := gone(pair):
            by_rule.setdefault(pair.before.rule, []).append((pair, lost))
    for rule, found in by_rule.items():
        claim = f"rule {rule} {verb} {named(_unique(found))}"
        yield Finding(name, "unsafe", claim, _both(compared, found[0][0], what, found[0][1]))


def _both(compared: Compared, pair: Pair, what: str, gone: list[str]) -> tuple[Citation, ...]:
    return (
        *compared.before.at_job(pair.before.job_id, f"{what}: {', '.join(gone)}"),
        *compared.after.at_job(pair.after.job_id, f"{what}: none of these"),
    )


_OUTPUTS: Final[dict[str, tuple[str, Kind]]] = {
    OUTPUT: ("no longer makes", "unsafe"),
    MOVED: ("now makes under another name, byte for byte:", "safe"),
    NEW: ("also makes", "neutral"),
}


def _outputs(compared: Compared) -> Iterator[Finding]:
    """Yield outputs that a job no longer makes, newly makes, or makes under another name."""
    by_finding: dict[tuple[str, str], list[tuple[Pair, list[str]]]] = {}
    for pair in compared.match.pairs:
        if pair.before.output == pair.after.output:
            continue
        old, new = set(pair.before.output), set(pair.after.output)
        gone = [path for path in pair.before.output if path not in new]
        for name, paths in (
            (OUTPUT, [path for path in gone if path not in compared.moved]),
            (MOVED, [path for path in gone if path in compared.moved]),
            (NEW, [path for path in pair.after.output if path not in old and not gone]),
        ):
            if paths:
                by_finding.setdefault((name, pair.before.rule), []).append((pair, paths))
    for (name, rule), found in by_finding.items():
        verb, kind = _OUTPUTS[name]
        paths = _unique(found)
        claim = f"rule {rule} {verb} {named(paths)} ({jobs_of(len(found))})"
        pair = found[0][0]
        evidence = (
            *compared.before.at_job(pair.before.job_id, f"output: {', '.join(pair.before.output)}"),
            *compared.after.at_job(pair.after.job_id, f"output: {', '.join(pair.after.output)}"),
        )
        yield Finding(name, kind, claim, evidence)


def same_elsewhere(compared: Compared) -> dict[str, str]:
    """Return old and new names of outputs that are the same bytes under another name."""
    old, new = compared.files
    return {
        was: now
        for pair in compared.match.pairs
        if len(pair.before.output) == len(pair.after.output)
        for was, now in zip(pair.before.output, pair.after.output, strict=True)
        if was != now
        and was in old
        and now in new
        and old[was].file.sha256 is not None
        and old[was].file.sha256 == new[now].file.sha256
    }


def _contents(compared: Compared) -> Iterator[Finding]:
    differing = compared.contents.differing
    if not differing:
        return
    old, new = compared.files
    first = differing[0]
    of = len(compared.contents.equal) + len(differing)
    why = _unexplained(compared)
    kind: Kind = "unsafe"
    if _made_from_new(compared, differing):
        depend = "depends" if len(differing) == 1 else "depend"
        kind, why = "neutral", f", which {depend} on the outputs of new jobs now"
    if left := compared.explanations.left:
        why += f"; in A, {named(left)} was what a failed job had left (--keep-incomplete)"
    claim = f"{len(differing)} of {of} outputs differ: {named(differing)}{why}"
    evidence: list[Citation] = []
    for side, known in ((compared.before, old), (compared.after, new)):
        if found := known.get(first):
            what = found.file.sha256 or f"{found.file.bytes} bytes"
            evidence.extend(side.at_line(found.line, f"{first}: {what}"))
            if found.line is None:
                evidence.append(Citation("file", first, f"{side.name}: {what}"))
    yield Finding(DIFFER, kind, claim, tuple(evidence))


def _made_from_new(compared: Compared, paths: Iterable[str]) -> bool:
    """Return whether each of *paths* is made, in B, from outputs of jobs that only B has."""
    later = compared.lineages[1]
    new = later.downstream(path for job in compared.match.added for path in job.output)
    return all(path in later.makers and later.makers[path].job_id in new for path in paths)


def is_explained(changes: Iterable[Change]) -> bool:
    """Return whether something in *changes* can make outputs differ."""
    return any(one.what.startswith(_EXPLAINING) for one in changes)


def _unexplained(compared: Compared) -> str:
    """Return which of the outputs that differ nothing explains; empty if all are explained."""
    known = compared.explanations
    if not known.unexplained or known.of_the_run:
        return ""
    every = len(known.unexplained) == len(compared.contents.differing)
    which = "it" if every else named(known.unexplained)
    return (
        f", and nothing in the journals explains {which}: an unrecorded helper script, environment "
        "or input, or randomness"
    )


_EXPLAINING = (
    *("code", "params", "environment", "script", "command", "threads", "config", "input "),
    *("file ", "Snakefile"),
)
