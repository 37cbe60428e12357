"""The options of a submit command: what each is called, and the values that a command gives."""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from snakemake_logger_plugin_observe import pasting

# The same request has several names: short and long ones, and those of other schedulers.
_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "partition": ("--partition", "-p"),
    "account": ("--account", "-A"),
    "qos": ("--qos", "-q"),
    "time": ("--time", "-t"),
    "mem": ("--mem", "--mem-per-cpu", "--mem-per-gpu"),
    "cpus": ("--cpus-per-task", "-c", "--ntasks", "-n"),
    "nodes": ("--nodes", "-N"),
    "gres": ("--gres", "--gpus", "-G", "--gpus-per-node", "--gpus-per-task"),
    "constraint": ("--constraint", "-C"),
    "dependency": ("--dependency", "-d"),
    "reservation": ("--reservation",),
    "license": ("--licenses", "-L"),
    "clusters": ("--clusters", "-M"),
    "output": ("--output", "-o", "--error", "-e"),
    "chdir": ("--chdir", "-D"),
}
_RESOURCES: Final[dict[str, str]] = {
    "partition": "slurm_partition",
    "account": "slurm_account",
    "qos": "qos",
    "time": "runtime",
    "mem": "mem_mb",
    "cpus": "threads",
    "nodes": "nodes",
    "gres": "gres",
    "constraint": "constraint",
    "reservation": "reservation",
    "clusters": "clusters",
}
"""The resource of a rule from which the executor slurm makes an option."""
_SBATCH_SIZE: Final = re.compile(r"(?P<size>\d+(?:\.\d+)?)(?P<unit>[KMGT]?)B?", re.IGNORECASE)
_UNITS: Final = {"K": 1 / 1024, "": 1.0, "M": 1.0, "G": 1024.0, "T": 1024.0**2}


def names_of(request: str) -> tuple[str, ...]:
    """Return the options with which *request* is made."""
    return _NAMES.get(request, ())


def nearest(option: str) -> str | None:
    """Return the option of ``sbatch`` that a misspelt one may be: ``--mem`` for ``--memory``."""
    known = [name for names in _NAMES.values() for name in names if name.startswith("--")]
    begins = [name for name in known if option.startswith(name)]
    close = difflib.get_close_matches(option, known, n=1, cutoff=0.8)
    return max(begins, key=len, default=None) or next(iter(close), None)


def resource_of(request: str) -> str | None:
    """Return the resource from which the executor slurm makes the options of *request*."""
    return _RESOURCES.get(request)


def given(command: str, names: Iterable[str]) -> list[tuple[str, str]]:
    """Return each of the options *names* in *command*, with its value."""
    wanted = tuple(names)
    found: list[tuple[str, str]] = []
    words = pasting.words(command)
    for word, following in zip(words, [*words, ""][1:], strict=True):
        name, equals, value = word.partition("=")
        if name in wanted and (equals or not following.startswith("-")):
            found.append((name, value if equals else following))
        elif word[:2] in wanted and not word.startswith("--") and len(word) > 2:
            found.append((word[:2], word[2:].removeprefix("=")))
    return found


def as_given(command: str, request: str) -> str | None:
    """Return how *command* makes *request*: ``--partition nosuch``; None if it does not."""
    named = given(command, names_of(request))
    if request == "cpus":  # a job's tasks and the CPUs of each: one of them is usually 1
        named.sort(key=lambda one: -int(one[1]) if one[1].isdecimal() else 0)
    return next((f"{name} {value}".strip() for name, value in named), None)


def program(command: str) -> str | None:
    """Return the program that a submit command runs: ``sbatch``, ``qsub``, ``submit.sh``."""
    for word in pasting.words(command):
        name = word.rpartition("/")[2]
        if "=" not in word and name not in ("env", "exec", "sh", "bash", "python", "python3"):
            return name or None
    return None


def uses_sbatch(command: str) -> bool:
    """Whether a submit command is ``sbatch`` itself, and not a script that may call it."""
    return program(command) == "sbatch"


def sbatch_megabytes(value: str) -> float | None:
    """Return a size as ``sbatch`` reads it, in MB: without a unit it is that."""
    if (found := _SBATCH_SIZE.fullmatch(value.strip())) is None:
        return None
    return float(found["size"]) * _UNITS[found["unit"].upper()]


def number(resources: Mapping[str, Any], name: str) -> float | None:
    """Return a resource that is a positive number, else None."""
    value: Any = resources.get(name)
    known = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    return float(value) if known else None
