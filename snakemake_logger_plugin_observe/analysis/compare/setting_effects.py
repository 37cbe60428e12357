"""What a setting of a run can do: the table by which a change of profile is judged.

``docs/comparing.md`` shows it; a test holds the two together.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final


class Effect(Enum):
    """What a setting can do to a run."""

    TIME = "when, where and how fast jobs run"
    MEANING = "what is computed, or which work is done"
    HIDING = "what Snakemake checks, keeps or notices"
    NEITHER = "how much runs again, or how much is kept"


@dataclass(frozen=True, slots=True)
class SettingEffect:
    """A setting: its name in the journal, how a person sets it, what it can do, and why."""

    name: str
    flag: str
    effect: Effect
    why: str
    honest: Any = None
    """Of one that hides: the value with which it hides nothing."""


def _time(name: str, flag: str, why: str) -> SettingEffect:
    return SettingEffect(name, flag, Effect.TIME, why)


def _meaning(name: str, flag: str, why: str) -> SettingEffect:
    return SettingEffect(name, flag, Effect.MEANING, why)


def _hiding(name: str, flag: str, honest: Any, why: str) -> SettingEffect:
    return SettingEffect(name, flag, Effect.HIDING, why, honest)


def _neither(name: str, flag: str, why: str) -> SettingEffect:
    return SettingEffect(name, flag, Effect.NEITHER, why)


TABLE: Final = (
    _time("executor", "--executor, --timed-wraps", "where jobs run"),
    _time("cores", "--cores", "how many jobs run at once"),
    _time("jobs", "--jobs", "how many jobs run at once"),
    _time("local_cores", "--local-cores", "Snakemake reads it nowhere"),
    _time("resources", "--resources", "how many jobs run at once"),
    _time("default_resources", "--default-resources", "what jobs ask the cluster for"),
    _time("overwrite_resources", "--set-resources", "told of the jobs that it touches"),
    _time("overwrite_resource_scopes", "--set-resource-scopes", "how resources are counted"),
    _time("overwrite_threads", "--set-threads", "told of the jobs that it touches"),
    _time("max_threads", "--max-threads", "told of the jobs that it touches"),
    _time("group_components", "--group-components", "how many jobs a submission holds"),
    _time("overwrite_groups", "--groups", "which jobs are submitted together"),
    _time("latency_wait_s", "--latency-wait", "how long outputs are waited for"),
    _time("scheduler", "--scheduler", "the order of jobs"),
    _time("greediness", "--scheduler-greediness", "the order of jobs"),
    _time("subsample", "--scheduler-subsample", "the order of jobs"),
    _time("prioritytargets", "--prioritize", "the order of jobs"),
    _time("max_jobs_per_timespan", "--max-jobs-per-timespan", "how fast jobs are submitted"),
    _time(
        "seconds_between_status_checks",
        "--seconds-between-status-checks",
        "how soon ends are noticed",
    ),
    _time(
        "max_status_checks_per_second",
        "--max-status-checks-per-second",
        "how soon ends are noticed",
    ),
    _time("use_threads", "--force-use-threads", "threads or processes for run directives"),
    _time(
        "cache", "--cache", "outputs of the same code, params and inputs are taken from the cache"
    ),
    _time("shared_fs_usage", "--shared-fs-usage", "how files reach the nodes"),
    _time("shadow_prefix", "--shadow-prefix", "where shadow directories lie"),
    _time(
        "keep_storage_local", "--keep-storage-local-copies", "which copies of stored files are kept"
    ),
    _time("default_storage_provider", "--default-storage-provider", "where files lie"),
    _time("default_storage_prefix", "--default-storage-prefix", "where files lie"),
    _time("local_storage_prefix", "--local-storage-prefix", "where copies of stored files lie"),
    _time("conda_prefix", "--conda-prefix", "where environments lie"),
    _time(
        "max_inventory_wait_time", "--max-inventory-time", "how long the listing of files may take"
    ),
    _time(
        "queue_input_wait_time", "--queue-input-wait-time", "how often queues are asked for inputs"
    ),
    _time("wait_for_files", "--wait-for-files", "what is waited for first"),
    _time(
        "remote_job_local_storage_prefix",
        "--remote-job-local-storage-prefix",
        "where copies of stored files lie",
    ),
    _time(
        "wait_for_free_local_storage",
        "--wait-for-free-local-storage",
        "how long room for files is waited for",
    ),
    _time("conda_base_path", "--conda-base-path", "where conda lies"),
    _time("conda_frontend", "--conda-frontend", "which program makes environments"),
    _time("apptainer_prefix", "--apptainer-prefix", "where images lie"),
    _time("ilp_solver", "--scheduler-ilp-solver", "the order of jobs"),
    _time(
        "preemptible_rules", "--preemptible-rules", "which jobs run where they can be ended early"
    ),
    _time("job_deploy_sources", "--job-deploy-sources", "how the workflow's files reach the nodes"),
    _meaning("config", "--config, --configfile", "rules, inputs and scripts read it"),
    _meaning("until", "--until", "leaves out what comes after"),
    _meaning("omit_from", "--omit-from", "leaves out a rule and what comes after"),
    _meaning("batch", "--batch", "does a part of the work"),
    _meaning("allowed_rules", "--allowed-rules", "leaves out all other rules"),
    _meaning("ignore_ambiguity", "--allow-ambiguity", "one of several rules is taken for a file"),
    _meaning("deployment_methods", "--software-deployment-method", "which software the tools are"),
    _meaning("wrapper_prefix", "--wrapper-prefix", "which wrappers run"),
    _meaning("apptainer_args", "--apptainer-args", "what tools see in their container"),
    _meaning(
        "conda_not_block_search_path_envvars",
        "--conda-not-block-search-path-envvars",
        "which packages tools find",
    ),
    _meaning("precommand", "--precommand", "runs before each job on the nodes"),
    _meaning("jobscript", "--jobscript", "what is around each job on the nodes"),
    _meaning("no_hooks", "--no-hooks", "onstart, onsuccess and onerror may publish or check"),
    _meaning("all_temp", "--all-temp", "deletes the outputs that no other job reads"),
    _meaning("overwrite_scatter", "--set-scatter", "into how many parts work is cut"),
    _meaning("retrieve_storage", "--not-retrieve-storage", "jobs do without the stored files"),
    _hiding("rerun_triggers", "--rerun-triggers", None, "changes that are no trigger are not seen"),
    _hiding("touch", "--touch", False, "outputs are called new without being made"),
    _hiding(
        "ignore_incomplete",
        "--ignore-incomplete",
        False,
        "half-written outputs are taken for whole",
    ),
    _hiding("keep_incomplete", "--keep-incomplete", False, "outputs of failed jobs stay"),
    _hiding("lock", "--nolock", True, "two runs may write the same files"),
    _hiding(
        "keep_metadata", "--drop-metadata", True, "later changes of code and params are not seen"
    ),
    _hiding("consider_ancient", "--consider-ancient", None, "new inputs are taken for old"),
    _hiding("trust_io_cache", "--trust-io-cache", False, "files are not looked at"),
    _hiding(
        "immediate_submit",
        "--immediate-submit",
        False,
        "nothing waits for jobs to end, or checks them",
    ),
    _neither("forceall", "--forceall", "all jobs run again"),
    _neither("forcerun", "--forcerun", "some jobs run again"),
    _neither("forcetargets", "--force", "the targets are made again"),
    _neither("force_incomplete", "--rerun-incomplete", "half-written outputs are made again"),
    _neither("retries", "--retries", "failed jobs are tried again"),
    _neither(
        "preemptible_retries", "--preemptible-retries", "jobs that were ended early are tried again"
    ),
    _neither("attempt", "--attempt", "from where attempts are counted"),
    _neither(
        "container_image", "--container-image", "in which image Snakemake itself runs elsewhere"
    ),
    _neither(
        "replace_workflow_config",
        "--replace-workflow-config",
        "what it sets is compared, as the configuration",
    ),
    _neither("benchmark_extended", "--benchmark-extended", "more figures in benchmarks"),
    _neither("edit_notebook", "--edit-notebook", "a person works on a notebook"),
    _neither("debug", "--debug", "a person looks into jobs"),
    _neither("persistence_backend", "--persistence-backend", "where metadata is kept"),
    _neither(
        "persistence_backend_db_url", "--persistence-backend-db-url", "where metadata is kept"
    ),
    _neither("omit_flags", "", "of Snakemake's own use on the nodes"),
    _neither("target_jobs", "", "of Snakemake's own use on the nodes"),
    _neither("local_groupid", "", "of Snakemake's own use on the nodes"),
    _neither("keep_going", "--keep-going", "independent jobs go on after a failure"),
    _neither("notemp", "--notemp", "temporary files are kept"),
    _neither("unneeded_temp_files", "--unneeded-temp-files", "which temporary files are not made"),
    _neither(
        "max_checksum_file_size",
        "--max-checksum-file-size",
        "which changed inputs are told by checksum",
    ),
    _neither("strict_evaluation", "--strict-dag-evaluation", "which warnings are errors"),
    _neither("cleanup_scripts", "--skip-script-cleanup", "scripts' copies are kept"),
    _neither("profile", "--profile", "what it sets is compared one by one"),
    _neither("configfiles", "--configfile", "what it sets is compared, as the configuration"),
    _neither("command line", "", "what it sets is compared one by one"),
    _neither("targets", "", "what is not made is told by its products"),
    _neither("Snakefile", "", "what it says is told by its jobs"),
    _neither("Snakefile's text", "", "what it says is told by its jobs"),
    _neither("commit", "", "what it holds is told by the jobs"),
    _neither("file", "", "what it holds is told by the jobs that read it"),
    _neither("Snakemake", "", "another version may plan otherwise: the jobs tell"),
    _neither("Python", "", "what its scripts compute is told by their outputs"),
    _neither("platform", "", "another machine is quicker or slower"),
    _neither("host", "", "another machine is quicker or slower"),
    _neither("kind of run", "", "a plan runs nothing"),
)
_BY_NAME: Final = {setting.name: setting for setting in TABLE}


def setting(what: str) -> SettingEffect:
    """Return what is known of the fact that a change calls *what* (``config kmer``: of ``config``).

    A setting that this table does not know (a newer plugin's journal has it) may do anything, so
    what came out has to show that it did not.
    """
    for name in (what, what.partition(" ")[0]):
        if name in _BY_NAME:
            return _BY_NAME[name]
    return _meaning(what, "", "not known to this version, so it may change anything")


def hides_more(setting: SettingEffect, before: Any, after: Any) -> bool:
    """Return whether a setting that hides does so, or does so more, with *after*.

    The values are those of the journal: of rerun triggers, fewer hide more; of what is called
    ancient, more.
    """
    match setting.name:
        case "rerun_triggers":
            return bool(set(before or ()) - set(after or ()))
        case "consider_ancient":
            return bool(after) and after != before
        case _:
            return after not in (setting.honest, before)
