"""Changes after which jobs made the same bytes: what ran because of them ran for nothing."""

from collections.abc import Iterable, Iterator
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
        same = [one for one in direct.jobs if scene.same_as_before(scene.run.jobs[one]) is True]
        below = [one for one in _below(scene, same) if one in set(direct.downstream)]
        if same and (below or len(same) == len(direct.jobs)):
            yield _finding(scene, direct, same, below)


def _below(scene: Scene, same: Iterable[int]) -> list[int]:
    """Return the jobs with outputs that ran only because of files that came out as they were."""
    readers: dict[int, list[int]] = {}
    makers: dict[int, set[int]] = {}
    for job_id, links in scene.origins.links.items():
        if links and all(link.relation == "made_by" for link in links):
            makers[job_id] = {one for link in links for one in link.jobs}
            for maker in makers[job_id]:
                readers.setdefault(maker, []).append(job_id)
    in_vain, waiting, found = set(same), list(same), []
    while waiting:
        for reader in readers.get(waiting.pop(), ()):
            if reader not in in_vain and makers[reader] <= in_vain:
                in_vain.add(reader)
                waiting.append(reader)
                if scene.run.jobs[reader].output:
                    found.append(reader)
    return sorted(found)


def _finding(scene: Scene, direct: Direct, same: list[int], below: list[int]) -> Rerun:
    rules = named(direct.rules)
    outputs = [path for job_id in same for path in scene.run.jobs[job_id].output]
    what = named(outputs) if len(outputs) <= 1 else f"{named(outputs)} of {rules}"
    if len(same) < len(direct.jobs):
        what = f"the outputs of {len(same):,} of {plural(len(direct.jobs), 'job')} of {rules}"
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
        jobs=tuple(below) or tuple(same),
        time=scene.time_of(below or same),
        rules=direct.rules,
        fix=fix.filled(rules=rules, rule=first),
        example=same[0],
        root=direct.root,
        same_bytes=scene.all_same((*same, *below)),
        files=tuple(outputs),
        ran_in_vain=bool(below),
    )
