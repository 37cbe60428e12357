"""What Snakemake's live objects say of a workflow, a job, a group: plain values, taken at once.

Called in the thread that owns the objects, for they change later. Each answer is probed: what a
version of Snakemake does not have costs its own field, never the others.
"""

import hashlib
import os
import sys
from typing import TYPE_CHECKING, Any

from snakemake_logger_plugin_observe.recording.log_records import plain
from snakemake_logger_plugin_observe.recording.probe import ask
from snakemake_logger_plugin_observe.recording.workflow_settings import settings_of

if TYPE_CHECKING:
    from types import FrameType

_FRAMES_TO_SEARCH = 40


def _caller(name: str, variable: str) -> Any:
    """Return a local variable of the nearest calling function called *name*, or None."""
    frame: FrameType | None = sys._getframe(2)
    for _ in range(_FRAMES_TO_SEARCH):
        if frame is None:
            return None
        if frame.f_code.co_name == name and variable in frame.f_locals:
            return frame.f_locals[variable]
        frame = frame.f_back
    return None


def speaking_job() -> Any:
    """Return the job or group whose ``log_info`` is logging right now, or None."""
    return _caller("log_info", "self")


def command_line() -> Any:
    """Return Snakemake's parsed command line while its ``args_to_api`` runs, or None."""
    return _caller("args_to_api", "args")


def profile_files() -> tuple[str, ...]:
    """Return the profiles' files that Snakemake's command line was read with, the last one wins."""
    parser = _caller("args_to_api", "parser")
    files: tuple[str, ...] = ask(lambda: tuple(map(str, parser._default_config_files)), ())
    return files


def starting_workflow() -> tuple[Any, str | None]:
    """Return the workflow that is starting right now and its executor's name, or (None, None)."""
    workflow = _caller("execute", "self") or _caller("execute_workflow", "workflow")
    plugin = _caller("execute", "executor_plugin") or _caller("execute_workflow", "executor_plugin")
    return workflow, ask(lambda: plugin.name)


def workflow_facts(workflow: Any, args: Any) -> dict[str, Any]:
    """Return what a journal keeps of a run's resolved settings (fields of ``RunStarted``)."""
    w = workflow
    targets = ask(lambda: tuple(map(str, w.dag_settings.targets)), ())
    return {
        "snakefile": ask(lambda: str(w.main_snakefile)),
        "targets": targets or ask(lambda: (str(w.default_target),), ()),
        "profiles": _profiles(args, profile_files()),
        "cores": _limit(ask(lambda: w.resource_settings.cores)),
        "jobs": _limit(ask(lambda: w.resource_settings.nodes)),
        "resources": _global_resources(w),
        **ask(lambda: _config_digests(w.config), {}),
        "settings": settings_of(w, args),
    }


def _profiles(args: Any, files: tuple[str, ...]) -> tuple[str, ...]:
    """Return the profiles as they were named; the workflow's own may have been found unnamed."""
    profile = getattr(args, "profile", None) or ()
    named = (profile,) if isinstance(profile, str) else tuple(map(str, profile))
    named = tuple(name for name in named if name != "none")
    if len(files) <= len(named):
        return named
    own = ask(lambda: str(args.workflow_profile) if args.workflow_profile else None)
    return (*named, own or os.path.dirname(files[-1]))


def _limit(value: Any) -> int | None:
    return value if isinstance(value, int) and value < sys.maxsize else None


def _global_resources(workflow: Any) -> dict[str, Any]:
    found = ask(lambda: dict(workflow.global_resources.items()), {})
    return {
        str(name): plain(getattr(value, "value", value))
        for name, value in found.items()
        if not str(name).startswith("_")
    }


def _config_digests(config: Any) -> dict[str, Any]:
    """Return a digest of the whole config, and a short one of each key of it.

    Of a key that is named like a secret there is none: a short secret could be guessed from it.
    """
    import json

    from snakemake_logger_plugin_observe.journal.masking import MASK, names_a_secret

    texts = {key: json.dumps(config[key], sort_keys=True, default=str) for key in sorted(config)}
    names = {key: json.dumps({key: None})[1 : -len(": null}")] for key in texts}
    whole = ", ".join(f"{names[key]}: {text}" for key, text in texts.items())
    return {
        "config_digest": f"sha256:{_sha256(f'{{{whole}}}')}",
        "config_keys": {
            str(key): MASK if names_a_secret(str(key)) else _sha256(text)[:12]
            for key, text in texts.items()
        },
    }


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def secret_values(workflow: Any) -> tuple[str, ...]:
    """Return the values of every environment variable that the workflow declares."""
    names = [
        *ask(lambda: list(workflow.envvars), []),
        *ask(lambda: list(workflow.remote_execution_settings.envvars), []),
    ]
    return tuple(value for name in names if (value := os.environ.get(str(name))))


