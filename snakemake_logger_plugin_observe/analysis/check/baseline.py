"""A comparison against what a workflow's file asks of it: the same work, and how much slower."""

from collections.abc import Iterator

from snakemake_logger_plugin_observe.analysis.check.budgets import CheckLine
from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.compare.comparison import Comparison


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
    unknown = found.same_work is None or speed.word is None
    if unknown or change is None or not baseline_s:
        return CheckLine("baseline", "slower_by", most, None, None, found.verdict, file_line)
    value = round(change / baseline_s, 6)
    why = f"{speed.candidate_s:.3f} s, the baseline {baseline_s:.3f} s"
    beyond = value > most
    if beyond and speed.word != "slower":
        why += f"; no more than noise may be ({speed.margin_s:.3f} s)"
    ok = not beyond or speed.word != "slower"
    return CheckLine("baseline", "slower_by", most, value, ok, why, file_line)


def _refused(found: Comparison) -> Iterator[Citation]:
    """Cite each unsafe finding, in this run if it shows there, else in the baseline."""
    for finding in found.findings:
        if finding.kind == "unsafe":
            refs = [one.ref for one in finding.evidence if one.kind == "journal"]
            here = [ref for ref in refs if ref.startswith("B:")]
            yield Citation("journal", next(iter([*here, *refs]), "B"), finding.claim)
