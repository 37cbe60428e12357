"""Plain copies of Snakemake's live workflow and group objects; single jobs: ``job_descriptions``.

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
from snakemake_logger_plugin_observe.recording.log_records import plain
from snakemake_logger_plugin_observe.recording.notes import GroupInfo
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


def group_info(group: Any, time: "Micros") -> GroupInfo:
    """Return a group's description."""
    return GroupInfo(
        time,
        group=str(group.jobid),
        name=ask(lambda: str(group.groupid)),
        members=tuple(sorted(job.jobid for job in group.jobs)),
        attempt=ask(lambda: group.attempt),
    )
