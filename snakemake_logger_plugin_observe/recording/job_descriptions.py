"""What a job is, read from Snakemake's live object.

Called in Snakemake's own thread before each job starts. So what a rule has in common is read once,
with its first job, and for each job only the rest: its files, its resources, what its wildcards
change. If a version of Snakemake lacks an attribute, only the field made from it is missing.
"""

from typing import TYPE_CHECKING, Any, Final

from snakemake_logger_plugin_observe.probe import ask
from snakemake_logger_plugin_observe.recording.log_records import JobTexts, known_threads, plain
from snakemake_logger_plugin_observe.recording.notes import JobInfo
from snakemake_logger_plugin_observe.recording.rule_facts import RuleFacts

if TYPE_CHECKING:
    from snakemake_logger_plugin_observe.clock import Micros

_PLAIN: Final = frozenset({int, float, bool, str, type(None)})


class JobReader:
    """Describes the jobs of one run; keeps what it has read of their rules."""

    def __init__(self) -> None:
        """Know no rule yet."""
        self._rules: dict[int, RuleFacts] = {}

    def describe(self, job: Any, time: "Micros", texts: JobTexts) -> JobInfo:
        """Return a single job's description.

        Args:
            job: Snakemake's job.
            time: when it was described.
            texts: the fields that its log record contains, or ``texts_of`` the job.

        """
        rule = self._rules.get(id(job.rule))
        if rule is None:
            rule = self._rules[id(job.rule)] = RuleFacts(job)
        # Filled field by field: a call with so many names takes three times as long.
        info = JobInfo(time, job.jobid, rule.name)
        info.wildcards, info.reason, info.threads, info.priority, info.shellcmd = texts
        info.checkpoint = rule.checkpoint
        info.code_digest = rule.code_digest
        info.retries = rule.retries
        info.own_retries = rule.own_retries
        info.shadow = rule.shadow
        info.local = rule.is_local(job)
        info.script = ask(lambda: _script(job)) if rule.has_script else None
        info.params_digest, info.params = rule.params(job)
        info.environment_digest = rule.environment(job)
        _read_files(job, info)
        _read_limits(job, info)
        info.input_sizes = _sizes(job.dag, info.input) if info.input else {}
        info.requested = ask(lambda: rule.requested(job), {}) if rule.limited else {}
        return info


def _read_files(job: Any, info: JobInfo) -> None:
    """Read a job's files, and which of them are flagged, into *info*."""
    try:
        info.input = tuple(map(str, job.input))
    except Exception:
        info.input = ()
    try:
        info.ancient = tuple([str(path) for path in job.input if path.is_ancient])
    except Exception:
        info.ancient = None
    try:
        info.output = tuple(map(str, job.output))
    except Exception:
        info.output = ()
    try:
        info.log = tuple(map(str, job.log))
    except Exception:
        info.log = ()
    try:
        info.benchmark = str(job.benchmark) if job.benchmark else None
    except Exception:
        info.benchmark = None
    try:
        flagged = [path for path in job.output if path.flags]
    except Exception:
        flagged = None
    # Only an output with a flag makes a job a service.
    info.service = ask(lambda: bool(job.is_service), False) if flagged != [] else False
    info.directories = info.ensured = info.temp = info.pipes = info.updated = None
    if flagged is not None:
        info.ensured, info.temp, info.directories = {}, (), ()
    if flagged:
        ask(lambda: _read_flags(flagged, info))


def _read_flags(flagged: list[Any], info: JobInfo) -> None:
    """Read what ``ensure()`` requires of which outputs, and which have other flags."""
    flags_of = {str(path): path.flags for path in flagged}
    having = {
        flag: tuple(path for path, flags in flags_of.items() if flags.get(flag))
        for flag in ("temp", "pipe", "directory", "update")
    }
    info.ensured = {
        path: _requirement(flags["ensure"]) for path, flags in flags_of.items() if "ensure" in flags
    }
    info.temp = having["temp"]
    info.pipes = having["pipe"] or None
    info.directories = having["directory"]
    info.updated = having["update"] or None


def _read_limits(job: Any, info: JobInfo) -> None:
    """Read with what a job runs, how often it was tried, and after which jobs."""
    dag = job.dag
    try:
        info.attempt = job.attempt
    except Exception:
        info.attempt = None
    try:
        info.resources = {
            str(name): value if type(value) in _PLAIN else plain(value)
            for name, value in job.resources.items()
            if not name.startswith("_")
        }
    except Exception:
        info.resources = {}
    try:  # the ids of this run's jobs whose outputs it needs
        needed = dag.dependencies[job]
        info.dependencies = (
            tuple(sorted([dag.jobid(other) for other in needed if dag.needrun(other)]))
            if needed
            else ()
        )
    except Exception:
        info.dependencies = None


def texts_of(job: Any) -> JobTexts:
    """Return what *job*'s log record would contain, for a job that Snakemake did not log."""
    return JobTexts(
        wildcards=ask(lambda: {str(k): str(v) for k, v in job.wildcards_dict.items()}, {}),
        reason=ask(lambda: str(job.dag.reason(job))),
        threads=ask(lambda: known_threads(job.threads)),
        priority=ask(lambda: plain(job.priority)),
        shellcmd=ask(lambda: job.shellcmd and str(job.shellcmd)),
    )


def _script(job: Any) -> str | None:
    """Return the local file that a job's ``script:`` or ``notebook:`` names, or None."""
    named = job.rule.script or job.rule.notebook
    if not named:
        return None
    return str(job._path_to_source_file(named).get_path_or_uri(secret_free=True))


def _requirement(ensure: dict[str, Any]) -> str:
    """Return what an ``ensure()`` requires; a checksum that is a function is not evaluated."""
    required = ["not empty"] if ensure.get("non_empty") else []
    algorithm, checksum = ensure.get("checksum_algorithm"), ensure.get("checksum")
    if algorithm:
        required.append(f"{algorithm} {checksum}" if isinstance(checksum, str) else str(algorithm))
    return ", ".join(required)


def _sizes(dag: Any, inputs: tuple[str, ...]) -> dict[str, int]:
    """Return the sizes of *inputs* that Snakemake's scheduler has looked up already."""
    known = ask(lambda: dag.workflow.scheduler._input_sizes, {}) or {}
    if not known:
        return {}
    return {path: size for path in inputs if isinstance(size := known.get(path), int)}
