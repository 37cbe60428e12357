"""What changed between two runs: their settings, their workflow's files, and their jobs.

These are facts; ``same_work`` judges them. A fact that one of the journals lacks (older versions
recorded fewer) is not compared.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, Final

from snakemake_logger_plugin_observe.analysis import param_values
from snakemake_logger_plugin_observe.analysis.citations import Citation, CitedRun
from snakemake_logger_plugin_observe.analysis.compare.digests import differ, short
from snakemake_logger_plugin_observe.analysis.compare.job_matching import Match, Pair, match
from snakemake_logger_plugin_observe.analysis.cost.exit_waits import exits_quickly
from snakemake_logger_plugin_observe.analysis.cost.waking import was_woken
from snakemake_logger_plugin_observe.analysis.param_values import ParamsChange
from snakemake_logger_plugin_observe.analysis.phrasing import named
from snakemake_logger_plugin_observe.analysis.programs import is_script, runs
from snakemake_logger_plugin_observe.journal.events import JobDescribed, RunStarted
from snakemake_logger_plugin_observe.pasting import recorded
from snakemake_logger_plugin_observe.run.model import Run

RUN: Final = "run"
_SHORT: Final = 12
_OWN_FLAGS: Final = ("--logger", "--timed-")
_OWN_LISTS: Final = ("--logger", "--logger-observe-tag", "--logger-observe-mask")
_EXECUTOR: Final = ("--executor", "-e")


@dataclass(frozen=True, slots=True)
class Change:
    """One fact that differs.

    ``subject`` is ``run`` or the name of a rule; ``what`` names the fact; ``before`` and ``after``
    are its values as text (digests shortened); ``jobs`` is the number of the rule's jobs that it
    affects, 0 for the run.
    """

    subject: str
    what: str
    before: str | None
    after: str | None
    jobs: int = 0
    evidence: tuple[Citation, ...] = ()
    values: ParamsChange | None = None
    """For params and config keys whose values are recorded: how they changed."""


def changes(before: Run, after: Run, found: Match | None = None) -> tuple[Change, ...]:
    """Return what differs between two runs: first the run's own facts, then by rule.

    Args:
        before: run A.
        after: run B.
        found: their matched jobs, if known already.

    """
    sides = (CitedRun("A", before), CitedRun("B", after))
    found = found or match(before, after)
    return (
        *_of_runs(*sides),
        *_of_sources(*sides),
        *_of_data(*sides),
        *_of_jobs(*sides, found.pairs),
    )


def snakefile_of(started: RunStarted) -> str | None:
    """Return a run's Snakefile relative to its working directory, the same in two checkouts."""
    if started.snakefile is None:
        return None
    return started.snakefile.removeprefix(f"{started.workdir}/")


# The facts of a run, the most important ones first.
_FACTS: Final[tuple[tuple[str, Callable[[RunStarted], Any]], ...]] = (
    ("Snakefile", snakefile_of),
    ("targets", lambda s: list(s.targets)),
    ("profile", lambda s: list(s.profiles)),
    ("executor", lambda s: s.inner_executor),
    ("cores", lambda s: s.cores),
    ("jobs", lambda s: s.jobs),
    ("resources", lambda s: s.resources),
    ("Snakemake", lambda s: s.snakemake_version),
    ("Python", lambda s: s.python_version),
    ("platform", lambda s: s.platform),
    ("host", lambda s: s.host),
    ("kind of run", lambda s: s.kind),
)


# The switches of the executor wrapper that change a run.
_SWITCHES: Final[tuple[tuple[str, Callable[[Run], bool]], ...]] = (
    ("timed_wake", was_woken),
    ("timed_quick_exit", exits_quickly),
)


def _of_runs(before: CitedRun, after: CitedRun) -> Iterator[Change]:
    one, other = before.run.started, after.run.started
    if one is None or other is None:
        return
    for what, fact in _FACTS:
        values = (fact(one), fact(other))
        if all(map(_is_recorded, values)) or (_was_read(one) and _was_read(other)):
            yield from _differing(before, after, what, *values)
    for name, has in _SWITCHES:
        switched = ("on" if has(side.run) else "off" for side in (before, after))
        yield from _differing(before, after, name, *switched)
    yield from _command_line(before, after, one.command, other.command)
    yield from _config(before, after, one, other)
    same_version = one.snakemake_version == other.snakemake_version
    for name in sorted(one.settings.keys() & other.settings.keys()):
        values = (one.settings[name], other.settings[name])
        if same_version or None not in values:  # else one version may not have the setting
            yield from _differing(before, after, name, *values)


