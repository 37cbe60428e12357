"""Whether what shows the work is still there: outputs, their contents, logs, benchmarks."""

from collections.abc import Callable, Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.compare.job_matching import Pair
from snakemake_logger_plugin_observe.analysis.compare.same_work.finding import Compared, Finding
from snakemake_logger_plugin_observe.analysis.phrasing import jobs_of, named

LOG, BENCHMARK, OUTPUT = "log_removed", "benchmark_removed", "output_removed"
PROMISE = "ensure_removed"
NEW, MOVED, DIFFER = "output_added", "outputs_moved", "contents_differ"
UNPUBLISHED = "published_gone"


def findings(it: Compared) -> Iterator[Finding]:
    """Tell of proofs that are gone, and of contents that differ."""
    for name, what, claim, gone in _PROOFS:
        yield from _removed(it, name, what, claim, gone)
    yield from _outputs(it)
    yield from _contents(it)
    if it.unpublished:
        claim = f"{len(it.unpublished)} published files are gone: {named(it.unpublished)}"
        yield Finding(UNPUBLISHED, "unsafe", claim, it.after.at_end("the run's end"))


def _fewer(before: tuple[str, ...], after: tuple[str, ...]) -> list[str]:
    """Return what was declared and is not, unless there is as much under other names."""
    gone = [path for path in before if path not in after]
    return gone if len(after) < len(before) else []


def _no_benchmark(pair: Pair) -> list[str]:
    return [pair.before.benchmark] if pair.before.benchmark and not pair.after.benchmark else []


def _unensured(pair: Pair) -> list[str]:
    """Return what was made sure of, of outputs that are still made, and is no longer."""
    known, now = pair.before.ensured, pair.after.ensured
    if known is None or now is None:
        return []
    return [
        f"{path} ({promise})"
        for path, promise in known.items()
        if path in pair.after.output and not _promised(promise) <= _promised(now.get(path, ""))
    ]


def _promised(promise: str) -> set[str]:
    return {one for one in promise.split(", ") if one}


def _unique(found: list[tuple[Pair, list[str]]]) -> list[str]:
    return list(dict.fromkeys(path for _pair, some in found for path in some))


_Gone = Callable[[Pair], list[str]]


# The finding, the fact of a job's, what is said of it, and what of it is gone.
_PROOFS: Final[tuple[tuple[str, str, str, _Gone], ...]] = (
    (LOG, "log", "lost its log:", lambda pair: _fewer(pair.before.log, pair.after.log)),
    (BENCHMARK, "benchmark", "lost its benchmark:", _no_benchmark),
    (PROMISE, "ensured", "no longer makes sure of", _unensured),
)


def _removed(it: Compared, name: str, what: str, said: str, gone: _Gone) -> Iterator[Finding]:
    by_rule: dict[str, list[tuple[Pair, list[str]]]] = {}
    for pair in it.match.pairs:
        if lost := gone(pair):
            by_rule.setdefault(pair.before.rule, []).append((pair, lost))
    for rule, found in by_rule.items():
        claim = f"rule {rule} {said} {named(_unique(found))}"
        yield Finding(name, "unsafe", claim, _both(it, found[0][0], what, found[0][1]))


def _both(it: Compared, pair: Pair, what: str, gone: list[str]) -> tuple[Citation, ...]:
    return (
        *it.before.at_job(pair.before.job_id, f"{what}: {', '.join(gone)}"),
        *it.after.at_job(pair.after.job_id, f"{what}: none of these"),
    )


def _outputs(it: Compared) -> Iterator[Finding]:
    """Tell of outputs that a job makes no longer, newly, or under another name."""
    by_answer: dict[tuple[str, str], list[tuple[Pair, list[str]]]] = {}
    for pair in it.match.pairs:
        if pair.before.output == pair.after.output:
            continue
        old, new = set(pair.before.output), set(pair.after.output)
        gone = [path for path in pair.before.output if path not in new]
        for name, paths in (
            (OUTPUT, [path for path in gone if path not in it.moved]),
            (MOVED, [path for path in gone if path in it.moved]),
            (NEW, [path for path in pair.after.output if path not in old and not gone]),
        ):
            if paths:
                by_answer.setdefault((name, pair.before.rule), []).append((pair, paths))
    said = {OUTPUT: "no longer makes", MOVED: "makes elsewhere, byte for byte,", NEW: "also makes"}
    for (name, rule), found in by_answer.items():
        paths = _unique(found)
        claim = f"rule {rule} {said[name]} {named(paths)} ({jobs_of(len(found))})"
        pair = found[0][0]
        evidence = (
            *it.before.at_job(pair.before.job_id, f"output: {', '.join(pair.before.output)}"),
            *it.after.at_job(pair.after.job_id, f"output: {', '.join(pair.after.output)}"),
        )
        kind = {OUTPUT: "unsafe", MOVED: "safe", NEW: "neutral"}[name]
        yield Finding(name, kind, claim, evidence)  # type: ignore[arg-type]


def same_elsewhere(it: Compared) -> dict[str, str]:
    """Return the outputs that a job makes under another name now, same bytes, and that name."""
    old, new = it.files
    return {
        was: now
        for pair in it.match.pairs
        if len(pair.before.output) == len(pair.after.output)
        for was, now in zip(pair.before.output, pair.after.output, strict=True)
        if was != now
        and was in old
        and now in new
        and old[was].file.sha256 is not None
        and old[was].file.sha256 == new[now].file.sha256
    }


def _contents(it: Compared) -> Iterator[Finding]:
    differing = it.contents.differing
    if not differing:
        return
    old, new = it.files
    first = differing[0]
    of = len(it.contents.equal) + len(differing)
    explained = any(one.what.startswith(_CAUSES) for one in it.changes)
    why = "" if explained else _UNEXPLAINED
    claim = f"{len(differing)} of {of} outputs differ: {named(differing)}{why}"
    evidence: list[Citation] = []
    for side, known in ((it.before, old), (it.after, new)):
        if found := known.get(first):
            what = found.file.sha256 or f"{found.file.bytes} bytes"
            evidence.extend(side.at_line(found.line, f"{first}: {what}"))
            if found.line is None:
                evidence.append(Citation("file", first, f"{side.name}: {what}"))
    yield Finding(DIFFER, "unsafe", claim, tuple(evidence))


_UNEXPLAINED = (
    ", though nothing that the journals hold explains it: a helper, an environment or data that "
    "they do not know, or chance"
)
_CAUSES = (
    *("code", "params", "environment", "script", "command", "threads", "config", "input "),
    *("file ", "Snakefile"),
)
