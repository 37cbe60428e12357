"""A median, and between which values all others were."""

import statistics
from collections.abc import Iterable
from typing import NamedTuple


class Span(NamedTuple):
    """A median, with the lowest and the highest value."""

    low: float
    median: float
    high: float

    def show(self, form: str = ".2f") -> str:
        """Return it as text: ``1.02 (0.99 to 1.05)``; if all are the same, nothing but that."""
        low, median, high = (f"{value:{form}}" for value in self)
        return median if low == high else f"{median} ({low} to {high})"


def span(values: Iterable[float]) -> Span:
    """Return the median of *values* and their extremes."""
    known = sorted(values)
    return Span(known[0], statistics.median(known), known[-1])
