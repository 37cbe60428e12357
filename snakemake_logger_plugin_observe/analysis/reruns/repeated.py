"""Root causes that the runs before show to be no change of the workflow: they come again each time.

A folder that the workflow itself writes into, params and code that are drawn anew (``drawn_anew``),
or any reason that comes again with the same bytes.
"""

import posixpath
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from snakemake_logger_plugin_observe.analysis.param_values import in_reason
from snakemake_logger_plugin_observe.analysis.phrasing import both, named
from snakemake_logger_plugin_observe.analysis.reruns.drawn_anew import code_drawn, params_drawn
from snakemake_logger_plugin_observe.analysis.reruns.earlier import PastRun
from snakemake_logger_plugin_observe.analysis.reruns.rerun import FEWEST_RUNS, Fix, Rerun
from snakemake_logger_plugin_observe.analysis.reruns.scene import Direct, Scene
from snakemake_logger_plugin_observe.analysis.why.reason_text import Kind
from snakemake_logger_plugin_observe.journal.events import JobDescribed

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


def repeated(scene: Scene) -> Iterator[Rerun]:
    """Yield what the runs before show about each root cause, at most one finding for each."""
    for direct in scene.direct:
        look = _LOOKS.get(direct.root.kind)
        found = (look and look(scene, direct)) or _every_time(scene, direct)
        if found is not None:
            yield found


def _own_folder(scene: Scene, direct: Direct) -> Rerun | None:
    """Return a finding if all updated inputs are folders that the workflow's jobs write into."""
    folders = sorted({posixpath.normpath(path) for path in direct.files})
    writers = {folder: scene.writers.get(folder, ()) for folder in folders}
    if not folders or not all(writers.values()):
        return None
    rules = sorted({rule for some in writers.values() for rule in some})
    asked = scene.asked(direct)
    updated = partial(_updated, frozenset(folders))
    runs = min(scene.past.in_a_row(job, updated) for job in asked)
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
        fix=_OWN_FOLDER.filled(readers=readers, folder=where),
        runs=runs,
        files=tuple(folders),
    )


def _updated(folders: frozenset[str], one: PastRun, job: JobDescribed) -> bool:
    """Return whether *job* ran because one of *folders* was updated."""
    return any(
        cause.kind == "updated_input"
        and not folders.isdisjoint(map(posixpath.normpath, cause.files))
        for cause in one.causes(job)
    )


def _every_time(scene: Scene, direct: Direct) -> Rerun | None:
    """Return a finding if the jobs ran for the same reason in a row, with the same bytes."""
    kind = direct.root.kind
    if kind not in _EVERY_TIME:
        return None
    asked = scene.asked(direct)
    runs = min(_same_again(scene, direct, job) for job in asked)
    if runs < FEWEST_RUNS:
        return None
    rules, files = named(direct.rules), named(direct.files)
    since = _SINCE[kind].format(rules=rules, files=files)
    return scene.about(
        direct,
        "every_time",
        headline=f"{since}, in each of the last {runs} runs, and nothing came out otherwise",
        claim=f"{since} in each of the last {runs} runs, and the bytes were the same each time",
        detail=str(in_reason(direct.text(asked[0].job_id)) or ""),
        fix=_EVERY_TIME[kind].filled(rules=rules, files=files),
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


_LOOKS: Final[dict[Kind, Callable[[Scene, Direct], Rerun | None]]] = {
    "params": params_drawn,
    "code": code_drawn,
    "updated_input": _own_folder,
}
"""What more is looked for than that a reason comes again, by its kind."""
