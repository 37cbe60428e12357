"""Numbers, durations, sizes and job names as text, safe to print on a terminal."""

from typing import Final

from snakemake_logger_plugin_observe import pasting
from snakemake_logger_plugin_observe.analysis.phrasing import submission_name
from snakemake_logger_plugin_observe.clock import Micros, format_moment

harmless: Final = pasting.harmless
"""Escapes control characters; ``Command`` and ``harmless`` agree on what they are."""

_BAR: Final = "█"
_PARTS: Final = " ▏▎▍▌▋▊▉"


def duration(micros: Micros) -> str:
    """Return a duration with its units: ``0.410 s``, ``12.3 s``, ``2 min 04 s``."""
    s = micros / 1_000_000
    for limit, places in ((1, 3), (10, 2), (60, 1)):
        if round(s, places) < limit:
            return f"{s:.{places}f} s"
    minutes, rest = divmod(round(s), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def duration_s(seconds: float) -> str:
    """Return a duration that is known in seconds."""
    return duration(round(seconds * 1e6))


def size(count: int) -> str:
    """Return bytes in decimal units, as in ``mem_mb``: ``140 MB``, ``8.0 GB``."""
    for unit, limit in (("B", 1000), ("kB", 10**6), ("MB", 10**9), ("GB", 10**12)):
        if count < limit:
            amount = count / limit * 1000
            return f"{amount:.1f} {unit}" if amount < 10 and unit != "B" else f"{amount:.0f} {unit}"
    return f"{count / 10**12:.1f} TB"


def requested_size(count: int) -> str:
    """Return requested bytes: what a scheduler counts in MiB in these, ``500 MiB``."""
    if count % 2**20 == 0 and count % 10**6:
        return f"{count // 2**20} MiB"
    return size(count)


def decimals(total: Micros) -> int:
    """Return how many decimals of a second are worth showing in a table that sums to *total*."""
    s = total / 1_000_000
    return 3 if s < 1 else 2 if s < 20 else 1


def seconds(micros: Micros, places: int) -> str:
    """Return seconds as a number without a unit, for the columns of a table."""
    return f"{micros / 1e6:,.{places}f}"


def percent(part: Micros, whole: Micros) -> str:
    """Return the share as a whole percentage; ``<1`` if it is small but not zero."""
    if not whole or not part:
        return "0"
    share = 100 * part / whole
    return "<1" if share <= 0.5 else f"{share:.0f}"


def signed_percent(change: float) -> str:
    """Return a relative change as a whole percentage with its sign: ``+5``, ``−40``, ``±0``."""
    rounded = round(100 * change)
    return f"{'+' if rounded > 0 else '−' if rounded < 0 else '±'}{abs(rounded)}"


def bar(part: Micros, whole: Micros, width: int) -> str:
    """Return a bar of at most *width* characters, with a resolution of an eighth."""
    if not whole or part <= 0:
        return ""
    eighths = max(1, round(8 * width * part / whole))
    full, rest = divmod(eighths, 8)
    return _BAR * full + (_PARTS[rest] if rest else "")


def clock_time(moment: Micros) -> str:
    """Return a moment to the second, in UTC."""
    return format_moment(moment)[:19].replace("T", " ") + " UTC"


def job_name(rule: str | None, wildcards: dict[str, str], group: str | None) -> str:
    """Return the name of a job or group, safe to print."""
    return harmless(submission_name(rule, wildcards, group))
