"""Snakemake's settings: those that are recorded, and the flags with which it runs no workflow.

Values are the same in each run with the same command line: sets are sorted, and a function is
replaced by the text that the user wrote, or ``null``.
"""

import sys
from collections.abc import Mapping
from enum import Enum
from functools import partial
from pathlib import PurePath
from typing import Any, Final

from snakemake_logger_plugin_observe.probe import ask
from snakemake_logger_plugin_observe.recording.log_records import plain

# Snakemake's own names, by the attribute of the workflow that holds them. Left out are settings
# that only affect processes on a node, or where Snakemake puts its temporary files.
_RECORDED: Final = {
    "execution_settings": (
        *("retries", "keep_going", "keep_incomplete", "ignore_incomplete", "keep_metadata", "lock"),
        *("no_hooks", "ignore_ambiguity", "attempt", "use_threads", "shadow_prefix", "debug"),
        *("cleanup_scripts", "queue_input_wait_time", "wait_for_files"),
    ),
    "workflow_settings": (
        *("cache", "consider_ancient", "wrapper_prefix", "persistence_backend"),
        "persistence_backend_db_url",
    ),
    "dag_settings": (
        *("rerun_triggers", "forceall", "forcetargets", "forcerun", "until", "omit_from", "batch"),
        *("force_incomplete", "allowed_rules", "trust_io_cache", "max_checksum_file_size"),
        *("max_inventory_wait_time", "strict_evaluation"),
    ),
    "storage_settings": (
        *("shared_fs_usage", "notemp", "all_temp", "unneeded_temp_files", "omit_flags"),
        *("default_storage_provider", "default_storage_prefix", "local_storage_prefix"),
        *("remote_job_local_storage_prefix", "keep_storage_local", "retrieve_storage"),
        "wait_for_free_local_storage",
    ),
    "deployment_settings": (
        *("conda_prefix", "conda_base_path", "conda_frontend", "apptainer_prefix"),
        *("apptainer_args", "conda_not_block_search_path_envvars"),
    ),
    "scheduling_settings": (
        *("scheduler", "greediness", "prioritytargets", "subsample", "ilp_solver"),
    ),
    "resource_settings": (
        *("local_cores", "max_threads", "default_resources", "overwrite_threads"),
        *("overwrite_resources", "overwrite_resource_scopes", "overwrite_scatter"),
    ),
    "group_settings": ("overwrite_groups", "group_components", "local_groupid"),
    "remote_execution_settings": (
        *("seconds_between_status_checks", "max_status_checks_per_second", "immediate_submit"),
        *("jobscript", "precommand", "container_image", "preemptible_retries"),
        "job_deploy_sources",
    ),
    "config_settings": ("replace_workflow_config",),
    "output_settings": ("benchmark_extended",),
}

# Settings of executors that decide how jobs are submitted, and how their ends are noticed.
_OF_EXECUTORS: Final = ("submit_cmd", "status_cmd", "array_jobs")

# Flags with which Snakemake does something else than run a workflow.
_NO_RUN: Final = (
    *("unlock", "summary", "detailed_summary", "list_changes", "list_input_changes"),
    *("list_params_changes", "list_untracked", "list_rules", "list_target_rules", "lint"),
    *("dag", "rulegraph", "filegraph", "d3dag", "report", "archive", "delete_all_output"),
    *("delete_temp_output", "cleanup_metadata", "cleanup_shadow", "conda_cleanup_envs"),
    *("conda_create_envs_only", "list_conda_envs", "container_cleanup_images", "containerize"),
    *("generate_unit_tests", "print_compilation", "deploy_sources"),
)


def runs_no_workflow(args: Any) -> bool:
    """Return whether Snakemake, called with *args*, does something else than run a workflow."""
    return any(getattr(args, name, None) for name in _NO_RUN)


def settings_of(workflow: Any, args: Any) -> dict[str, Any]:
    """Return the settings of *workflow*'s run; one that this Snakemake lacks is None.

    Args:
        workflow: Snakemake's workflow, which is starting.
        args: its parsed command line, or None if it is used as a library.

    """
    w = workflow
    settings = {
        name: ask(partial(_setting, w, owner, name))
        for owner, names in _RECORDED.items()
        for name in names
    }
    return settings | {
        "latency_wait_s": ask(lambda: w.execution_settings.latency_wait),
        "edit_notebook": ask(lambda: w.execution_settings.edit_notebook is not None),
        "deployment_methods": ask(lambda: shown(w.deployment_settings.deployment_method)),
        "max_jobs_per_timespan": ask(
            lambda: plain(vars(w.scheduling_settings.max_jobs_per_timespan))
        ),
        "preemptible_rules": ask(
            lambda: shown(vars(w.remote_execution_settings.preemptible_rules))
        ),
        "target_jobs": ask(lambda: sorted(map(str, w.dag_settings.target_jobs))),
        "touch": ask(lambda: bool(args.touch)),
        **{name: ask(partial(_of_executor, w, name)) for name in _OF_EXECUTORS},
        **_shell(),
        "configfiles": ask(lambda: tuple(map(str, w.configfiles)), ()),
    }


def _shell() -> dict[str, Any]:
    """Return the shell that runs commands, and what Snakemake or the workflow puts before them."""
    shell: Any = getattr(sys.modules.get("snakemake.shell"), "shell", None)
    return {
        "shell_executable": ask(lambda: shown(shell.get_executable())),
        "shell_prefix": ask(lambda: shown(shell._get_process_prefix())),
    }


def _of_executor(workflow: Any, name: str) -> Any:
    """Return a setting of the executor, or of the one that the timing executor wraps."""
    settings = workflow.executor_settings
    return shown(getattr(getattr(settings, "_timed_wrapped_settings", None) or settings, name))


def _setting(workflow: Any, owner: str, name: str) -> Any:
    return shown(getattr(getattr(workflow, owner), name))


def shown(value: Any) -> Any:
    """Return a setting's *value* as JSON values, the same for the same command line."""
    if isinstance(value, bool | float | str) or value is None:
        return plain(value)
    if isinstance(value, Enum):
        choice = getattr(value, "item_to_choice", None)
        return choice() if choice is not None else value.name.lower().replace("_", "-")
    if isinstance(value, int):
        return None if value >= sys.maxsize else value  # Snakemake's value for "no limit"
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Mapping):
        items = {str(key): shown(item) for key, item in value.items()}
        return dict(sorted(items.items()))
    if isinstance(value, set | frozenset):
        return sorted(map(shown, value), key=str)
    if isinstance(value, list | tuple):
        return list(map(shown, value))
    if hasattr(value, "raw"):  # a resource
        return shown(value.raw)
    if hasattr(value, "args"):  # default resources, before 9.26
        return dict(sorted(text.split("=", 1) for text in value.args))
    has_a_text = "__str__" in vars(type(value))
    return str(value) if has_a_text else None  # the default text is an address in memory