def _is_recorded(value: Any) -> bool:
    return value not in (None, [], {})


def _was_read(started: RunStarted) -> bool:
    """Whether Snakemake had read the Snakefile: else what it did not record is unknown."""
    return started.snakefile is not None


def _differing(
    before: CitedRun, after: CitedRun, what: str, one: Any, other: Any
) -> Iterator[Change]:
    if one == other:
        return
    old, new = text(one), text(other)
    if old == new:  # a flag that takes values but was given none
        old, new = (None if value is None else "set" for value in (one, other))
    cited = (*before.at_start(f"{what}: {old}"), *after.at_start(f"{what}: {new}"))
    yield Change(RUN, what, old, new, evidence=cited)


def _command_line(
    before: CitedRun, after: CitedRun, one: Sequence[str], other: Sequence[str]
) -> Iterator[Change]:
    """Yield the arguments that differ, whatever their order and the program's path.

    How a run is recorded changes nothing in it: flags of these plugins are left out.
    """
    mine, others = _without_own_flags(one[1:]), _without_own_flags(other[1:])
    if sorted(mine) == sorted(others) or not (one and other):
        return
    gone, came = _surplus(mine, others), _surplus(others, mine)
    cited = (*before.at_start(recorded(one)), *after.at_start(recorded(other)))
    before_text, after_text = recorded(gone) or None, recorded(came) or None
    yield Change(RUN, "command line", before_text, after_text, evidence=cited)


def _without_own_flags(args: Sequence[str]) -> list[str]:
    """Return *args* without ``--logger`` and the plugins' own flags, and without their values.

    Instead of ``timed``, the executor is the one that it wraps.
    """
    kept: list[str] = []
    own_values = 0
    for arg, following in zip(args, (*args[1:], ""), strict=False):
        if own_values and not arg.startswith("-"):
            own_values -= 1
            continue
        flag, equals, value = arg.partition("=")
        value = value if equals else following
        own_values = 0
        if flag == "--timed-wraps" and value != "local":
            kept += ["--executor", value]
        if flag.startswith(_OWN_FLAGS) or (flag in _EXECUTOR and value == "timed"):
            own_values = 0 if equals else len(args) if flag in _OWN_LISTS else 1
        else:
            kept.append(arg)
    return kept


def _surplus(args: Sequence[str], others: Sequence[str]) -> list[str]:
    """Return the arguments that *others* lack, as often as they lack them, each in its place.

    A value is shown with the flag before it.
    """
    surplus = Counter(_with_flags(args)) - Counter(_with_flags(others))
    found: list[str] = []
    for unit in _with_flags(args):
        if surplus[unit] > 0:
            surplus[unit] -= 1
            found += unit
    return found


