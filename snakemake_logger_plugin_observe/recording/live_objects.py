"""Plain copies of Snakemake's live workflow, job and group objects.

Called in the thread that owns the objects, because they change later. If a version of Snakemake
lacks an attribute, only the field made from it is missing.
"""

import hashlib
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from snakemake_logger_plugin_observe.probe import ask, callers_variable, hidden
from snakemake_logger_plugin_observe.recording import shown_values
from snakemake_logger_plugin_observe.recording.log_records import JobTexts, known_threads, plain
from snakemake_logger_plugin_observe.recording.notes import GroupInfo, JobInfo
from snakemake_logger_plugin_observe.recording.workflow_settings import settings_of

if TYPE_CHECKING:
    from snakemake_logger_plugin_observe.clock import Micros
    from snakemake_logger_plugin_observe.run.attempt import Key


def logging_job() -> Any:
    """Return the job or group whose ``log_info`` is running, or None."""
    return callers_variable("log_info", "self")


def command_line() -> Any:
    """Return Snakemake's parsed command line while its ``args_to_api`` runs, or None."""
    return callers_variable("args_to_api", "args")


def profile_files() -> tuple[str, ...]:
    """Return the profile files that Snakemake's command line was read with; the last one wins."""
    parser = callers_variable("args_to_api", "parser")
    files: tuple[str, ...] = ask(lambda: tuple(map(str, parser._default_config_files)), ())
    return files


def starting_workflow() -> tuple[Any, str | None]:
    """Return the workflow that is starting and its executor's name, or (None, None)."""
    workflow = callers_variable("execute", "self")
    workflow = workflow or callers_variable("execute_workflow", "workflow")
    plugin = callers_variable("execute", "executor_plugin")
    plugin = plugin or callers_variable("execute_workflow", "executor_plugin")
    return workflow, ask(lambda: plugin.name)


def on_api_closed(call: Callable[[], None]) -> None:
    """Call *call* when the context of the Python API that starts a workflow now has been closed.

    Nothing else tells what the program does after it from the run.
    """
    api = ask(lambda: callers_variable("execute_workflow", "self").workflow_api.snakemake_api)
    cleanup = getattr(api, "_cleanup", None)
    if cleanup is None:
        return

    def closing() -> None:
        try:
            cleanup()
        finally:
            call()

    api._cleanup = hidden(closing)


def id_of(job: Any) -> int | str:
    """Return the id of a job, or of a group, which is a text."""
    return jobid if isinstance(jobid := job.jobid, int) else str(jobid)


def attempt_key(job: Any) -> "Key":
    """Return the key of the attempt that a job or group is on."""
    return id_of(job), int(job.attempt)


def workflow_facts(workflow: Any, args: Any) -> dict[str, Any]:
    """Return a run's targets, limits, config digests and settings, as fields of ``RunStarted``."""
    w = workflow
    targets = ask(lambda: tuple(map(str, w.dag_settings.targets)), ())
    default = ask(lambda: str(w.default_target) if w.default_target else None)
    return {
        "snakefile": ask(lambda: str(w.main_snakefile)),
        "targets": targets or ((default,) if default is not None else ()),
        "default_target": default,
        "profiles": _profiles(args, profile_files()),
        "cores": _limit(ask(lambda: w.resource_settings.cores)),
        "jobs": _limit(ask(lambda: w.resource_settings.nodes)),
        "resources": _global_resources(w),
        **ask(lambda: _config_digests(w.config), {}),
        "config_values": ask(lambda: shown_values.of_config(w.config), ()),
        "settings": settings_of(w, args),
    }


def _profiles(args: Any, files: tuple[str, ...]) -> tuple[str, ...]:
    """Return the named profiles, and the folder of one that Snakemake found in the workflow."""
    profile = getattr(args, "profile", None) or ()
    named = (profile,) if isinstance(profile, str) else tuple(map(str, profile))
    named = tuple(name for name in named if name != "none")
    if len(files) <= len(named):
        return named
    workflow_profile = ask(lambda: str(args.workflow_profile) if args.workflow_profile else None)
    return (*named, workflow_profile or os.path.dirname(files[-1]))


