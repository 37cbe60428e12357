"""The lines of a check: whether a run passes each limit of its workflow's check file."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from snakemake_logger_plugin_observe.analysis.check.measured_run import MeasuredRun, Measurement
from snakemake_logger_plugin_observe.analysis.check.metrics import FIGURES, measure
from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.compare.comparison import Comparison
from snakemake_logger_plugin_observe.run.scope import UNENDED

Kind = Literal["run", "max", "min", "publish", "verify", "baseline"]
_SUCCEEDED: Final = ("success", "nothing_to_do")


@dataclass(frozen=True, slots=True)
class Limit:
    """A maximum or minimum that the check file sets for a figure."""

    kind: Literal["max", "min"]
    figure: str
    part: str
    value: float
    file_line: int

    @property
    def key(self) -> str:
        """Its key in the check file, without the table."""
        return f"{self.figure}.{self.part}" if self.part else self.figure


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One requirement on a run, and whether the run passes it."""

    kind: Kind
    key: str
    limit: float | str | bool | None
    value: float | str | None
    ok: bool | None
    """True for PASS, False for FAIL, None for not checked."""
    why: str = ""
    file_line: int | None = None
    """None for the requirement on every run: that it succeeded."""
    bound: Literal["at least", "at most"] | None = None
    """For an inexact *value*: on which side of it the figure is."""
    evidence: tuple[Citation, ...] = ()
    files: tuple[tuple[str, int], ...] = ()
    """The files that a glob matched, with their sizes in bytes."""


def judge(measured: MeasuredRun, limit: Limit) -> CheckLine:
    """Return whether the run passes *limit*, with evidence if it does not."""
    measurement = measure(measured, limit.figure, limit.part)
    ok = _passes(measurement, limit)
    value, bound = _shown(measurement, limit, ok)
    return CheckLine(
        kind=limit.kind,
        key=limit.key,
        limit=limit.value,
        value=_rounded(value, limit.figure),
        ok=ok,
        why=measurement.why,
        file_line=limit.file_line,
        bound=bound,
        evidence=() if ok else measurement.evidence,
    )


def _passes(measurement: Measurement, limit: Limit) -> bool | None:
    """Return whether the figure passes, or None if its bounds do not decide that."""
    low, high = measurement.low, measurement.high
    if limit.kind == "max":
        if high is not None and high <= limit.value:
            return True
        return False if low is not None and low > limit.value else None
    if low is not None and low >= limit.value:
        return True
    return False if high is not None and high < limit.value else None


def _shown(
    measurement: Measurement, limit: Limit, ok: bool | None
) -> tuple[float | None, Literal["at least", "at most"] | None]:
    """Return the value to show: the bound that decided, or else the known one."""
    if measurement.exact:
        return measurement.low, None
    by_low = measurement.low is not None if ok is None else ok == (limit.kind == "min")
    value = measurement.low if by_low else measurement.high
    return value, None if value is None else "at least" if by_low else "at most"


def _rounded(value: float | None, figure: str) -> float | None:
    if value is None:
        return None
    return round(value) if FIGURES[figure].unit == "count" else round(value, 6)


def ended(measured: MeasuredRun) -> CheckLine:
    """Return whether the run succeeded: the figures of one that did not mean little."""
    status = measured.status
    line = CheckLine("run", "status", "success", status, True)
    if measured.kind == "dry_run":
        return replace(line, ok=None, why="a dry run: only planned figures can be checked")
    if measured.kind == "touch":
        return replace(line, ok=None, why="the run only touched its outputs")
    if status in _SUCCEEDED:
        return line
    cut_short = status in UNENDED
    return replace(line, ok=False, why=measured.incomplete if cut_short else "")


def same_work(comparison: Comparison, file_line: int | None) -> CheckLine:
    """Return whether the run did the same work as its baseline."""
    return CheckLine(
        kind="baseline",
        key="same_work",
        limit=True,
        value=comparison.same_work,
        ok=comparison.same_work,
        why=comparison.verdict,
        file_line=file_line,
        evidence=() if comparison.same_work else tuple(_unsafe(comparison)),
    )


def slower_by(comparison: Comparison, most: float, file_line: int | None) -> CheckLine:
    """Return whether the run was slower than its baseline by more than *most*, beyond noise.

    The value is the share of the baseline's length by which it was slower; negative if faster.
    """
    speed = comparison.speed
    change, baseline_s = speed.change_s, speed.baseline_s
    unknown = comparison.same_work is None or speed.verdict is None
    if unknown or change is None or not baseline_s:
        return CheckLine("baseline", "slower_by", most, None, None, comparison.verdict, file_line)
    value = round(change / baseline_s, 6)
    why = f"{speed.candidate_s:.3f} s, the baseline {baseline_s:.3f} s"
    beyond = value > most
    if beyond and speed.verdict != "slower":
        why += f"; within noise ({speed.margin_s:.3f} s)"
    ok = not beyond or speed.verdict != "slower"
    return CheckLine("baseline", "slower_by", most, value, ok, why, file_line)


def _unsafe(comparison: Comparison) -> Iterator[Citation]:
    """Cite each unsafe finding, in this run if it shows there, else in the baseline."""
    for finding in comparison.findings:
        if finding.kind == "unsafe":
            refs = [one.ref for one in finding.evidence if one.kind == "journal"]
            here = [ref for ref in refs if ref.startswith("B:")]
            yield Citation("journal", next(iter([*here, *refs]), "B"), finding.claim)
