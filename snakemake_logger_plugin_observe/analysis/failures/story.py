"""How often a job failed, whether in the same way, and whether its retries helped, in words."""

from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.run.endings import describe_exit


def story_of(one: Failure, *, final: bool = True, text: str = "") -> str:
    """Return ``failed after 3 attempts, each the same way: retries did not help``.

    Args:
        one: the failed job.
        final: whether its run has ended; otherwise it may be retried once more.
        text: what it reported each time, to be quoted; may be empty.

    """
    said = f" ({text})" if text else ""
    if one.outcome == "succeeded":
        return f"failed {how_often(one)}{_alike(one)}{said}; {recovered_on(one)}"
    if one.outcome in ("cancelled", "unfinished"):
        end = "then cancelled" if one.outcome == "cancelled" else "not finished yet"
        return f"failed {how_often(one)}{_alike(one)}{said}, {end}"
    failed = "failed" if final else "failed so far"
    times, attempts = len(one.occurrences), len(one.rows)
    inside = f" ({times:,} failures)" if times > attempts else ""
    helped = ": retries did not help" if final and max(times, attempts) > 1 else ""
    return f"{failed} after {plural(attempts, 'attempt')}{inside}{_alike(one)}{said}{helped}"


def retry_setting(one: Failure) -> str | None:
    """Return what says that a job is retried, as a user would type it; None if unknown."""
    if not one.retries or one.own_retries is None:
        return None
    if one.own_retries:
        return f"retries: {one.retries} from rule {one.rule}" if one.rule else None
    return f"--retries {one.retries}"


def how_often(one: Failure) -> str:
    """Return ``once``, ``twice``, ``3 times``."""
    times = len(one.occurrences)
    return {1: "once", 2: "twice"}.get(times, f"{times:,} times")


def recovered_on(one: Failure) -> str:
    """Return on which retry a job recovered."""
    last = one.rows[-1].attempt
    if last.number == one.last.attempt:
        return f"recovered on a retry inside attempt {last.number}"
    return f"recovered on retry {last.number - 1}"


def _alike(one: Failure) -> str:
    """Return whether a job failed in the same way each time, as far as that is known."""
    if one.verdict in ("deterministic", "repeated"):
        why = one.last.why
        ended = describe_exit(why.exit_code, why.signal)
        if ended and not one.texts_known:  # all that is known to be the same
            return f", each with {ended}"
        return ", each the same way"
    return {
        "different": ", in different ways",
        "unknown": ", whether each the same way is unknown",
    }.get(one.verdict, "")
