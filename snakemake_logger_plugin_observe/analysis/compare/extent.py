"""How much of its work each side of a comparison did."""

from snakemake_logger_plugin_observe.analysis.compare.same_work.finding import Compared
from snakemake_logger_plugin_observe.analysis.phrasing import jobs_of
from snakemake_logger_plugin_observe.run.model import Run


def extent(compared: Compared) -> str:
    """Return how much of the work each side did, where that differs, instead of a speed."""
    if sides := touched(compared):
        whose = "its" if len(sides) == 1 else "their"
        return f"{' and '.join(sides)} only touched {whose} outputs"
    before, after = (_ran(side.run) for side in (compared.before, compared.after))
    return f"B ran {after[0]:,} of {jobs_of(after[1])}, A {before[0]:,} of {before[1]:,}"


def touched(compared: Compared) -> list[str]:
    """Return which sides ran with ``--touch``: no tool ran there."""
    return [
        side.name
        for side in (compared.before, compared.after)
        if side.run.started is not None and side.run.started.kind == "touch"
    ]


def _ran(run: Run) -> tuple[int, int]:
    """Return how many jobs ran, and how many there were with those that were made before."""
    cached = sum(1 for one in run.attempts.values() if one.status == "cached")
    return len(run.jobs) - cached, len(run.jobs) + up_to_date(run)


def up_to_date(run: Run) -> int:
    """Return how many jobs of a run were up to date, as far as its plan is known."""
    return sum(run.planned.up_to_date.values()) if run.planned is not None else 0
