"""What changed between two runs in their jobs: one fact that differs in many is one change."""

from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import Any, Final

from snakemake_logger_plugin_observe.analysis import param_values
from snakemake_logger_plugin_observe.analysis.citations import CitedRun
from snakemake_logger_plugin_observe.analysis.compare.change import Change, text
from snakemake_logger_plugin_observe.analysis.compare.digests import differ, differ_or_alone, short
from snakemake_logger_plugin_observe.analysis.compare.job_matching import Pair
from snakemake_logger_plugin_observe.analysis.param_values import ParamsChange
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.run.model import Run

# The facts of a job that are compared as a whole; inputs and outputs are compared by file.
_JOB_FACTS: Final[tuple[tuple[str, Callable[[JobDescribed], Any]], ...]] = (
    ("rule's name", lambda j: j.rule),
    ("code", lambda j: j.code_digest),
    ("params", lambda j: j.params_digest),
    ("environment", lambda j: j.environment_digest),
    # The path of a script does not matter where a digest of its code is known.
    ("script", lambda j: j.script if j.code_digest is None else None),
    ("threads", lambda j: j.threads),
    ("log", lambda j: list(j.log)),
    ("benchmark", lambda j: j.benchmark),
    ("local", lambda j: j.local),
    ("checkpoint", lambda j: j.checkpoint),
    ("group", lambda j: j.group is not None),
    ("priority", lambda j: j.priority),
    ("retries", lambda j: j.retries),
    ("temp", lambda j: None if j.temp is None else list(j.temp) or "none"),
)


# If one journal lacks one of these, it is not a change.
_DIGESTS: Final = ("code", "params", "environment")
_OPTIONAL: Final = ("retries", "temp")


# The attributes that a job's facts are read from. Most jobs are equal in these, and are skipped.
_compared_attributes: Final = attrgetter(
    *("rule", "code_digest", "params_digest", "environment_digest", "script", "threads", "log"),
    *("benchmark", "local", "checkpoint", "group", "priority", "resources", "input", "output"),
    *("shellcmd", "retries", "temp", "ensured"),
)


# Resources that Snakemake derives from others.
_DERIVED: Final = {
    "mem": "mem_mb",
    "mem_mib": "mem_mb",
    "disk": "disk_mb",
    "disk_mib": "disk_mb",
}
_Facts = Iterator[tuple[str, str | None, str | None]]


def of_jobs(before: CitedRun, after: CitedRun, pairs: Iterable[Pair]) -> Iterator[Change]:
    """Yield what differs by rule: one fact that differs in many jobs is one change."""
    affected: dict[tuple[str, str], list[tuple[Pair, str | None, str | None]]] = {}
    for pair in pairs:
        if _compared_attributes(pair.before) == _compared_attributes(pair.after):
            continue
        if not (is_described(pair.before) and is_described(pair.after)):
            continue
        for what, old, new in _facts(pair):
            affected.setdefault((pair.before.rule, what), []).append((pair, old, new))
    for (rule, what), found in affected.items():
        pair, old, new = found[0]
        values = None
        if what == "params" and (recorded := _recorded_params(before.run, after.run, found)):
            pair, values = recorded
            old, new = values.before or None, values.now or None
        quoted = _quoted(what, pair)
        cited = (
            *before.at_job(pair.before.job_id, quoted[0] or f"{what}: {old}"),
            *after.at_job(pair.after.job_id, quoted[1] or f"{what}: {new}"),
        )
        yield Change(rule, what, old, new, len(found), cited, values)


def _recorded_params(
    before: Run, after: Run, found: list[tuple[Pair, str | None, str | None]]
) -> tuple[Pair, ParamsChange] | None:
    """Return the first of *found* whose params are recorded, with what differs in them."""
    for pair, _old, _new in found:
        known, now = before.params_of(pair.before), after.params_of(pair.after)
        if known and now and (change := param_values.between(known, now)) is not None:
            return pair, change
    return None


def is_described(job: JobDescribed) -> bool:
    """Whether a run described *job*: of some up-to-date jobs only the files are known."""
    return job.job_id >= 0 or job.threads is not None


def facts_of(pair: Pair) -> Iterator[str]:
    """Yield what differs between the two of a pair, as ``Change.what`` names it."""
    if _compared_attributes(pair.before) == _compared_attributes(pair.after):
        return
    if is_described(pair.before) and is_described(pair.after):
        yield from (what for what, _old, _new in _facts(pair))


def _facts(pair: Pair) -> _Facts:
    one, other = pair.before, pair.after
    for what, fact in _JOB_FACTS:
        old, new = fact(one), fact(other)
        if what in _DIGESTS:
            if differ(old, new):
                yield what, short(old), short(new)
        elif old != new and not (what in _OPTIONAL and None in (old, new)):
            yield what, text(old), text(new)
    for name in sorted(one.resources.keys() | other.resources.keys()):
        old, new = one.resources.get(name), other.resources.get(name)
        if old != new and _DERIVED.get(name) not in one.resources.keys() & other.resources.keys():
            yield f"resource {name}", text(old), text(new)
    if pair.inputs_known:
        yield from _files("input", one.input, other.input)
    yield from _files("output", one.output, other.output)
    if _reaches_the_tool(one, other):
        yield "command", text(one.shellcmd), text(other.shellcmd)


def _files(what: str, one: tuple[str, ...], other: tuple[str, ...]) -> _Facts:
    known, now = dict.fromkeys(one), dict.fromkeys(other)
    gone = [path for path in known if path not in now]
    new = [path for path in now if path not in known]
    if gone:
        yield f"{what} gone", text(gone), None
    if new:
        yield f"{what} new", None, text(new)


def _reaches_the_tool(one: JobDescribed, other: JobDescribed) -> bool:
    """Whether the command differs though code, params, inputs, outputs and log are the same.

    Threads, resources or the configuration then changed it.
    """
    return (
        None not in (one.shellcmd, other.shellcmd)
        and one.shellcmd != other.shellcmd
        and not differ_or_alone(one.code_digest, other.code_digest)
        and not differ_or_alone(one.params_digest, other.params_digest)
        and (one.input, one.output, one.log) == (other.input, other.output, other.log)
    )


def _quoted(what: str, pair: Pair) -> tuple[str | None, str | None]:
    """Return the commands, which are better quotes than digests."""
    if what in ("code", "params", "command"):
        return pair.before.shellcmd, pair.after.shellcmd
    return None, None
