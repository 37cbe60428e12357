"""A run's figures against the limits of its workflow: which lines hold, and which are broken."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from snakemake_logger_plugin_observe.analysis.check.measured_run import MeasuredRun, Measurement
from snakemake_logger_plugin_observe.analysis.check.metrics import FIGURES, measure
from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.compare.comparison import Comparison

Kind = Literal["run", "max", "min", "publish", "verify", "baseline"]
_ENDED_WELL: Final = ("success", "nothing_to_do")


@dataclass(frozen=True, slots=True)
class Limit:
    """What a line of the file allows a figure to be."""

    kind: Literal["max", "min"]
    figure: str
    part: str
    value: float
    file_line: int

    @property
    def key(self) -> str:
        """What the file calls it, without its table."""
        return f"{self.figure}.{self.part}" if self.part else self.figure


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One thing that a run had to keep to, and whether it did."""

    kind: Kind
    key: str
    limit: float | str | bool | None
    value: float | str | None
    ok: bool | None
    """None where it could not be checked."""
    why: str = ""
    file_line: int | None = None
    """None for what every run has to keep to."""
    bound: Literal["at least", "at most"] | None = None
    """Where *value* is not exact, on which side of it the figure lies."""
    evidence: tuple[Citation, ...] = ()
    files: tuple[tuple[str, int], ...] = ()
    """The files that a glob matched: path and bytes."""


def judge(subject: MeasuredRun, limit: Limit) -> CheckLine:
    """Return whether the run keeps to *limit*, with what it rests on where it does not."""
    found = measure(subject, limit.figure, limit.part)
    ok = _holds(found, limit)
    value, bound = _told(found, limit, ok)
    return CheckLine(
        kind=limit.kind,
        key=limit.key,
        limit=limit.value,
        value=_rounded(value, limit.figure),
        ok=ok,
        why=found.why,
        file_line=limit.file_line,
        bound=bound,
        evidence=() if ok else found.evidence,
    )


def _holds(found: Measurement, limit: Limit) -> bool | None:
    """Return whether it surely holds, surely does not, or None where neither is sure."""
    low, high = found.low, found.high
    if limit.kind == "max":
        if high is not None and high <= limit.value:
            return True
        return False if low is not None and low > limit.value else None
    if low is not None and low >= limit.value:
        return True
    return False if high is not None and high < limit.value else None


def _told(
    found: Measurement, limit: Limit, ok: bool | None
) -> tuple[float | None, Literal["at least", "at most"] | None]:
    """Return the value to show: the bound that decided, or else the one that is known."""
    if found.exact:
        return found.low, None
    by_low = found.low is not None if ok is None else ok == (limit.kind == "min")
    value = found.low if by_low else found.high
    return value, None if value is None else "at least" if by_low else "at most"


def _rounded(value: float | None, figure: str) -> float | None:
    if value is None:
        return None
    return round(value) if FIGURES[figure].unit == "count" else round(value, 6)


def ended(subject: MeasuredRun) -> CheckLine:
    """Return whether the run did what it was asked for: without that, no figure means much."""
    status = subject.status
    line = CheckLine("run", "status", "success", status, True)
    if subject.kind == "dry_run":
        return replace(line, ok=None, why="a dry run: what was planned can be checked, and no more")
    if subject.kind == "touch":
        return replace(line, ok=None, why="it only touched its outputs")
    if status in _ENDED_WELL:
        return line
    return replace(line, ok=False, why=subject.more if status in ("killed", "running") else "")


def same_work(found: Comparison, file_line: int | None) -> CheckLine:
    """Return whether the run did the same work as its baseline."""
    return CheckLine(
        kind="baseline",
        key="same_work",
        limit=True,
        value=found.same_work,
        ok=found.same_work,
        why=found.verdict,
        file_line=file_line,
        evidence=() if found.same_work else tuple(_refused(found)),
    )


def slower_by(found: Comparison, most: float, file_line: int | None) -> CheckLine:
    """Return whether the run was slower than its baseline by more than *most*, noise left aside.

    The value is the share of the baseline's length by which it was slower; below 0, faster.
    """
    speed = found.speed
    change, baseline_s = speed.change_s, speed.baseline_s
    unknown = found.same_work is None or speed.verdict is None
    if unknown or change is None or not baseline_s:
        return CheckLine("baseline", "slower_by", most, None, None, found.verdict, file_line)
    value = round(change / baseline_s, 6)
    why = f"{speed.candidate_s:.3f} s, the baseline {baseline_s:.3f} s"
    beyond = value > most
    if beyond and speed.verdict != "slower":
        why += f"; no more than noise may be ({speed.margin_s:.3f} s)"
    ok = not beyond or speed.verdict != "slower"
    return CheckLine("baseline", "slower_by", most, value, ok, why, file_line)


def _refused(found: Comparison) -> Iterator[Citation]:
    """Cite each unsafe finding, in this run if it shows there, else in the baseline."""
    for finding in found.findings:
        if finding.kind == "unsafe":
            refs = [one.ref for one in finding.evidence if one.kind == "journal"]
            here = [ref for ref in refs if ref.startswith("B:")]
            yield Citation("journal", next(iter([*here, *refs]), "B"), finding.claim)
