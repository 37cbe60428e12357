"""Which run a picture is of, in one line."""

from pathlib import PurePath
from typing import Final

from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.reporters.as_text import common, unended
from snakemake_logger_plugin_observe.reporters.words import clock_time, harmless

_PARTS: Final = 2


def of_run(source: Source) -> str:
    """Return when a run began, of which workflow, how many jobs ran where, and how it ended."""
    run = source.run
    workflow = run.with_relative_paths(run.started.snakefile or "") if run.started else ""
    facts = [
        f"run of {clock_time(run.start)}" if run.start else "run",
        shortened(workflow),
        common.jobs(source),
        common.executor(source),
        unended.how_long(source),
    ]
    return harmless(" · ".join(fact for fact in facts if fact))


def shortened(path: str) -> str:
    """Return the last two parts of a path: the others are of no interest on a slide."""
    return "/".join(PurePath(path).parts[-_PARTS:])


def name_of(source: Source, given: str) -> tuple[str, str]:
    """Return how to tell a run from others next to it: its name, and a line about it.

    Args:
        source: the run.
        given: what the user named it by; if that is empty, its tags or its start are its name.

    """
    run = source.run
    tags = run.started.tags if run.started is not None else {}
    tagged = " ".join(f"{key}={value}" for key, value in tags.items())
    name = given or tagged
    start = clock_time(run.start) if run.start else "a run"
    # how it ended comes first: of a long line, the end is cut
    words = {"success": "", "unknown": "no end recorded"}
    state = words.get(source.status, source.status.replace("_", " "))
    facts = [state, start if name else "", common.jobs(source), common.executor(source)]
    return harmless(name or start), harmless(" · ".join(one for one in facts if one))