def _limit(value: Any) -> int | None:
    return value if isinstance(value, int) and value < sys.maxsize else None


def _global_resources(workflow: Any) -> dict[str, Any]:
    resources = ask(lambda: dict(workflow.global_resources.items()), {})
    return {
        str(name): plain(getattr(value, "value", value))
        for name, value in resources.items()
        if not str(name).startswith("_")
    }


def _config_digests(config: Any) -> dict[str, Any]:
    """Return a digest of the whole config, and a short one for each of its keys.

    What stands under a name that says it is a secret is left out, at any depth. The recorder writes
    these digests with its folder's key: a short value could be found by trying.
    """
    import json

    from snakemake_logger_plugin_observe.journal.masking import MASK
    from snakemake_logger_plugin_observe.journal.secret_names import names_a_secret

    texts = {
        key: json.dumps(_without_secrets(key, config[key]), sort_keys=True, default=str)
        for key in sorted(config)
    }
    names = {key: json.dumps({key: None})[1 : -len(": null}")] for key in texts}
    items = ", ".join(f"{names[key]}: {text}" for key, text in texts.items())
    return {
        "config_digest": f"sha256:{_sha256(f'{{{items}}}')}",
        "config_keys": {
            str(key): MASK if names_a_secret(str(key)) else _sha256(text)[:12]
            for key, text in texts.items()
        },
    }


