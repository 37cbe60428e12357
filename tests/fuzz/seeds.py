"""The journals that are mutated: of runs that tests build, and of real ones."""

from pathlib import Path

import builders
import failing
import workflows
from mutants import Journal


def built() -> list[Journal]:
    """Return the journals of runs that tests build."""
    stories = (
        *(builders.chain(), builders.grouped(), builders.replanned(), builders.killed()),
        *(builders.logger_only(), builders.mixed(), failing.nested(), failing.flaky()),
        builders.on_cluster(30, queue_s=20, startup_s=8, tool_s=2, poll_s=9, every_s=10),
        workflows.a_run(sums=True, sources={"Snakefile": "a"}),
        workflows.a_run(kind="dry_run"),
    )
    return [story.lines for story in stories]


def read(folder: Path) -> list[Journal]:
    """Return the journals in *folder*, and in all folders below it."""
    return [path.read_bytes().splitlines() for path in sorted(folder.rglob("*.jsonl"))]
