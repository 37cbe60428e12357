"""Changes after which jobs made the same bytes: what ran because of them ran for nothing."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.phrasing import named, plural
from snakemake_logger_plugin_observe.analysis.reruns.rerun import Fix, Rerun, rules_of
from snakemake_logger_plugin_observe.analysis.reruns.scene import Direct, Scene
from snakemake_logger_plugin_observe.analysis.why.reason_text import Kind

_MAYBE: Final[dict[Kind, str]] = {"code": " (a comment, perhaps)"}
_WRONG: Final = "the checksums of earlier outputs are those of files that were replaced since"
_FIRST: Final = Fix(
    "after such a change, run {rules} first (--until {rule}) and then the rest: Snakemake compares "
    "the checksums of files up to --max-checksum-file-size with those of the last run, and leaves "
    "alone what reads the same bytes",
    "within one run, everything below a job that runs again is planned before its outputs exist",
    _WRONG,
)
_ITSELF: Final = Fix(
    "none is needed if the change was intended: it did not alter the outputs of {rules}",
    "Snakemake runs a job again when its code, params, inputs or environment change, whatever "
    "comes of it",
    _WRONG,
)


def unchanged(scene: Scene) -> Iterator[Rerun]:
    """Yield each change whose own jobs made the bytes that they had made before."""
    if not (scene.sums and scene.past.runs):
        return
    for direct in scene.direct:
        if scene.all_same(direct.jobs) is True:
            yield _finding(scene, direct)


def _finding(scene: Scene, direct: Direct) -> Rerun:
    rules = named(direct.rules)
    outputs = [path for job_id in direct.jobs for path in scene.run.jobs[job_id].output]
    below = [one for one in direct.downstream if scene.run.jobs[one].output]
    what = named(outputs) if len(outputs) <= 1 else f"{named(outputs)} of {rules}"
    came = f"{what} came out as the same bytes"
    fix = _ITSELF
    claim = f"{came}: the change{_MAYBE.get(direct.root.kind, '')} altered nothing"
    if below:
        fix = _FIRST
        below_rules = named(rules_of(scene.run.jobs[one].rule for one in below))
        took_s = scene.time_of(below) / 1e6
        claim = (
            f"{came}: the {plural(len(below), 'job')} of {below_rules} ran for nothing "
            f"({took_s:.1f} s)"
        )
    first = direct.rules[0] if direct.rules else ""
    return Rerun(
        kind="same_bytes",
        claim=claim,
        jobs=tuple(below) or direct.jobs,
        time=scene.time_of(below or direct.jobs),
        rules=direct.rules,
        fix=Fix(fix.text.format(rules=rules, rule=first), fix.why, fix.wrong_if),
        example=direct.jobs[0],
        root=direct.root,
        same_bytes=scene.all_same((*direct.jobs, *below)),
        files=tuple(outputs),
        ran_in_vain=bool(below),
    )
