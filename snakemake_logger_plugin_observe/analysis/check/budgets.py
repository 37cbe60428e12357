"""The lines of a check: whether a run passes each limit of its workflow's check file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from snakemake_logger_plugin_observe.analysis.check.metrics import FIGURES, measure
from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.phrasing import named, plural
from snakemake_logger_plugin_observe.run.scope import UNENDED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from snakemake_logger_plugin_observe.analysis.check.measured_run import MeasuredRun, Measurement
    from snakemake_logger_plugin_observe.analysis.compare.comparison import Comparison

Kind = Literal["run", "max", "min", "publish", "verify", "baseline", "outputs"]
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
    return judged(measure(measured, limit.figure, limit.part), limit)


def judged(measurement: Measurement, limit: Limit) -> CheckLine:
    """Return whether a figure that was measured is within *limit*."""
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


def succeeded(status: str) -> CheckLine:
    """Return that a run of this *status* succeeded, which every check requires."""
    return CheckLine("run", "status", "success", status, True)


def ended(measured: MeasuredRun) -> CheckLine:
    """Return whether the run succeeded: the figures of one that did not mean little."""
    status = measured.status
    line = succeeded(status)
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
        evidence=() if comparison.same_work else tuple(_against(comparison)),
    )


def same_outputs(comparison: Comparison, file_line: int | None) -> CheckLine:
    """Return whether the outputs have the checksums that the baseline's have."""
    found = comparison.contents
    outputs = _Outputs(found.equal, found.differing, found.unknown, found.missing)
    return _outputs_line("baseline", "same_outputs", True, outputs, file_line)


def recorded_outputs(
    wanted: Mapping[str, str], found: Mapping[str, str | None], file_line: int | None
) -> CheckLine:
    """Return whether a run's outputs have the checksums in the check file.

    Args:
        wanted: SHA-256 by path, as in the file.
        found: SHA-256 by path, of the outputs that the run and those before it made; None for one
            that has none.
        file_line: where the file lists them.

    """
    known = {path: found[path] for path in wanted if path in found}
    outputs = _Outputs(
        tuple(path for path, digest in known.items() if digest == wanted[path]),
        tuple(path for path, digest in known.items() if digest not in (None, wanted[path])),
        tuple(path for path, digest in known.items() if digest is None),
        tuple(path for path in wanted if path not in known),
    )
    limit = plural(len(wanted), "file")
    return _outputs_line("outputs", "sha256", limit, outputs, file_line)


@dataclass(frozen=True, slots=True)
class _Outputs:
    """Required outputs, by whether a run has the same bytes."""

    equal: tuple[str, ...]
    differing: tuple[str, ...]
    unknown: tuple[str, ...]
    missing: tuple[str, ...]


def _outputs_line(
    kind: Kind, key: str, limit: str | bool, outputs: _Outputs, file_line: int | None
) -> CheckLine:
    """Return a line about outputs: FAIL if one differs or is gone, unchecked if one is unknown."""
    checked = len(outputs.equal) + len(outputs.differing)
    unchecked = [*outputs.unknown, *([] if checked else outputs.missing)]
    said = []
    if outputs.differing:
        verb = "differs" if len(outputs.differing) == 1 else "differ"
        said.append(f"{len(outputs.differing):,} of {checked:,} {verb}: {named(outputs.differing)}")
    if checked and outputs.missing:
        said.append(f"{len(outputs.missing):,} not made: {named(outputs.missing)}")
    if unchecked or not checked:
        without = f"{plural(len(unchecked), 'output')} without a checksum"
        hint = "record them with --logger-observe-outputs checksums"
        said.append(f"{without}; {hint}" if unchecked else f"no output has a checksum; {hint}")
    bad = outputs.differing or (checked and outputs.missing)
    ok = False if bad else None if unchecked or not checked else True
    why = "; ".join(said) or f"all {checked:,} the same"
    return CheckLine(kind, key, limit, None, ok, why, file_line)


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
        few = "what may be noise of so few runs" if speed.verdict == "cannot tell" else "noise"
        why += f"; within {few} ({speed.margin_s:.3f} s)"
    ok = not beyond or speed.verdict != "slower"
    return CheckLine("baseline", "slower_by", most, value, ok, why, file_line)


def _against(comparison: Comparison) -> Iterator[Citation]:
    """Cite each finding that speaks against the same work, in this run if it shows there."""
    for finding in comparison.findings:
        if finding.kind == "unsafe" or finding.claim in comparison.reasons:
            refs = [one.ref for one in finding.evidence if one.kind == "journal"]
            here = [ref for ref in refs if ref.startswith("B:")]
            yield Citation("journal", next(iter([*here, *refs]), "B"), finding.claim)
