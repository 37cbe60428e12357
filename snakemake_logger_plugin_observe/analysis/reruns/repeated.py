"""Root causes that the runs before show to be no change of the workflow: they come again each time.

A param that is drawn anew whenever the Snakefile is read, the same items in another order, a folder
that the workflow itself writes into, or any reason that comes again with the same bytes.
"""

import posixpath
from collections.abc import Iterable, Iterator
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
from snakemake_logger_plugin_observe.analysis.reruns.rerun import Fix, Rerun
from snakemake_logger_plugin_observe.analysis.reruns.scene import Direct, Scene
from snakemake_logger_plugin_observe.analysis.why.reason_text import Kind
from snakemake_logger_plugin_observe.journal.events import JobDescribed

_FEWEST_RUNS: Final = 3
"""A reason that comes again is one of three runs in a row: of two it may have been intended."""
_ASKED: Final = 20
"""So many jobs of a root are asked what they did before; the others have the same root."""

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
_OWN_FOLDER: Final = Fix(
    "name the files that {readers} reads as its input instead of the folder, or write the outputs "
    "into another one",
    "a folder is newer as soon as a file is made or removed in it",
    "something outside of the workflow makes files in {folder}",
)
_EVERY_TIME: Final[dict[Kind, Fix]] = {
    "updated_input": Fix(
        "find out what writes {files} between the runs; it need not be written if it is the same",
        "Snakemake runs a job again when an input is newer than its output",
        "each of the changes was intended",
    ),
    "input_set": Fix(
        "make the input function return the same paths in each run",
        "Snakemake runs a job again when its set of inputs changes",
        "each of the changes was intended",
    ),
    "code": Fix(
        "keep text that changes in each run (a date, a version) out of the code of {rules}",
        "Snakemake runs a job again when its code changes",
        "each of the changes was intended",
    ),
    "params": Fix(
        "keep what does not affect the results out of the params of {rules}",
        "Snakemake runs a job again when its params change",
        "each of the changes was intended",
    ),
    "environment": Fix(
        "pin the software environment of {rules}",
        "Snakemake runs a job again when its environment's definition changes",
        "each of the changes was intended",
    ),
}
_SINCE: Final[dict[Kind, str]] = {
    "updated_input": "{files} was updated",
    "input_set": "the set of inputs of {rules} changed",
    "code": "the code of {rules} changed",
    "params": "the params of {rules} changed",
    "environment": "the software environment of {rules} changed",
}


_CODE_DRAWN: Final = Fix(
    "keep what is drawn when the Snakefile is read (a random name, a time) out of the command of "
    "{rules}: make it inside the command",
    "its text is another one in each run, and Snakemake runs a job again when its code changes",
    "a file or an environment variable that the Snakefile reads was changed between the runs",
)


def repeated(scene: Scene) -> Iterator[Rerun]:
    """Yield what the runs before show about each root cause, at most one finding for each."""
    for direct in scene.direct:
        found = _params(scene, direct) if direct.root.kind == "params" else None
        if direct.root.kind == "updated_input":
            found = _own_folder(scene, direct)
        if direct.root.kind == "code":
            found = _code(scene, direct)
        found = found or _every_time(scene, direct)
        if found is not None:
            yield found


# -- params ----------------------------------------------------------------------------------------