def _without_secrets(name: Any, value: Any) -> Any:
    """Return a config's *value*, which stands under *name*, without secrets."""
    from snakemake_logger_plugin_observe.journal.secret_names import is_secret

    if isinstance(value, dict):
        return {key: _without_secrets(key, item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_secrets(name, item) for item in value]
    return None if is_secret(str(name), value) else value


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def job_info(job: Any, time: "Micros", texts: JobTexts) -> JobInfo:
    """Return a single job's description.

    Args:
        job: Snakemake's job.
        time: when it was described.
        texts: the fields that its log record contains, or ``texts_of`` the job.

    """
    dag = job.dag
    persistence = ask(lambda: dag.workflow.persistence)
    inputs = ask(lambda: tuple(map(str, job.input)), ())
    resources = ask(lambda: {str(k): plain(v) for k, v in job.resources.items()}, {})
    declared = ask(lambda: _declared(job.output), {})
    return JobInfo(
        time,
        job_id=job.jobid,
        rule=str(job.rule.name),
        attempt=ask(lambda: job.attempt),
        local=ask(lambda: bool(job.is_local)),
        checkpoint=ask(lambda: bool(job.rule.is_checkpoint), False),
        service=ask(lambda: bool(job.is_service), False),
        input=inputs,
        output=ask(lambda: tuple(map(str, job.output)), ()),
        log=ask(lambda: tuple(map(str, job.log)), ()),
        benchmark=ask(lambda: str(job.benchmark) if job.benchmark else None),
        resources={k: v for k, v in resources.items() if not k.startswith("_")},
        dependencies=ask(lambda: _dependencies(dag, job)),
        script=ask(lambda: _script(job)),
        code_digest=_digest(ask(lambda: _uncached(persistence, "_code", job.rule))),
        params_digest=_digest(ask(lambda: _uncached(persistence, "_params", job))),
        params=ask(lambda: shown_values.of_params(job), ()),
        environment_digest=ask(lambda: persistence._software_stack_hash(job)),
        input_sizes=_sizes(dag, inputs),
        ancient=ask(lambda: tuple(str(path) for path in job.input if path.is_ancient)),
        retries=ask(lambda: job.restart_times),
        own_retries=ask(lambda: _own_retries(job)),
        **declared,
        shadow=ask(lambda: job.rule.shadow_depth and str(job.rule.shadow_depth)),
        requested=ask(lambda: _requested(job), {}),
        **texts._asdict(),
    )


def _requested(job: Any) -> dict[str, int | None]:
    """Return what *job*'s rule asks for where the run's limits gave it less.

    Snakemake gives a job no more than ``--cores`` and ``--resources``, and keeps only what it gave.
    An amount that is a function is not known: it is the workflow's code, and may have effects.
    """
    workflow, found = job.dag.workflow, dict[str, int | None]()
    most_threads = workflow.resource_settings.max_threads
    for name, limit in workflow.global_resources.items():
        given, own = job.resources.get(name), job.rule.resources.get(name)
        if name == "_nodes" or own is None or not isinstance(given, int) or given != _amount(limit):
            continue
        asked = _amount(own)
        if not isinstance(asked, int):
            asked = None
        elif name == "_cores" and most_threads is not None:
            asked = min(asked, most_threads)
        if asked is None or asked > given:
            found["threads" if name == "_cores" else name] = asked
    return found


def _amount(value: Any) -> Any:
    """Return the amount of a resource, a number or a function, out of newer Snakemakes' wrapper."""
    return getattr(value, "_value", value)


def texts_of(job: Any) -> JobTexts:
    """Return what *job*'s log record would contain, for a job that Snakemake did not log."""
    return JobTexts(
        wildcards=ask(lambda: {str(k): str(v) for k, v in job.wildcards_dict.items()}, {}),
        reason=ask(lambda: str(job.dag.reason(job))),
        threads=ask(lambda: known_threads(job.threads)),
        priority=ask(lambda: plain(job.priority)),
        shellcmd=ask(lambda: job.shellcmd and str(job.shellcmd)),
    )


def _dependencies(dag: Any, job: Any) -> tuple[int, ...]:
    """Return the ids of this run's jobs whose outputs *job* needs."""
    return tuple(sorted(dag.jobid(other) for other in dag.dependencies[job] if dag.needrun(other)))


def _script(job: Any) -> str | None:
    """Return the local file that a job's ``script:`` or ``notebook:`` names, or None."""
    named = job.rule.script or job.rule.notebook
    if not named:
        return None
    return str(job._path_to_source_file(named).get_path_or_uri(secret_free=True))


def _uncached(owner: Any, method: str, subject: Any) -> Any:
    """Call a method of Snakemake's without its cache, which stays as it is without this plugin."""
    function = getattr(type(owner), method)
    return getattr(function, "__wrapped__", function)(owner, subject)


def _digest(value: Any) -> str | None:
    """Return a digest of what Snakemake itself compares for its rerun triggers."""
    if value is None:
        return None
    text = value if isinstance(value, str) else repr(value)
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _own_retries(job: Any) -> bool | None:
    """Return whether a job is retried because its rule says so, None if it is not retried."""
    return job.rule._restart_times is not None if job.restart_times else None


def _declared(output: Any) -> dict[str, Any]:
    """Return what ``ensure()`` requires of which outputs; which have other flags."""
    flagged = [(str(path), path.flags) for path in output if path.flags]
    having = {
        flag: tuple(path for path, flags in flagged if flags.get(flag))
        for flag in ("temp", "pipe", "directory", "update")
    }
    return {
        "ensured": {p: _requirement(flags["ensure"]) for p, flags in flagged if "ensure" in flags},
        "temp": having["temp"],
        "pipes": having["pipe"] or None,
        "directories": having["directory"],
        "updated": having["update"] or None,
    }


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


def group_info(group: Any, time: "Micros") -> GroupInfo:
    """Return a group's description."""
    return GroupInfo(
        time,
        group=str(group.jobid),
        name=ask(lambda: str(group.groupid)),
        members=tuple(sorted(job.jobid for job in group.jobs)),
        attempt=ask(lambda: group.attempt),
    )
