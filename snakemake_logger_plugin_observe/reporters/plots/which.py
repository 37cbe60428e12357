"""Which run a picture is of, in one line."""

from pathlib import PurePath
from typing import Final

from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.reporters.as_text import common, unended
from snakemake_logger_plugin_observe.reporters.words import clock_time

_PARTS: Final = 2
"""Of a workflow's path, so many of its last parts are shown."""


def of_run(source: Source) -> str:
    """Return when a run began, of which workflow, how many jobs ran where, and how it ended."""
    run = source.run
    workflow = run.with_relative_paths(run.started.snakefile or "") if run.started else ""
    facts = [
        f"run of {clock_time(run.start)}" if run.start else "run",
        "/".join(PurePath(workflow).parts[-_PARTS:]),
        common.jobs(source),
        common.executor(source),
        unended.how_long(source),
    ]
    return " · ".join(fact for fact in facts if fact)


def name_of(source: Source) -> tuple[str, str]:
    """Return how to tell a run from others next to it: its tags or its start, and how it ran."""
    run = source.run
    start = clock_time(run.start) if run.start else "a run"
    tags = (
        " ".join(f"{key}={value}" for key, value in run.started.tags.items()) if run.started else ""
    )
    how = f"{common.jobs(source)} · {common.executor(source)}".removesuffix(" · ")
    return tags or start, how
