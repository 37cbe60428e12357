"""What to do about a submit command that failed, by what it said and what its job requests."""

from collections.abc import Mapping
from typing import Any, Final

from snakemake_logger_plugin_observe.analysis.submission import options
from snakemake_logger_plugin_observe.analysis.submission.said import Said
from snakemake_logger_plugin_observe.journal.events import JobDescribed

_SLURM: Final = "slurm"
_TIMES: Final = 100
"""A factor that is no deliberate margin: the nearest wrong unit is off by 1,000."""
_MOST_MB: Final = 8_000_000
"""More memory than nodes have, in MB: 8 TB."""
BY_HAND: Final = (
    "submit one of these jobs by hand with the same account, partition and resources; if that is "
    "refused too, ask the cluster's administrators"
)
_SET_BY_THE_PLUGIN: Final = {
    "memory": ("--mem", "mem_mb"),
    "memory-per-CPU": ("--mem-per-cpu", "mem_mb_per_cpu"),
    "runtime/time-limit": ("--time", "runtime"),
    "account": ("--account", "slurm_account"),
    "partition": ("--partition", "slurm_partition"),
    "CPUs-per-task": ("--cpus-per-task", "threads or cpus_per_task"),
    "number-of-tasks": ("--ntasks", "tasks"),
    "number-of-nodes": ("--nodes", "nodes"),
    "node-constraints": ("--constraint", "constraint"),
    "quality-of-service": ("--qos", "qos"),
    "cluster-specification": ("--clusters", "clusters"),
    "generic-resources-(GRES)": ("--gres", "gres"),
    "GPU-allocation": ("--gpus", "gpu"),
}
"""By the names in Slurm's plugin: options that it sets itself, and from which resource."""
_FINDS: Final = {
    "partition": "sinfo lists the partitions",
    "account": "sacctmgr show associations user=$USER lists your accounts",
    "qos": "sacctmgr show associations user=$USER format=account,qos lists yours",
    "time": "sinfo -o '%P %l' lists what the partitions allow",
    "mem": "sinfo -o '%P %m' lists the memory of the nodes in MB",
    "cpus": "sinfo -o '%P %c' lists the CPUs of the nodes",
    "gres": "sinfo -o '%P %G' lists what the nodes have",
    "constraint": "sinfo -o '%P %f' lists the nodes' features",
    "reservation": "scontrol show reservation lists them",
}


def to_do(one: Said, job: JobDescribed | None, executor: str | None) -> str:
    """Return what to do, as an imperative.

    Args:
        one: what the submit command of the job said.
        job: the job, or None for a group.
        executor: the executor that submitted it.

    """
    if one.answer == "no_answer":
        return "run again, with --retries 1, so that a submission without an answer is repeated"
    if one.answer == "not_called":
        return _not_called(one)
    if one.answer == "not_run":
        name = options.program(one.command or "") or "the submit command"
        return f"see that {name} is installed, executable and on PATH where Snakemake runs"
    if one.request is None and one.option is not None:
        return _unknown_option(one, one.option, executor)
    if unreadable := _unreadable_size(one, executor):
        return unreadable
    if job is not None and (unit := wrong_unit(one, job.resources, job.threads)):
        return unit
    if one.request is None:
        return BY_HAND
    what = one.option or f"the {one.request}"
    finds = _FINDS.get(one.request) if _is_slurm(one, executor) else None
    return f"correct {what} in {_where(executor, one.request)}" + (f" ({finds})" if finds else "")


def _not_called(one: Said) -> str:
    """Return what to do about a request that the executor's plugin did not accept."""
    if one.option is None:
        return "correct what is requested, in the rule, --default-resources or the profile"
    flag, resource = _SET_BY_THE_PLUGIN.get(one.option, (None, None))
    if flag is None:
        return f"take that option out of {_where(_SLURM, None)}: the plugin sets it itself"
    return f"take {flag} out of {_where(_SLURM, None)}, and set {resource} instead"


def _unknown_option(one: Said, option: str, executor: str | None) -> str:
    """Return what to do about an option that the submit command's program does not know."""
    name = "sbatch" if executor == _SLURM else options.program(one.command or "")
    near = options.nearest(option) if _is_slurm(one, executor) else None
    hint = f"; it has {near}" if near is not None else ""
    does_not = f"{name or 'the submit command'} does not know that option"
    return f"take {option} out of {_where(executor, None)}: {does_not}{hint}"


def _unreadable_size(one: Said, executor: str | None) -> str | None:
    """Return what to correct if ``sbatch`` cannot read the unit in which memory is requested."""
    if one.request != "mem" or not options.uses_sbatch(one.command or ""):
        return None
    for name, value in options.given(one.command or "", options.names_of("mem")):
        size = value[: len(value) - len(value.lstrip("0123456789."))]
        if size and options.sbatch_megabytes(value) is None:
            where = _where(executor, one.request)
            return (
                f"correct the unit of {name} {value} in {where}: sbatch reads K, M, G and T, as in "
                f"{size}M"
            )
    return None


def wrong_unit(one: Said, resources: Mapping[str, Any], threads: int | None) -> str | None:
    """Return what to correct if memory was requested in another unit than it is given in."""
    mem_mb = options.number(resources, "mem_mb")
    if mem_mb is None:
        return None
    given = options.given(one.command or "", ("--mem", "--mem-per-cpu"))
    for name, value in given if options.uses_sbatch(one.command or "") else ():
        asked = options.sbatch_megabytes(value)
        if asked is None:
            continue
        asked *= (threads or 1) if name == "--mem-per-cpu" else 1
        if not 1 / _TIMES < asked / mem_mb < _TIMES:
            return (
                f"give the memory in MB: {name} {value} requests {_size(asked)}, though mem_mb is "
                f"{mem_mb:.0f} ({_size(mem_mb)}): write {{resources.mem_mb}}M"
            )
    if one.request == "mem" and mem_mb >= _MOST_MB:
        return f"give mem_mb in MB: {mem_mb:.0f} is {_size(mem_mb)}"
    return None


def _size(megabytes: float) -> str:
    return f"{megabytes / 1000:,.0f} GB" if megabytes >= 1000 else f"{megabytes:,.3g} MB"


def _is_slurm(one: Said, executor: str | None) -> bool:
    return executor == _SLURM or options.uses_sbatch(one.command or "")


def _where(executor: str | None, request: str | None) -> str:
    """Return where the user set it."""
    if executor != _SLURM:
        return f"--{executor}-submit-cmd" if executor else "the submit command"
    resource = options.resource_of(request) if request is not None else "slurm_extra"
    if resource is None:
        return "the rule's resources or the profile"
    if resource == "threads":
        return "the rule's threads or cpus_per_task"
    return f"{resource}, which the rule, --default-resources or the profile sets"
