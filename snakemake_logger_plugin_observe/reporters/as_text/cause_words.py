"""Why a job ran, as phrases: root causes, causes, and causes that are other jobs."""

from collections.abc import Iterable, Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.param_values import in_reason
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.analysis.reruns.rerun import Rerun
from snakemake_logger_plugin_observe.analysis.why.origins import Link
from snakemake_logger_plugin_observe.analysis.why.reason_text import Cause, Kind
from snakemake_logger_plugin_observe.analysis.why.why import RootShare
from snakemake_logger_plugin_observe.reporters.words import harmless

LABELS: Final[dict[Kind, str]] = {
    "missing_output": "output missing",
    "incomplete": "output incomplete",
    "updated_input": "input updated",
    "updated_by_job": "input made in this run",
    "input_set": "set of inputs changed",
    "code": "code changed",
    "params": "params changed",
    "environment": "environment changed",
    "forced": "forced",
    "no_output": "has no output",
    "pipe": "fills a pipe",
    "service": "serves another job",
    "queue_input": "more in its queue",
    "other": "other",
    "unknown": "no reason recorded",
}
"""Each kind in two or three words."""

_OF_A_RULE: Final[dict[Kind, str]] = {
    "code": "the code of {rule} changed",
    "params": "the params of {rule} changed",
    "environment": "the software environment of {rule} changed",
    "input_set": "the set of input files of {rule} changed",
}
_OF_A_JOB: Final[dict[Kind, str]] = {
    "code": "its code changed",
    "params": "its params changed",
    "environment": "its software environment changed",
    "input_set": "its set of input files changed",
    "forced": "it was forced",
    "no_output": "it has no output, so it always runs",
    "pipe": "it fills a pipe",
    "service": "it provides a service",
    "queue_input": "the queue of its input has more items",
    "unknown": "no reason was recorded",
}
LONGEST_CHANGE: Final = 600
"""Changed values are shown whole up to so many characters."""
_SHOWN: Final = 2
_LONGEST_NAME: Final = 48
_LONGEST_TEXT: Final = 120


def root(share: RootShare, reruns: Iterable[Rerun] = ()) -> str:
    """Return a root cause: ``the code of trim changed``.

    Args:
        share: the root cause.
        reruns: what the runs before show about it.

    """
    if headline := next((one.headline for one in reruns if one.headline), ""):
        return harmless(" ".join(headline.split()))
    rules = named([rule or "(not described)" for rule, _jobs in share.rules])
    match share.kind:
        case kind if kind in _OF_A_RULE:
            return _OF_A_RULE[kind].format(rule=rules)
        case "updated_input":
            text = files(share.files, share.file_count)
            return f"{text} {_was(share.file_count)} updated (read by {rules})"
        case "missing_output":
            text = files(share.files, share.file_count)
            return f"{text} {_was(share.file_count)} missing (made by {rules})"
        case "incomplete":
            text = files(share.files, share.file_count)
            return f"{text} {_was(share.file_count)} left incomplete (made by {rules})"
        case "updated_by_job":
            text = files(share.files, share.file_count)
            return f"{text} {_was(share.file_count)} to be made by a job that is not in the journal"
        case "forced":
            return f"forced: {rules}"
        case "unknown" if not share.rules:
            return "no reason recorded: Snakemake failed before it described the job"
        case "no_output":
            return f"no output, so always run: {rules}"
        case "other":
            return f"{rules}: {shortened(share.text or '', _LONGEST_TEXT)}"
        case _:
            return f"{LABELS[share.kind]}: {rules}"


def detail(share: RootShare, reruns: Iterable[Rerun] = ()) -> str:
    """Return the changed params of a root, if any."""
    if known := next((one.detail for one in reruns if one.detail), ""):
        return shortened(known, LONGEST_CHANGE)
    return _params(share.text) if share.kind == "params" else ""


def cause(one: Cause) -> str:
    """Return a cause of a job that is not another job."""
    count = len(one.files)
    match one.kind:
        case "missing_output":
            text = f"{_its('output', one.files)} missing"
        case "incomplete":
            text = f"{_its('output', one.files)} left incomplete by an earlier run"
        case "updated_input" if count:
            text = f"{_its('input', one.files)} updated"
        case "updated_input":
            text = "some of its inputs were newer than its output"
        case "updated_by_job":
            text = f"{_its('input', one.files)} to be made by a job that is not in the journal"
        case "other":
            text = shortened(one.text or "", _LONGEST_TEXT)
        case "params":
            changed = _params(one.text)
            text = _OF_A_JOB["params"] + (f": {changed}" if changed else "")
        case _:
            text = _OF_A_JOB[one.kind]
    return text


def leading(link: Link, job: str, *, missing: bool = False) -> str:
    """Return a cause that is another job.

    Args:
        link: the cause.
        job: the name of the other job.
        missing: whether the other job ran because its files were missing.

    """
    if link.cause is None:
        return f"it was planned only after checkpoint {job} was evaluated"
    match link.cause.kind:
        case "pipe":
            return f"its pipe is read by {job}"
        case "service":
            return f"it serves {job}"
        case "missing_output":
            return f"{_its('output', link.cause.files)} missing, needed by {job}"
        case _ if link.relation == "replanned_by":
            inputs = _its("input", link.cause.files)
            return f"{inputs} to be made again until checkpoint {job} was evaluated"
        case _:
            made = "missing, and made" if missing else "made"
            maybe = "" if link.certain else ", probably"
            return f"{_its('input', link.cause.files)} {made}{maybe} by {job}"


def files(names: Sequence[str], count: int) -> str:
    """Return the first files by name, and how many more there are."""
    shown = [shortened(name, _LONGEST_NAME) for name in names[:_SHOWN]]
    if not shown:
        return "files"
    more = count - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def named(rules: Sequence[str]) -> str:
    """Return the first rules by name, never cut, and how many more there are."""
    shown = ", ".join(map(harmless, rules[:_SHOWN]))
    return shown + (
        f" and {plural(len(rules) - _SHOWN, 'more rule')}" if len(rules) > _SHOWN else ""
    )


def shortened(text: str, longest: int) -> str:
    """Return *text* on one line, with its middle cut out if it is longer than *longest*."""
    line = harmless(" ".join(text.split()))
    if len(line) <= longest:
        return line
    half = longest // 2
    return f"{line[:half].rstrip('0123456789. ')}…{line[-half:].lstrip()}"


def _params(text: str | None) -> str:
    """Return how params changed, if Snakemake reported it."""
    found = in_reason(text)
    if found is None:
        return shortened(text or "", _LONGEST_TEXT)
    return shortened(found.within(LONGEST_CHANGE), LONGEST_CHANGE)


def _its(what: str, names: Sequence[str]) -> str:
    """Return ``its output a.txt was``, ``its inputs a, b and 1 more were``."""
    count = len(names)
    few = what if count == 1 else f"{what}s"
    return f"its {few} {files(names, count)} {_was(count)}" if count else f"its {few} were"


def _was(count: int) -> str:
    return "was" if count == 1 else "were"