def job_facts(job: Any, said: dict[str, Any]) -> dict[str, Any]:
    """Return what a journal keeps of a single job (fields of ``JobDescribed``).

    Args:
        job: Snakemake's job.
        said: what its log record has said already, so that it need not be made again.

    """
    dag = job.dag
    persistence = ask(lambda: dag.workflow.persistence)
    inputs = ask(lambda: tuple(map(str, job.input)), ())
    resources = ask(lambda: {str(k): plain(v) for k, v in job.resources.items()}, {})
    return {
        "job_id": job.jobid,
        "rule": str(job.rule.name),
        "attempt": ask(lambda: job.attempt),
        "local": ask(lambda: bool(job.is_local)),
        "checkpoint": ask(lambda: bool(job.rule.is_checkpoint), False),
        "service": ask(lambda: bool(job.is_service), False),
        "input": inputs,
        "output": ask(lambda: tuple(map(str, job.output)), ()),
        "log": ask(lambda: tuple(map(str, job.log)), ()),
        "benchmark": ask(lambda: str(job.benchmark) if job.benchmark else None),
        "resources": {k: v for k, v in resources.items() if not k.startswith("_")},
        "dependencies": ask(lambda: _dependencies(dag, job)),
        "script": ask(lambda: _script(job)),
        "code_digest": _digest(ask(lambda: _uncached(persistence, "_code", job.rule))),
        "params_digest": _digest(ask(lambda: _uncached(persistence, "_params", job))),
        "environment_digest": ask(lambda: persistence._software_stack_hash(job)),
        "input_sizes": _sizes(dag, inputs),
        "ancient": ask(lambda: tuple(str(path) for path in job.input if path.is_ancient)),
        "retries": ask(lambda: job.restart_times),
        **ask(lambda: _of_outputs(job.output), {}),
        **said,
    }


def said_by(job: Any) -> dict[str, Any]:
    """Return what a job's log record would say of it, where Snakemake was not made to log it."""
    return {
        "wildcards": ask(lambda: {str(k): str(v) for k, v in job.wildcards_dict.items()}, {}),
        "reason": ask(lambda: str(job.dag.reason(job))),
        "threads": ask(lambda: job.threads),
        "priority": ask(lambda: plain(job.priority)),
        "shellcmd": ask(lambda: job.shellcmd and str(job.shellcmd)),
    }


def _dependencies(dag: Any, job: Any) -> tuple[int, ...]:
    """Return the ids of the jobs of this run that *job* takes files from."""
    return tuple(sorted(dag.jobid(other) for other in dag.dependencies[job] if dag.needrun(other)))


def _script(job: Any) -> str | None:
    """Return the local file that a job's ``script:`` or ``notebook:`` names, or None."""
    named = job.rule.script or job.rule.notebook
    if not named:
        return None
    return str(job._path_to_source_file(named).get_path_or_uri(secret_free=True))


def _uncached(owner: Any, method: str, subject: Any) -> Any:
    """Call a method of Snakemake's past its cache, so that what it caches stays as it would be."""
    function = getattr(type(owner), method)
    return getattr(function, "__wrapped__", function)(owner, subject)


def _digest(value: Any) -> str | None:
    """Return a digest of what Snakemake itself compares for its rerun triggers."""
    if value is None:
        return None
    text = value if isinstance(value, str) else repr(value)
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _of_outputs(output: Any) -> dict[str, Any]:
    """Return which outputs are temporary, and what Snakemake makes sure of in others."""
    flags = [(str(path), path.flags) for path in output if path.flags]
    return {
        "ensured": {path: _promise(one["ensure"]) for path, one in flags if "ensure" in one},
        "temp": tuple(path for path, one in flags if one.get("temp")),
    }


def _promise(asked: dict[str, Any]) -> str:
    """Return what an ``ensure()`` asks for; a checksum that a function returns is not asked for."""
    algorithm, checksum = asked.get("checksum_algorithm"), asked.get("checksum")
    said = [f"{algorithm} {checksum}" if isinstance(checksum, str) else str(algorithm)]
    said = said if algorithm else []
    return ", ".join([*(["not empty"] if asked.get("non_empty") else []), *said])


def _sizes(dag: Any, inputs: tuple[str, ...]) -> dict[str, int]:
    """Return the sizes that Snakemake's scheduler has looked up for its own purposes."""
    known = ask(lambda: dag.workflow.scheduler._input_sizes, {}) or {}
    if not known:
        return {}
    return {path: size for path in inputs if isinstance(size := known.get(path), int)}


def group_facts(group: Any) -> dict[str, Any]:
    """Return what a journal keeps of a group (fields of ``GroupDescribed``)."""
    return {
        "group": str(group.jobid),
        "name": ask(lambda: str(group.groupid)),
        "members": tuple(sorted(job.jobid for job in group.jobs)),
        "attempt": ask(lambda: group.attempt),
    }
