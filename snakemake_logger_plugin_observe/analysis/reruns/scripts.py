"""Scripts and other sources that are declared as inputs: their change is one of the code."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.phrasing import named
from snakemake_logger_plugin_observe.analysis.programs import runs
from snakemake_logger_plugin_observe.analysis.reruns.earlier import differ
from snakemake_logger_plugin_observe.analysis.reruns.rerun import Fix, Rerun
from snakemake_logger_plugin_observe.analysis.reruns.scene import Direct, Scene

_FIX: Final = Fix(
    "confirm that the change is intended: then the jobs had to run",
    "a script that is declared as an input makes its jobs run again when it is edited",
    "only the file's time changed",
)


def edited(scene: Scene) -> Iterator[Rerun]:
    """Yield each root cause whose updated inputs are all files of the workflow's own code."""
    for direct in scene.direct:
        if direct.root.kind == "updated_input" and direct.files:
            scripts = _scripts(scene, direct)
            if all(path in scripts for path in direct.files):
                yield _finding(scene, direct)


def _scripts(scene: Scene, direct: Direct) -> set[str]:
    provenance = scene.run.provenance
    sources = set(provenance.sources) if provenance is not None else set()
    started = scene.run.started
    config = started.settings.get("configfiles") if started is not None else None
    sources.difference_update(map(str, config if isinstance(config, list | tuple) else ()))
    jobs = [scene.run.jobs[one] for one in direct.jobs]
    scripts = {job.script or "" for job in jobs}
    programs = {path for path in direct.files if all(runs(job, path) for job in jobs)}
    return sources | scripts | programs | {scene.run.relative(path) for path in scripts}


def _finding(scene: Scene, direct: Direct) -> Rerun:
    files, rules = named(direct.files), named(direct.rules)
    which = "which is" if len(direct.files) == 1 else "which are"
    claim = f"the code of {rules} changed: {files}, {which} declared as an input"
    known = _texts_differ(scene, direct.files)
    if known is False:
        claim = f"{files}, a part of the code of {rules}, has a newer time and the same text"
    return scene.about(
        direct,
        "edited_script",
        headline=claim,
        claim=claim,
        detail="",
        fix=_FIX,
        runs=1,
        files=direct.files,
    )


def _texts_differ(scene: Scene, files: tuple[str, ...]) -> bool | None:
    """Return whether the text of *files* differs from that of the last run; None if unknown."""
    now = scene.run.provenance
    before = next((one.run.provenance for one in scene.past.runs if one.run.provenance), None)
    if now is None or before is None:
        return None
    pairs = [(before.sources.get(path), now.sources.get(path)) for path in files]
    if any(None in pair for pair in pairs):
        return None
    if any(differ(*pair) for pair in pairs):
        return True
    return False if all(old == new for old, new in pairs) else None