def _with_flags(args: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield *args* one by one, but a flag together with the value after it."""
    flag: tuple[str, ...] = ()
    for arg in args:
        if arg.startswith("-"):
            if flag:
                yield flag
            flag = (arg,)
        else:
            yield (*flag, arg)
            flag = ()
    if flag:
        yield flag


def _config(
    before: CitedRun, after: CitedRun, one: RunStarted, other: RunStarted
) -> Iterator[Change]:
    """Yield the keys of the configuration that differ, where both journals have them."""
    if not differ(one.config_digest, other.config_digest):
        return
    keys = sorted(
        key
        for key in one.config_keys.keys() | other.config_keys.keys()
        if _differ_or_alone(one.config_keys.get(key), other.config_keys.get(key))
    )
    if not keys:  # older journals have a digest of the whole only
        yield from _differing(
            before, after, "config", short(one.config_digest), short(other.config_digest)
        )
    for key in keys:
        values = param_values.differing_config(one.config_values, other.config_values, key)
        if values is not None:
            plain = ParamsChange(*(s.removeprefix(f"{key}=") for s in (values.before, values.now)))
            for change in _differing(before, after, f"config {key}", plain.before, plain.now):
                yield replace(change, values=plain)
            continue
        old, new = short(one.config_keys.get(key)), short(other.config_keys.get(key))
        yield from _differing(before, after, f"config {key}", old, new)


def _of_sources(before: CitedRun, after: CitedRun) -> Iterator[Change]:
    """Yield the workflow's own files that differ, and its commit."""
    one, other = before.run.provenance, after.run.provenance
    if one is None or other is None:
        return
    facts: list[tuple[str, str | None, str | None]] = [
        (
            "commit",
            _commit(one.git_commit, one.git_dirty),
            _commit(other.git_commit, other.git_dirty),
        )
    ]
    if one.sources and other.sources:
        facts += [
            (f"file {path}", short(one.sources.get(path)), short(other.sources.get(path)))
            for path in sorted(one.sources.keys() | other.sources.keys())
            if _differ_or_alone(one.sources.get(path), other.sources.get(path))
        ]
    else:
        sums = (one.snakefile_sha256, other.snakefile_sha256)
        if None not in sums:
            facts.append(("Snakefile's text", short(sums[0]), short(sums[1])))
    for what, old, new in facts:
        if old != new:
            cited = (
                *before.at_provenance(f"{what}: {old}"),
                *after.at_provenance(f"{what}: {new}"),
            )
            yield Change(RUN, what, old, new, evidence=cited)


DATA: Final = "data of "
PROGRAM: Final = "program "


def _of_data(before: CitedRun, after: CitedRun) -> Iterator[Change]:
    """Yield, as one change, the source files that have another size; programs are another one."""
    found = other_sizes(before.run, after.run)
    programs = {path: one for path, one in found.items() if runs(one[2], path)}
    data = {path: one for path, one in found.items() if path not in programs}
    programs = {path: one for path, one in programs.items() if not is_script(one[2], path)}
    for label, files in ((PROGRAM, programs), (DATA, data)):
        if not files:
            continue
        path, (old, new, job) = next(iter(files.items()))
        cited = (
            *before.at_job(_reader(before.run, path), f"{path}: {old}"),
            *after.at_job(job.job_id, f"{path}: {new}"),
        )
        what = f"{label}{named(files, 1)}"
        yield Change(RUN, what, f"{old:,} bytes", f"{new:,} bytes", evidence=cited)


def other_sizes(before: Run, after: Run) -> dict[str, tuple[int, int, JobDescribed]]:
    """Return the source files that have another size: both sizes, and a job that read the second.

    The first is that of the last time that the file was read, if a job was up to date.
    """
    known = {
        path: size for job in before.all_jobs.values() for path, size in job.input_sizes.items()
    }
    read = [
        (path, size, job)
        for job in after.jobs.values()
        for path, size in job.input_sizes.items()
        if known.get(path, size) != size
    ]
    if not read:
        return {}
    made = {path for run in (before, after) for job in run.all_jobs.values() for path in job.output}
    return {path: (known[path], size, job) for path, size, job in read if path not in made}


def _reader(run: Run, path: str) -> int:
    return next(job.job_id for job in run.all_jobs.values() if path in job.input_sizes)


def _commit(commit: str | None, dirty: bool | None) -> str | None:
    return None if commit is None else commit[:_SHORT] + (" and changes" if dirty else "")


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


def _of_jobs(before: CitedRun, after: CitedRun, pairs: Iterable[Pair]) -> Iterator[Change]:
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
        and not _differ_or_alone(one.code_digest, other.code_digest)
        and not _differ_or_alone(one.params_digest, other.params_digest)
        and (one.input, one.output, one.log) == (other.input, other.output, other.log)
    )


def _quoted(what: str, pair: Pair) -> tuple[str | None, str | None]:
    """Return the commands, which are better quotes than digests."""
    if what in ("code", "params", "command"):
        return pair.before.shellcmd, pair.after.shellcmd
    return None, None


def _differ_or_alone(one: str | None, other: str | None) -> bool:
    """Whether two digests differ, or there is only one."""
    return differ(one, other) or (one is None) != (other is None)


def text(value: Any) -> str | None:
    """Return a fact as text; None if it is unknown or empty."""
    if value is None or value in ([], {}, ""):
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(
            f"{key}: {text(item)}" if isinstance(item, dict) else f"{key}={item}"
            for key, item in sorted(value.items())
        )
    return value if isinstance(value, str) else json.dumps(value)
