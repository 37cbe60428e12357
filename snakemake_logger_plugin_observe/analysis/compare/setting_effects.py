"""The effects that each setting of a run can have: changed settings are judged by this table.

``docs/comparing.md`` shows the table; a test keeps the two equal.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final


class Effect(Enum):
    """What a setting can affect."""

    TIME = "when, where and how fast jobs run"
    MEANING = "what is computed, or which work is done"
    HIDING = "what Snakemake checks, keeps or notices"
    NEITHER = "how much runs again, or how much is kept"


@dataclass(frozen=True, slots=True)
class SettingEffect:
    """A setting: its name in the journal, its flag, what it can affect, and why."""

    name: str
    flag: str
    effect: Effect
    why: str
    harmless: Any = None
    """For ``HIDING``: the value that hides nothing."""


def _time(name: str, flag: str, why: str) -> SettingEffect:
    return SettingEffect(name, flag, Effect.TIME, why)


def _meaning(name: str, flag: str, why: str) -> SettingEffect:
    return SettingEffect(name, flag, Effect.MEANING, why)


def _hiding(name: str, flag: str, harmless: Any, why: str) -> SettingEffect:
    return SettingEffect(name, flag, Effect.HIDING, why, harmless)


def _neither(name: str, flag: str, why: str) -> SettingEffect:
    return SettingEffect(name, flag, Effect.NEITHER, why)


TABLE: Final = (
    _time("executor", "--executor, --timed-wraps", "where jobs run"),
    _time("cores", "--cores", "how many jobs run at once"),
    _time("jobs", "--jobs", "how many jobs run at once"),
    _time("local_cores", "--local-cores", "Snakemake never reads it"),
    _time("resources", "--resources", "how many jobs run at once"),
    _time("default_resources", "--default-resources", "what jobs request from the cluster"),
    _time("overwrite_resources", "--set-resources", "judged by the jobs that it changes"),
    _time("overwrite_resource_scopes", "--set-resource-scopes", "how resources are counted"),
    _time("overwrite_threads", "--set-threads", "judged by the jobs that it changes"),
    _time("max_threads", "--max-threads", "judged by the jobs that it changes"),
    _time("group_components", "--group-components", "how many jobs a submission holds"),
    _time("overwrite_groups", "--groups", "which jobs are submitted together"),
    _time("latency_wait_s", "--latency-wait", "how long to wait for outputs"),
    _time("scheduler", "--scheduler", "the order of jobs"),
    _time("greediness", "--scheduler-greediness", "the order of jobs"),
    _time("subsample", "--scheduler-subsample", "the order of jobs"),
    _time("prioritytargets", "--prioritize", "the order of jobs"),
    _time("max_jobs_per_timespan", "--max-jobs-per-timespan", "how fast jobs are submitted"),
    _time(
        "seconds_between_status_checks",
        "--seconds-between-status-checks",
        "how soon the end of a job is noticed",
    ),
    _time(
        "max_status_checks_per_second",
        "--max-status-checks-per-second",
        "how soon the end of a job is noticed",
    ),
    _time("timed_wake", "--timed-wake", "how soon the end of a job is noticed"),
    _time("timed_quick_exit", "--timed-quick-exit", "how soon Snakemake's processes end"),
    _time("submit_cmd", "--cluster-generic-submit-cmd", "where jobs run, and what they request"),
    _time("status_cmd", "--cluster-generic-status-cmd", "how the end of a job is noticed"),
    _time("array_jobs", "--slurm-array-jobs", "which jobs are submitted together"),
    _time("use_threads", "--force-use-threads", "threads or processes for run directives"),
    _time(
        "cache", "--cache", "outputs of the same code, params and inputs are taken from the cache"
    ),
    _time("shared_fs_usage", "--shared-fs-usage", "how files reach the nodes"),
    _time("shadow_prefix", "--shadow-prefix", "where shadow directories are"),
    _time(
        "keep_storage_local", "--keep-storage-local-copies", "which copies of stored files are kept"
    ),
    _time("default_storage_provider", "--default-storage-provider", "where files are stored"),
    _time("default_storage_prefix", "--default-storage-prefix", "where files are stored"),
    _time("local_storage_prefix", "--local-storage-prefix", "where copies of stored files are"),
    _time("conda_prefix", "--conda-prefix", "where environments are"),
    _time("max_inventory_wait_time", "--max-inventory-time", "how long listing files may take"),
    _time("queue_input_wait_time", "--queue-input-wait-time", "how often input queues are read"),
    _time("wait_for_files", "--wait-for-files", "which files to wait for first"),
    _time(
        "remote_job_local_storage_prefix",
        "--remote-job-local-storage-prefix",
        "where copies of stored files are",
    ),
    _time(
        "wait_for_free_local_storage",
        "--wait-for-free-local-storage",
        "how long to wait for free local storage",
    ),
    _time("conda_base_path", "--conda-base-path", "where conda is"),
    _time("conda_frontend", "--conda-frontend", "which program makes environments"),
    _time("apptainer_prefix", "--apptainer-prefix", "where images are"),
    _time("ilp_solver", "--scheduler-ilp-solver", "the order of jobs"),
    _time("preemptible_rules", "--preemptible-rules", "which jobs run on preemptible machines"),
    _time("job_deploy_sources", "--job-deploy-sources", "how the workflow's files reach the nodes"),
    _meaning("config", "--config, --configfile", "rules, inputs and scripts read it"),
    _meaning("until", "--until", "skips everything downstream"),
    _meaning("omit_from", "--omit-from", "skips a rule and everything downstream"),
    _meaning("batch", "--batch", "does a part of the work"),
    _meaning("allowed_rules", "--allowed-rules", "skips all other rules"),
    _meaning("ignore_ambiguity", "--allow-ambiguity", "picks one of several rules for a file"),
    _meaning("deployment_methods", "--software-deployment-method", "which software the tools are"),
    _meaning("wrapper_prefix", "--wrapper-prefix", "which wrappers run"),
    _meaning("apptainer_args", "--apptainer-args", "what tools see in their container"),
    _meaning(
        "conda_not_block_search_path_envvars",
        "--conda-not-block-search-path-envvars",
        "which packages tools find",
    ),
    _meaning("precommand", "--precommand", "runs before each job on the nodes"),
    _meaning("jobscript", "--jobscript", "wraps each job on the nodes"),
    _meaning("shell_executable", "", "runs every shell command"),
    _meaning("shell_prefix", "", "comes before every shell command"),
    _meaning("no_hooks", "--no-hooks", "onstart, onsuccess and onerror may publish or check"),
    _meaning("all_temp", "--all-temp", "deletes the outputs that no other job reads"),
    _meaning("overwrite_scatter", "--set-scatter", "into how many parts work is split"),
    _meaning("retrieve_storage", "--not-retrieve-storage", "jobs run without the stored files"),
    _hiding("rerun_triggers", "--rerun-triggers", None, "other changes go unnoticed"),
    _hiding("touch", "--touch", False, "outputs are marked as new without being made"),
    _hiding(
        "ignore_incomplete",
        "--ignore-incomplete",
        False,
        "incomplete outputs count as complete",
    ),
    _hiding("keep_incomplete", "--keep-incomplete", False, "outputs of failed jobs are kept"),
    _hiding("lock", "--nolock", True, "two runs may write the same files"),
    _hiding(
        "keep_metadata", "--drop-metadata", True, "later changes of code and params go unnoticed"
    ),
    _hiding("consider_ancient", "--consider-ancient", None, "new inputs count as old"),
    _hiding("trust_io_cache", "--trust-io-cache", False, "files are not checked"),
    _hiding(
        "immediate_submit",
        "--immediate-submit",
        False,
        "jobs are neither waited for nor checked",
    ),
    _neither("forceall", "--forceall", "all jobs run again"),
    _neither("forcerun", "--forcerun", "some jobs run again"),
    _neither("forcetargets", "--force", "the targets are made again"),
    _neither("force_incomplete", "--rerun-incomplete", "incomplete outputs are made again"),
    _neither("retries", "--retries", "failed jobs run again"),
    _neither("preemptible_retries", "--preemptible-retries", "preempted jobs run again"),
    _neither("attempt", "--attempt", "the number of the first attempt"),
    _neither(
        "container_image",
        "--container-image",
        "the image of Snakemake itself on other machines",
    ),
    _neither(
        "replace_workflow_config",
        "--replace-workflow-config",
        "its content is compared as the configuration",
    ),
    _neither("benchmark_extended", "--benchmark-extended", "more figures in benchmarks"),
    _neither("edit_notebook", "--edit-notebook", "a user edits a notebook"),
    _neither("debug", "--debug", "a user debugs jobs"),
    _neither("persistence_backend", "--persistence-backend", "where metadata is kept"),
    _neither(
        "persistence_backend_db_url", "--persistence-backend-db-url", "where metadata is kept"
    ),
    _neither("omit_flags", "", "used by Snakemake itself on the nodes"),
    _neither("target_jobs", "", "used by Snakemake itself on the nodes"),
    _neither("local_groupid", "", "used by Snakemake itself on the nodes"),
    _neither("keep_going", "--keep-going", "independent jobs continue after a failure"),
    _neither("notemp", "--notemp", "temporary files are kept"),
    _neither("unneeded_temp_files", "--unneeded-temp-files", "which temporary files are not made"),
    _neither(
        "max_checksum_file_size",
        "--max-checksum-file-size",
        "which inputs are compared by checksum",
    ),
    _neither("strict_evaluation", "--strict-dag-evaluation", "which warnings are errors"),
    _neither("cleanup_scripts", "--skip-script-cleanup", "copies of scripts are kept"),
    _neither("profile", "--profile", "its settings are compared one by one"),
    _neither("configfiles", "--configfile", "its content is compared as the configuration"),
    _neither("command line", "", "its settings are compared one by one"),
    _neither("targets", "", "judged by the products that are missing"),
    _neither("Snakefile", "", "judged by its jobs"),
    _neither("Snakefile's text", "", "judged by its jobs"),
    _neither("commit", "", "judged by the jobs"),
    _neither("file", "", "judged by the jobs that read it"),
    _neither("Snakemake", "", "judged by the jobs: another version may plan differently"),
    _neither("Python", "", "judged by the outputs of its scripts"),
    _neither("platform", "", "another machine is faster or slower"),
    _neither("host", "", "another machine is faster or slower"),
    _neither("kind of run", "", "a dry run executes nothing"),
)
_BY_NAME: Final = {setting.name: setting for setting in TABLE}


def setting(what: str) -> SettingEffect:
    """Return the table's row for a change of *what* (for ``config kmer``, that of ``config``).

    A setting that is not in the table, from a newer plugin's journal, may affect anything: it is
    judged by the results.
    """
    for name in (what, what.partition(" ")[0]):
        if name in _BY_NAME:
            return _BY_NAME[name]
    return _meaning(what, "", "not known to this version, so it may change anything")


_PARTS: Final = frozenset({"until", "omit_from", "batch", "allowed_rules"})
"""Settings that leave a part of the work for later."""


def is_lifted(setting: SettingEffect, after: str | None) -> bool:
    """Return whether only the run before was confined to a part of the work: *after*, none is."""
    return setting.name in _PARTS and not after


def _members(value: Any) -> set[str]:
    """Return the members of a list; a tampered journal may contain anything there."""
    return set(map(str, value if isinstance(value, list | tuple) else ()))


def hides_more(setting: SettingEffect, before: Any, after: Any) -> bool:
    """Return whether a ``HIDING`` setting hides more with *after* than with *before*.

    The values are those in the journal. Fewer rerun triggers hide more; more ancient inputs do.
    """
    match setting.name:
        case "rerun_triggers":
            return bool(_members(before) - _members(after))
        case "consider_ancient":
            return bool(after) and after != before
        case _:
            return after not in (setting.harmless, before)
