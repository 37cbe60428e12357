"""Params and code that are another text in each run, though nobody changed the workflow.

They are drawn anew whenever the Snakefile is read, or are the same items in another order.
"""

from itertools import pairwise
from typing import Final

from snakemake_logger_plugin_observe.analysis.param_values import (
    REORDERED,
    ParamsChange,
    between,
    in_reason,
    looks_drawn,
)
from snakemake_logger_plugin_observe.analysis.phrasing import both, named
from snakemake_logger_plugin_observe.analysis.reruns.earlier import PastRun, same_workflow
from snakemake_logger_plugin_observe.analysis.reruns.rerun import FEWEST_RUNS, Fix, Rerun
from snakemake_logger_plugin_observe.analysis.reruns.scene import Direct, Scene
from snakemake_logger_plugin_observe.journal.events import JobDescribed

_DRAWN: Final = Fix(
    "move it out of params: take a temporary folder from resources.tmpdir, or make the name or "
    "time inside the command",
    "a value that is drawn when the Snakefile is read is another one in each run, and Snakemake "
    "runs a job again when its params change",
    "a file or an environment variable that the Snakefile reads was changed between the runs",
)
_UNSORTED: Final = Fix(
    "sort them, so that they are the same in each run: sorted(...), or dict(sorted(... .items()))",
    "a set has another order in each Python process, and Snakemake compares params as texts",
    "their order was changed on purpose",
)
_CODE_DRAWN: Final = Fix(
    "keep what is drawn when the Snakefile is read (a random name, a time) out of the command of "
    "{rules}: make it inside the command",
    "its text is another one in each run, and Snakemake runs a job again when its code changes",
    "a file or an environment variable that the Snakefile reads was changed between the runs",
)


def params_drawn(scene: Scene, direct: Direct) -> Rerun | None:
    """Return a finding if the params have another value, or another order, in each run."""
    asked = scene.asked(direct)
    changes = [in_reason(direct.text(job.job_id)) for job in asked]
    if not all(changes):
        return None
    drawn = [_drawn(scene, job, change) for job, change in zip(asked, changes, strict=True)]
    values = min(drawn, key=len)
    rules, job, change = named(direct.rules), asked[0], changes[0]
    param = _param(scene, job, change)
    if len(values) >= FEWEST_RUNS and all(map(looks_drawn, drawn)):
        differs = "are other values" if param.startswith("params") else "is another value"
        claim = f"{param} of {rules} {differs} in each of the last {len(values)} runs"
        same = scene.all_same(direct.jobs) is True
        drawn_anew = "drawn anew" if same else "probably drawn anew"
        return scene.about(
            direct,
            "drawn_anew",
            headline=f"{claim}: {drawn_anew}, not changed",
            claim=f"{claim}: {drawn_anew} when the Snakefile is read, not changed",
            detail=" → ".join(reversed(drawn[0])),
            fix=_DRAWN,
            runs=len(values),
            certain=same,
        )
    if all(change is not None and change.reordered for change in changes):
        # The first run of the row had yet another order.
        runs = 1 + min(scene.past.in_a_row(job, _reordered) for job in asked)
        if not _reordered_unedited(scene, job):
            return None  # the order may be meant
        each = f", in each of the last {runs} runs" if runs >= FEWEST_RUNS else ""
        claim = f"{param} of {rules}: {REORDERED}{each}"
        return scene.about(
            direct,
            "reordered",
            headline=claim,
            claim=claim,
            detail=(_recorded(scene, job) or change or ParamsChange("", "")).values,
            fix=_UNSORTED,
            runs=runs,
            certain=runs >= FEWEST_RUNS,
        )
    return None


def _drawn(scene: Scene, job: JobDescribed, change: ParamsChange | None) -> list[str]:
    """Return the values that *job* had in a row of runs of the same workflow, the newest first.

    Each is another one, and was followed by the next in the following run.
    """
    if change is None or not (change.before and change.now) or change.reordered:
        return []
    values = [change.now, change.before]
    newer = scene.run
    for one, before in scene.past.of(job):
        if not same_workflow(newer, one.run):
            return values[:-1]
        earlier = _change_in(one, before)
        if earlier is None or earlier.now != values[-1] or not earlier.before:
            return values
        if earlier.before in values:
            return []  # values that come back are not drawn
        values.append(earlier.before)
        newer = one.run
    return values


def code_drawn(scene: Scene, direct: Direct) -> Rerun | None:
    """Return a finding if the code is another text in each run, and its files are the same."""
    asked = scene.asked(direct)
    runs = min(_other_code(scene, job) for job in asked)
    if runs < FEWEST_RUNS:
        return None
    rules = named(direct.rules)
    claim = f"the code of {rules} is another text in each of the last {runs} runs"
    return scene.about(
        direct,
        "drawn_anew",
        headline=f"{claim}, though no file of the workflow changed",
        claim=f"{claim}, though no recorded file of the workflow changed: drawn anew when the "
        "Snakefile is read",
        detail="",
        fix=_CODE_DRAWN.filled(rules=rules),
        runs=runs,
        certain=False,
    )


def _other_code(scene: Scene, job: JobDescribed) -> int:
    """Return in how many runs in a row *job* had another code while the files were the same."""
    seen, newer = [job.code_digest], scene.run
    if not (scene.run.provenance and scene.run.provenance.sources):
        return 1
    for one, before in scene.past.of(job):
        known = one.run.provenance is not None and bool(one.run.provenance.sources)
        if not known or not same_workflow(newer, one.run):
            break
        if before.code_digest is None or before.code_digest in seen:
            break
        seen.append(before.code_digest)
        newer = one.run
    return len(seen)


def _change_in(one: PastRun, job: JobDescribed) -> ParamsChange | None:
    texts = (cause.text for cause in one.causes(job) if cause.kind == "params")
    return in_reason(next(texts, None))


def _reordered(one: PastRun, job: JobDescribed) -> bool:
    change = _change_in(one, job)
    return change is not None and change.reordered


def _reordered_unedited(scene: Scene, job: JobDescribed) -> bool:
    """Return whether *job*'s params came in another order though the workflow was not edited.

    In this run, or in one of those in a row before it.
    """
    last = scene.past.last(job)
    if last is None:
        return False
    if same_workflow(scene.run, last[0].run):
        return True
    row = list(scene.past.of(job))
    return any(
        _reordered(*newer) and same_workflow(newer[0].run, older[0].run)
        for newer, older in pairwise(row)
    )


def _recorded(scene: Scene, job: JobDescribed) -> ParamsChange | None:
    """Return how the params of *job* changed, with their names, as far as both journals show it."""
    last = next(scene.past.of(job), None)
    if last is None:
        return None
    return between(last[0].run.params_of(last[1]), scene.run.params_of(job))


def _param(scene: Scene, job: JobDescribed, change: ParamsChange | None) -> str:
    """Return ``param tmpdir`` if the journal has its name, else ``a param``."""
    now = change.now if change is not None else ""
    pairs = [text.partition("=") for text in scene.run.params_of(job)]
    names = [name for name, sign, value in pairs if sign and name.isidentifier() and value in now]
    if not names:
        return "a param"
    return f"param {names[0]}" if len(names) == 1 else f"params {both(names)}"
