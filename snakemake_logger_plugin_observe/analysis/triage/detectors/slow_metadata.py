"""Waiting for files to be seen, listed, made or checked: a file system that is slow to answer."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.triage.time_evidence import (
    below,
    longest,
    matters,
    rules_of,
)

CLASS: Final = "slow_metadata"
_PHASES: Final = ("stage_in", "stage_out", "latency_wait", "postprocess")
_SLOW_S: Final = 0.005
"""Making, looking up or removing a file takes below 1 ms where it is quick."""


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident where files were waited for, and it was not for large ones to be moved."""
    if not matters(case, *_PHASES):
        return
    stored = any(
        "retriev" in m.text.lower() or "upload" in m.text.lower() for m in case.run.messages
    )
    measured = tuple(_measured(case))
    if stored and not measured:
        return  # moving large files takes its time, and nothing says that it was anything else
    spent = case.spent(*_PHASES)
    most = max(_PHASES, key=lambda phase: (case.spent(phase), phase))
    slow = f"; {measured[0].quote}" if measured else ""
    rules = rules_of(case, _PHASES)
    yield Incident(
        id=CLASS,
        incident_class=CLASS,
        where="storage and visibility",
        claim=f"{spent / 1e6:.1f} s of the run went into waiting for files and checking them, "
        f"{case.spent(most) / 1e6:.1f} s of it {most}{slow}",
        strength="certain" if measured else "likely",
        explains=spent,
        failures=0,
        evidence=(*longest(case, _PHASES), *measured),
        wrong_if="the same jobs with their files on a local disk that take as long",
        action=Action(
            "put the working files on a faster file system (or --local-storage-prefix), with fewer "
            "files in a folder; ask its people if it answers slowly",
            "the tools were done or ready, and their files were not",
        ),
        check=below(case, most),
        rules=rules,
    )


def _measured(case: Case) -> Iterator[Citation]:
    """Cite what single operations took, where that was slow."""
    for one in case.run.file_systems:
        for name in ("create_s", "stat_s", "remove_s"):
            took = getattr(one, name)
            if took is not None and took >= _SLOW_S:
                yield from case.side.at_event(one, f"{name}: {took}")