def _params(scene: Scene, direct: Direct) -> Rerun | None:
    asked = [scene.run.jobs[job_id] for job_id in direct.jobs[:_ASKED]]
    changes = [in_reason(direct.text(job.job_id)) for job in asked]
    if not all(changes):
        return None
    drawn = [_drawn(scene, job, change) for job, change in zip(asked, changes, strict=True)]
    values = min(drawn, key=len)
    rules, job, change = named(direct.rules), asked[0], changes[0]
    param = _param(scene, job, change)
    if len(values) >= _FEWEST_RUNS and all(map(looks_drawn, drawn)):
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
        each = f", in each of the last {runs} runs" if runs >= _FEWEST_RUNS else ""
        claim = f"{param} of {rules}: {REORDERED}{each}"
        return scene.about(
            direct,
            "reordered",
            headline=claim,
            claim=claim,
            detail=(_recorded(scene, job) or change or ParamsChange("", "")).values,
            fix=_UNSORTED,
            runs=runs,
            certain=runs >= _FEWEST_RUNS,
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


def _code(scene: Scene, direct: Direct) -> Rerun | None:
    """Return a finding if the code is another text in each run, and its files are the same."""
    asked = [scene.run.jobs[job_id] for job_id in direct.jobs[:_ASKED]]
    runs = min(_other_code(scene, job) for job in asked)
    if runs < _FEWEST_RUNS:
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
        fix=_filled(_CODE_DRAWN, rules=rules),
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


# -- files -----------------------------------------------------------------------------------------


def _own_folder(scene: Scene, direct: Direct) -> Rerun | None:
    """Return a finding if all updated inputs are folders that the workflow's jobs write into."""
    folders = sorted({posixpath.normpath(path) for path in direct.files})
    writers = {folder: scene.writers.get(folder, ()) for folder in folders}
    if not folders or not all(writers.values()):
        return None
    rules = sorted({rule for some in writers.values() for rule in some})
    asked = [scene.run.jobs[job_id] for job_id in direct.jobs[:_ASKED]]
    runs = min(scene.past.in_a_row(job, _updated(folders)) for job in asked)
    where, readers = both(folders), both(direct.rules)
    noun = "file" if all(one in scene.beside for one in folders) else "folder"
    is_, folder = ("is", f"the {noun}") if len(folders) == 1 else ("are", f"{noun}s")
    write = f"{both(rules)} {'writes' if len(rules) == 1 else 'write'}"
    newer = "newer after every run" if runs > 1 else "newer whenever it is written"
    return scene.about(
        direct,
        "own_folder",
        headline=f"{where}, an input of {readers}, {is_} {folder} into which {write}: {newer}",
        claim=f"{where}, an input of {readers}, {is_} {folder} into which {write}: {newer}",
        detail="",
        fix=_filled(_OWN_FOLDER, readers=readers, folder=where),
        runs=runs,
        files=tuple(folders),
    )


def _updated(files: Iterable[str]) -> "_Updated":
    return _Updated(frozenset(files))


class _Updated:
    """Whether a job ran because *files* were updated."""

    def __init__(self, files: frozenset[str]) -> None:
        self._files = files

    def __call__(self, one: PastRun, job: JobDescribed) -> bool:
        return any(
            cause.kind == "updated_input"
            and not self._files.isdisjoint(map(posixpath.normpath, cause.files))
            for cause in one.causes(job)
        )


# -- any reason ------------------------------------------------------------------------------------


def _every_time(scene: Scene, direct: Direct) -> Rerun | None:
    """Return a finding if the jobs ran for the same reason in a row, with the same bytes."""
    kind = direct.root.kind
    if kind not in _EVERY_TIME:
        return None
    asked = [scene.run.jobs[job_id] for job_id in direct.jobs[:_ASKED]]
    runs = min(_same_again(scene, direct, job) for job in asked)
    if runs < _FEWEST_RUNS:
        return None
    rules, files = named(direct.rules), named(direct.files)
    since = _SINCE[kind].format(rules=rules, files=files)
    return scene.about(
        direct,
        "every_time",
        headline=f"{since}, in each of the last {runs} runs, and nothing came out otherwise",
        claim=f"{since} in each of the last {runs} runs, and the bytes were the same each time",
        detail=str(in_reason(direct.text(asked[0].job_id)) or ""),
        fix=_filled(_EVERY_TIME[kind], rules=rules, files=files),
        runs=runs,
        files=direct.files,
    )


def _same_again(scene: Scene, direct: Direct, job: JobDescribed) -> int:
    """Return in how many runs in a row *job* ran for this reason and made the same bytes.

    The first of them may have run for any reason: its bytes are those that were made again.
    """
    if not job.output or scene.same_as_before(job) is not True:
        return 1
    kind, files = direct.root.kind, set(direct.files)
    sums = scene.sums
    count = 1
    for one, before in scene.past.of(job):
        if any(one.sums.get(path) != sums[path] for path in job.output):
            break
        count += 1
        again = (
            cause.kind == kind and (not files or not files.isdisjoint(cause.files))
            for cause in one.causes(before)
        )
        if not any(again):
            break
    return count


def _filled(fix: Fix, **names: str) -> Fix:
    return Fix(fix.text.format(**names), fix.why, fix.wrong_if.format(**names))
