"""The figures of a ``benchmark:`` file that a job wrote: read once the job has succeeded.

Snakemake writes a line for each repetition, under a header or as JSON Lines: seconds, megabytes of
1024² bytes, and ``NA`` or ``-`` for what it could not measure. It samples a job's processes every
half second at first, then every 30 seconds, and adds up the memory of all of them.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.journal.records import Benchmark
from snakemake_logger_plugin_observe.journal.trusted_paths import open_file

_MOST_BYTES: Final = 65_536
_MB: Final = 1024 * 1024
_SLACK: Final[clock.Micros] = 2_000_000
"""A file's time is that of its server, or of the kernel's last tick."""


def benchmark_figures(
    path: str, workdir: Path, written_after: clock.Micros | None
) -> Benchmark | None:
    """Return the figures in the file at *path*; None if it has none, or is from an earlier job."""
    try:
        with open(open_file(workdir, path, follow=True), "rb") as file:
            written = os.fstat(file.fileno()).st_mtime_ns // 1000
            text = file.read(_MOST_BYTES).decode(errors="replace")
    except (OSError, ValueError):
        return None
    if written_after is not None and written < written_after - _SLACK:
        return None
    lines = [line for line in text.splitlines() if line.strip()]
    repetitions = list(_of_json(lines) if text.startswith("{") else _of_table(lines))
    if not repetitions:
        return None
    return Benchmark(
        repetitions=len(repetitions),
        wall_s=_sum(repetitions, "s"),
        cpu_s=_sum(repetitions, "cpu_time"),
        peak_rss_bytes=_in_bytes(max(_known(repetitions, "max_rss"), default=None)),
        read_bytes=_in_bytes(_sum(repetitions, "io_in")),
        written_bytes=_in_bytes(_sum(repetitions, "io_out")),
    )


def _of_table(lines: list[str]) -> Iterator[dict[str, Any]]:
    header = lines[0].split("\t") if lines else []
    if "s" in header:
        for line in lines[1:]:
            yield dict(zip(header, line.split("\t"), strict=False))


def _of_json(lines: list[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            one = json.loads(line)
        except ValueError:
            return
        if isinstance(one, dict):
            yield one


def _known(repetitions: list[dict[str, Any]], name: str) -> list[float]:
    """Return the figures of that name that are numbers: all of them, or none."""
    try:
        found = [float(one[name]) for one in repetitions]
    except (KeyError, TypeError, ValueError):
        return []
    return found if all(0 <= one < 1e15 for one in found) else []


def _sum(repetitions: list[dict[str, Any]], name: str) -> float | None:
    found = _known(repetitions, name)
    return round(sum(found), 6) if found else None


def _in_bytes(megabytes: float | None) -> int | None:
    return None if megabytes is None else round(megabytes * _MB)
