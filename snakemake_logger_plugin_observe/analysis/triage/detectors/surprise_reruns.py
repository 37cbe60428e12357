"""Jobs that had been done ran again, because something upstream is called changed."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.reasons import Kind
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.truth.finding import named
from snakemake_logger_plugin_observe.analysis.why import RootShare, why
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run import Run

CLASS: Final = "surprise_reruns"
_FEWEST: Final = 5
_WORDS: Final = ("changed", "pdated input")
"""Without one of them in a reason, no trigger sent it."""
_CHANGED: Final[dict[Kind, str]] = {
    "updated_input": "an input was newer",
    "input_set": "the set of inputs was another",
    "code": "the code was called changed",
    "params": "the params were called changed",
    "environment": "the software environment was called changed",
}


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for each change that made much run again.

    Snakemake calls nothing changed but what it finds done: these jobs had run before.
    """
    if not _triggered(case.run):
        return
    for root in why(case.run).roots:
        if root.kind in _CHANGED and root.all.jobs >= _FEWEST:
            spent = min(root.alone.time, case.run.makespan)
            if case.weighs(spent) or case.explains_slowness(spent):
                yield _incident(case, root, spent)


def _triggered(run: Run) -> bool:
    reasons = {job.reason for job in run.jobs.values() if job.reason}
    return any(word in reason for reason in reasons for word in _WORDS)


def _incident(case: Case, root: RootShare, spent: Micros) -> Incident:
    rules = tuple(name for name, _ in root.rules if name is not None)
    touched = root.kind == "updated_input" and _as_large(case, root.files)
    files = f": {named(root.files)}" if root.files and root.kind == "updated_input" else ""
    size = ", as large as before" if touched else ""
    line = case.side.at_line(root.line, root.text or _CHANGED[root.kind])
    return Incident(
        id=f"{CLASS}:{root.kind}:{named(rules)}",
        incident_class=CLASS,
        lives_in="workflow semantics",
        claim=f"{root.all.jobs:,} jobs ran again because {_CHANGED[root.kind]} "
        f"({named(rules)}{files}{size}); {root.alone.jobs:,} of them for nothing else",
        strength="likely" if touched else "possible",
        explains=spent,
        failures=0,
        evidence=line,
        refuted_by="the change was meant, and its results were wanted",
        action=Action(
            "see with snakemake-observe why what changed, and whether it was meant; if it was not, "
            "put it back (a file that was only touched: its time, too) before the next run",
            "Snakemake does again what comes after a change; to hide the change would leave "
            "outputs that do not fit their inputs",
        ),
        check=f"jobs_planned <= {max(1, len(case.run.jobs) - root.alone.jobs)}",
        rules=rules,
    )


def _as_large(case: Case, files: tuple[str, ...]) -> bool:
    """Whether all of *files* are as large as they were in the baseline, as far as is known."""
    if case.baseline is None or not files:
        return False
    was, now = _sizes(case.baseline), _sizes(case.run)
    return all(path in was and was[path] == now.get(path) for path in files)


def _sizes(run: Run) -> dict[str, int]:
    return {path: size for job in run.jobs.values() for path, size in job.input_sizes.items()}
