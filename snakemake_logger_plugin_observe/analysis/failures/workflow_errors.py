"""What to do about an error of Snakemake itself, which no failed job explains."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from snakemake_logger_plugin_observe.analysis.failures import tracebacks
from snakemake_logger_plugin_observe.journal.events import Message
from snakemake_logger_plugin_observe.run.model import Run

_IN_FILE: Final = re.compile(r'in file "?([^"\n]+?)"?, line (\d+)')


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do about an error, and why."""

    where: Literal["operating context", "storage and visibility", "workflow semantics"]
    text: str
    why: str


_KNOWN: Final = (
    (
        re.compile(r"Directory cannot be locked"),
        Advice(
            "operating context",
            "if no other Snakemake runs in this directory, run snakemake --unlock, then run again",
            "a killed run leaves its lock behind, while a running one needs it",
        ),
    ),
    (
        re.compile(r"IncompleteFilesException|seem to be incomplete"),
        Advice(
            "operating context",
            "run the same command again with --rerun-incomplete",
            "an earlier run ended while it wrote these files",
        ),
    ),
    (
        re.compile(r"No space left on device|Disk quota exceeded|Read-only file system"),
        Advice(
            "storage and visibility",
            "free space where the workflow writes, then run the same command again",
            "Snakemake could not write",
        ),
    ),
    (
        re.compile(r"MissingInputException|Missing input files"),
        Advice(
            "workflow semantics",
            "make the missing file, or correct its name in the workflow, then run again",
            "it does not exist, and no rule makes it",
        ),
    ),
    (
        re.compile(r"MissingRuleException|No rule to produce"),
        Advice(
            "workflow semantics",
            "correct the name of the target, or add a rule that makes it",
            "no rule makes what was requested",
        ),
    ),
)
# What Snakemake, its plugins and the parser of arguments report of a setting that they refuse.
_SETTING: Final = re.compile(
    r"Invalid config definition|[Ii]nvalid (?:value|choice)|unrecognized arguments|"
    r"argument -|--(?:logger|executor|storage)-[\w-]+|--observe-|--timed-|CliException"
)
_LOCKED: Final = re.compile(r"Directory cannot be locked")


def advice_about_lock(text: str, status: str, run: str) -> Advice | None:
    """Return what to do if *text* is about the lock that a known run of this directory held.

    Args:
        text: an error.
        status: what became of the run that went on at that time.
        run: its name, with its journal.

    """
    if _LOCKED.search(text) is None or status == "killed":
        return None
    if status == "running":
        to_do, why = (
            f"wait until {run} has ended, then run again",
            "it holds the lock",
        )
    else:
        to_do, why = "run again", f"{run} held the lock, and has ended since"
    return Advice("operating context", to_do, why)


def ending_error(run: Run) -> Message | None:
    """Return the error that ended the run, None if it logged none.

    Before any job it is the last: Snakemake may log an error of its own before the one that it
    reports. Else it is the first that is not the message of a job that recovered.
    """
    errors = [one for one in run.messages if one.level in ("error", "critical")]
    if not errors or not run.attempts:
        return errors[-1] if errors else None
    recovered = [one.message for one in run.attempts.values() if one.message]
    return next((one for one in errors if not _is_of_a_job(one, recovered)), errors[-1])


def _is_of_a_job(error: Message, messages: Sequence[str]) -> bool:
    return any(own in error.text or error.text in own for own in messages)


def advice(text: str) -> Advice:
    """Return what to do about the error *text*, with paths relative to the working directory."""
    for pattern, known in _KNOWN:
        if pattern.search(text):
            return known
    # The line that raised the error is more precise than its rule.
    place = tracebacks.raised_at(text) or next(iter(_IN_FILE.findall(text)), None)
    if place is None and (_SETTING.search(text) or tracebacks.is_one(text)):
        return Advice(
            "operating context",
            "correct the command line, the profile or the config, and confirm it with a dry run",
            "Snakemake could not use what it was started with, and no line of the workflow failed",
        )
    at = f" at {place[0]}:{place[1]}" if place else ""
    or_config = " or the config that it reads" if "KeyError" in text else ""
    return Advice(
        "workflow semantics",
        f"correct the workflow{at}{or_config}, and confirm it with a dry run",
        "no tool failed: Snakemake could not evaluate the workflow itself",
    )
