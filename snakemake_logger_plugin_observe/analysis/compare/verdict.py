"""The verdict on two runs: one sentence on their work and their speed."""

from collections.abc import Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.extent import extent, up_to_date
from snakemake_logger_plugin_observe.analysis.compare.same_work import job_set
from snakemake_logger_plugin_observe.analysis.compare.same_work.finding import Compared, Finding
from snakemake_logger_plugin_observe.analysis.compare.speed import Speed
from snakemake_logger_plugin_observe.analysis.phrasing import all_up_to_date

OUTCOMES: Final = {
    "failed": "failed",
    "interrupted": "was interrupted",
    "killed": "was killed",
    "running": "is still running",
    "unknown": "has no recorded end",
    "nothing_to_do": "had nothing to do",
}
"""How a run ended whose length shows nothing."""
_LESS: Final = frozenset({job_set.NARROWED, job_set.CUT, job_set.NOT_MADE})
_MORE: Final = frozenset({job_set.WIDENED, job_set.ADDED})
_CANNOT_TELL: Final = "cannot tell"


def verdict(
    compared: Compared, findings: Sequence[Finding], measured: Speed, why_not: tuple[str, ...]
) -> tuple[bool | None, str, tuple[str, ...]]:
    """Return whether it is the same work (None: not comparable), the verdict, and the reasons.

    Args:
        compared: the two runs.
        findings: what differs in their work.
        measured: how their lengths compare.
        why_not: why the two are not comparable; empty if they are.

    """
    if idle := _idle(compared, measured):
        known = "; its outputs' checksums are those of A" if not why_not else ""
        return (True if not why_not else None), f"{idle}{known}", why_not
    if why_not:
        return None, f"not comparable, because {'; '.join(why_not)}", why_not
    unsafe = tuple(finding.claim for finding in findings if finding.kind == "unsafe")
    less = [f for f in findings if f.id in _LESS and f.kind != "safe" and not _is_empty(f)]
    more = [f for f in findings if f.id in _MORE]
    if less and more and not compared.planned:
        return False, _joined(compared, measured, "different work", "but "), unsafe or _claims(less)
    if less:
        return False, _amount(compared, measured, "less", "faster"), unsafe or _claims(less)
    if any(_may_matter(compared, finding) for finding in more):
        return False, _amount(compared, measured, "more", "slower"), unsafe or _claims(more)
    if unsafe:
        if compared.planned:
            return False, "not as planned", unsafe
        return False, _joined(compared, measured, "not the same work", "but "), unsafe
    extra = " and more" if any(finding.kind == "neutral" for finding in more) else ""
    how = (
        f"the same work{extra} (outputs' checksums equal)"
        if compared.contents.checked
        else f"the same plan{extra} (contents unchecked)"
    )
    if compared.planned:
        return True, f"as planned, {how}", ()
    return True, _joined(compared, measured, how), ()


def _joined(compared: Compared, measured: Speed, work: str, link: str = "") -> str:
    """Return the verdict on the work and on the speed; without one, the work comes first."""
    if measured.verdict is None:
        return f"{work}; {extent(compared)}"
    if measured.verdict == _CANNOT_TELL:
        return f"{work}; cannot tell which is faster"
    return f"{measured.verdict}, {link}{work}"


def _amount(compared: Compared, measured: Speed, did: str, expected: str) -> str:
    """Return the verdict on a run that did less or more, which may explain its speed."""
    if compared.planned:
        return f"{did} than planned"
    if measured.verdict in (None, _CANNOT_TELL):
        new = job_set.new_values(compared) if did == "more" else ""
        return _joined(compared, measured, f"{did} work{': ' if new else ''}{new}")
    because = " because" if measured.verdict == expected else ", though"
    return f"{measured.verdict}{because} it did {did}"


def _idle(compared: Compared, measured: Speed) -> str:
    """Return what is known of a run with nothing to do, after one that ran to its end."""
    if measured.why_not != f"B {OUTCOMES['nothing_to_do']}":
        return ""
    run = compared.after.run
    kept = up_to_date(run)
    return f"{measured.why_not}: {all_up_to_date(kept)}" if kept else ""


def _claims(findings: Sequence[Finding]) -> tuple[str, ...]:
    return tuple(finding.claim for finding in findings)


def _may_matter(compared: Compared, more: Finding) -> bool:
    """Whether nothing shows that work that was added leaves the results as they were."""
    return more.kind == "unsafe" or (more.id == job_set.WIDENED and not compared.same_bytes)


def _is_empty(finding: Finding) -> bool:
    """Whether only steps without outputs are gone."""
    return finding.id == job_set.CUT and finding.kind == "neutral"
