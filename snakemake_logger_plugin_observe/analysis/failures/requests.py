"""What the attempts of a job requested, where their requests differ: ``90 GB``, ``n=2``."""

from collections.abc import Iterable
from typing import Any, Final

from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run

# Snakemake adds these to the requests in MB, which they repeat.
_REPEATED: Final = {
    "mem_mib": "mem_mb",
    "mem": "mem_mb",
    "disk_mib": "disk_mb",
    "disk": "disk_mb",
}
_MEGABYTES: Final = {"mem_mb": "", "disk_mb": " of disk"}
_GB: Final = 1000


def differing_requests(run: Run, attempts: Iterable[Attempt]) -> dict[int, str]:
    """Return what each of a job's *attempts* requested, of what they did not all request alike."""
    jobs = {one.number: job for one in attempts if (job := run.job_of(one)) is not None}
    asked = {number: {**job.resources, "threads": job.threads} for number, job in jobs.items()}
    first = next(iter(asked.values()), {})
    if all(each == first for each in asked.values()):
        return {}
    names = dict.fromkeys(name for each in asked.values() for name in each)
    differing = [
        name for name in names if len({str(each.get(name)) for each in asked.values()}) > 1
    ]
    shown = [
        name
        for name in differing
        if not name.startswith("_") and name != "tmpdir" and _REPEATED.get(name) not in differing
    ]
    shown.sort(key=lambda name: name not in _MEGABYTES)
    if not shown:
        return {}
    return {
        number: ", ".join(_value(name, each[name]) for name in shown if each.get(name) is not None)
        for number, each in asked.items()
    }


def _value(name: str, value: Any) -> str:
    if name in _MEGABYTES and isinstance(value, int | float):
        amount = f"{value / _GB:g} GB" if value >= _GB else f"{value:g} MB"
        return f"{amount}{_MEGABYTES[name]}"
    if name == "runtime" and isinstance(value, int | float):
        return f"{value:g} min"
    return f"{name}={value}"
