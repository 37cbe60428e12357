"""Files were waited for: to be seen, to be listed, to be fetched or stored."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.costly import cite, half_of, rules_of, spenders
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.truth.finding import named

CLASS: Final = "slow_metadata"
_FILES: Final = ("stage_in", "stage_out", "latency_wait", "postprocess")
_SLOW_S: Final = 0.02
_WHAT: Final = {
    "stage_in": "waiting for inputs and preparing them",
    "stage_out": "checking and storing outputs on the node",
    "latency_wait": "waiting for outputs to be seen",
    "postprocess": "recording what jobs made",
}


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident where handling files weighs, or explains why it was slower."""
    spent, grew = case.spent(*_FILES), case.grew(*_FILES)
    if not (case.weighs(spent) or case.explains_slowness(grew)):
        return
    most = max(_FILES, key=case.spent)
    slow = spenders(case, (most,))
    if not slow:
        return
    rules = rules_of(case, slow)
    yield Incident(
        id=CLASS,
        incident_class=CLASS,
        lives_in="storage and visibility",
        claim=f"{spent / 1e6:.1f} s of the run were spent on files, not in tools, "
        f"{case.spent(most) / 1e6:.1f} s of it {_WHAT[most]} ({named(rules)}){_answers(case)}",
        strength="certain",
        explains=spent,
        failures=0,
        evidence=cite(case, slow, *_FILES),
        refuted_by="the same run in a folder on a local disk that spends as long on files",
        action=Action(
            "put the working directory, or what these jobs write, on a file system that answers "
            "sooner and shows files to all nodes at once; or have fewer, larger files",
            "the tools had ended, or not begun; only files were waited for",
        ),
        check=f"class_share.staging <= {half_of(case, spent)}",
        rules=rules,
        jobs=tuple(a.job_id for a in slow if a.job_id is not None),
    )


def _answers(case: Case) -> str:
    """Say how quick the working directory's file system was, where it was not."""
    known = [
        (one.create_s or 0, one.stat_s or 0)
        for one in case.run.file_systems
        if max(one.create_s or 0, one.stat_s or 0) >= _SLOW_S
    ]
    if not known:
        return ""
    create, stat = max(known)
    return (
        f"; there, to make a file takes {1000 * create:.0f} ms, to look at one {1000 * stat:.0f} ms"
    )
