"""What a case of the conformance suite is: a small workflow, calls of Snakemake, and what the journal must contain.

Each is run bare and under both plugins; see ``test_conformance``. Cases stand in ``cases_*.py``, one
file a family, in a list called ``CASES``. In every text ``@HERE@`` is the side's own folder, in which
``work`` holds the Snakefile and ``home`` is the home directory.
"""

import importlib
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lab import attempts_of, waits

from snakemake_logger_plugin_observe.run.model import Run

LOCAL: Final = "local"
CLUSTER: Final = "cluster-generic"
EXECUTORS: Final = (LOCAL, CLUSTER)

_FAMILIES: Final = Path(__file__).parent


@dataclass(frozen=True)
class Call:
    """One call of Snakemake."""

    flags: tuple[str, ...] = ()
    code: int = 0
    """The exit code that the bare run must have."""
    says: str = ""
    """What the bare run must print, for the same reason."""
    before: str = ""
    """A shell script that is run in the folder first."""
    journal: bool = True
    """Whether it is a run, which must leave a journal."""
    journal_since: str = "0"
    """The first Snakemake with which it leaves one: others report nothing of how it ended."""


@dataclass(frozen=True)
class Case:
    """A workflow that shows one feature, or several that belong together."""

    name: str
    feature: str
    """The feature as the table names it."""
    snakefile: str
    files: Mapping[str, str] = field(default_factory=dict)
    """More files by their path in ``work``; below ``bin`` they are commands."""
    calls: tuple[Call, ...] = (Call(),)
    common: tuple[str, ...] = ()
    """Flags of every call."""
    next_flags: tuple[str, ...] = ()
    """Flags of the bare call that is made last on both sides, in addition to ``--dry-run``."""
    executors: tuple[str, ...] = EXECUTORS
    sample: str = LOCAL
    """The executor with which it is in the sample; empty if it is not."""
    since: str = "0"
    """The first Snakemake that has the feature."""
    needs: Callable[[], str | None] = lambda: None
    """Returns why it cannot be run here, or None."""
    environment: Mapping[str, str] = field(default_factory=dict)
    cores: str = "1"
    unordered: bool = False
    """Whether the order of jobs is random in the bare run, too."""
    loose: tuple[str, ...] = ()
    """Files that contain times."""
    passing: str | None = None
    """A folder whose files are left or not, as it happens in the bare run too."""
    incidents: tuple[str, ...] = ()
    """The incident classes of those of its runs that succeeded or had nothing to do."""
    submit: str = ""
    """A submit script of its own, instead of one that runs the job."""
    check: Callable[..., Any] | None = None
    """Called with the run of each journal, in order: asserts that it is recorded correctly."""

    @property
    def family(self) -> str:
        return self.feature.partition(": ")[0]


def every_case() -> list[Case]:
    """Return all cases, in the order of their families."""
    names = sorted(path.stem for path in _FAMILIES.glob("cases_*.py"))
    cases = [case for name in names for case in importlib.import_module(name).CASES]
    assert len({case.name for case in cases}) == len(cases)
    return cases


def text(script: str) -> str:
    return textwrap.dedent(script).lstrip("\n")


# -- helpers for checks --------------------------------------------------------------------------


def on_a_cluster(run: Run) -> bool:
    assert run.started is not None
    return run.started.wraps == CLUSTER


def statuses(run: Run) -> dict[str, list[str]]:
    """Return the statuses of each rule's attempts."""
    rules = sorted({job.rule for job in run.jobs.values()})
    found = {rule: [attempt.status for attempt in attempts_of(run, rule)] for rule in rules}
    return {rule: known for rule, known in found.items() if known}


def reason(run: Run, rule: str) -> str:
    """Return Snakemake's reason for *rule*'s only job."""
    (job,) = (job for job in run.jobs.values() if job.rule == rule)
    return job.reason or ""


def all_succeeded(run: Run) -> None:
    """Every attempt succeeded at once, and its tool was timed."""
    assert run.status() == "success"
    for attempt in run.attempts.values():
        assert attempt.status == "success"
        assert attempt.number == 1
        has_a_tool = attempt.job_id is not None
        assert ("compute" in attempt.phases) == has_a_tool, attempt
        if on_a_cluster(run) and attempt.external_jobid and not attempt.is_member:
            assert waits(attempt) | {"node_startup"} <= set(attempt.phases)
