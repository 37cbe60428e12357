"""What to do about failed jobs of a rule: what their end means, and how to see them fail again."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.exit_codes.meaning import Strength, Where
from snakemake_logger_plugin_observe.analysis.failures.explained import Explained, explain
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.failures.log_lines import LogLine
from snakemake_logger_plugin_observe.analysis.failures.repeat import RunFacts
from snakemake_logger_plugin_observe.analysis.failures.sent_signals import (
    find_sender,
    refuted_if,
    was_sent,
    what_is_known,
)
from snakemake_logger_plugin_observe.analysis.failures.snakemake_failures import error_of
from snakemake_logger_plugin_observe.analysis.phrasing import cut, named
from snakemake_logger_plugin_observe.journal.error_lines import is_error, is_progress
from snakemake_logger_plugin_observe.pasting import Command
from snakemake_logger_plugin_observe.run.model import Run

_LONGEST: Final = 100
_IN_RULE: Final = re.compile(
    r'^(?P<error>[\w.]+) in (?:rule \S+ in )?file "?(?P<file>[^"\n]+?)"?, line (?P<line>\d+):'
)
_OF_CODE: Final = re.compile(
    r"(?:Name|UnboundLocal|Attribute|Type|Syntax|Indentation|Import|ModuleNotFound)Error\b"
)
_MISSING: Final = re.compile(r"No such file or directory: '(?P<path>[^'\n]+)'")
AGAIN: Final = "it ends with exit code 0 when it is run again as Snakemake ran it"


@dataclass(frozen=True, slots=True)
class FailureAdvice:
    """What failed jobs' end means and what to do about it."""

    fix: str
    """An imperative."""
    why: str
    """A clause that can follow ``because``."""
    wrong_if: str
    means: str = ""
    """What their end means, to be added to the claim; empty if that is not known."""
    strength: Strength = "certain"
    where: Where = "tool behavior"
    commands: tuple[Command, ...] = ()
    """The commands that run the first of them again."""
    is_specific: bool = True
    """Whether it is about what failed, and not only about how to find that out."""


def failure_advice(
    run: Run,
    name: str,
    failed: Sequence[Failure],
    journal: str = "",
    *,
    is_own: bool = True,
    facts: RunFacts | None = None,
) -> FailureAdvice:
    """Return what to do about jobs that failed by themselves, in the same way.

    Args:
        run: their run.
        name: their rule, or their group.
        failed: the jobs.
        journal: where the run's journal was found.
        is_own: whether it is the user's own: of another's, no command is one to paste.
        facts: those of the run, for one who asks about many failures.

    """
    one = failed[0]
    if (by_snakemake := error_of(run, one)) is not None:
        return FailureAdvice(
            *(by_snakemake.to_do, by_snakemake.why, by_snakemake.wrong_if, by_snakemake.cause),
            where=by_snakemake.where,
            commands=by_snakemake.commands if is_own else (),
        )
    found = explain(run, one, journal, facts)
    advice = (
        _raised_by_a_script(name, one, found)
        or _raised_in_a_rule(run, name, one)
        or _what_it_means(found)
        or _sent_a_signal(failed)
        or _printed_last(run, name, failed, found)
        or _not_known(run, name, failed, found)
    )
    commands = found.repeat.commands if found.repeat is not None and is_own else ()
    return replace(advice, commands=commands)


def _raised_by_a_script(name: str, one: Failure, found: Explained) -> FailureAdvice | None:
    """Return what to do about an exception of the script of a rule."""
    if found.raised is None:
        return None
    what = _or_inputs(f"the script of {name}", one, found.raised)
    return FailureAdvice(
        f"correct {what}, where it raised {found.raised}",
        "nothing in the script caught the exception",
        AGAIN,
        found.raised,
        where="workflow semantics",
    )


def _raised_in_a_rule(run: Run, name: str, one: Failure) -> FailureAdvice | None:
    """Return what to do about an exception of code that is in the workflow itself."""
    message = run.with_relative_paths(one.decisive.message or "")
    raised = _IN_RULE.match(message)
    if one.cause != "exception" or raised is None:
        return None
    said = " ".join(message[raised.end() :].split())
    error = f"{raised['error']}: {cut(said, _LONGEST)}" if said else raised["error"]
    what = _or_inputs(f"{raised['file']}:{raised['line']}", one, error)
    return FailureAdvice(
        f"correct {what}, where {name} raised {error}",
        "nothing in the rule's code caught the exception",
        "the job succeeds when Snakemake runs it again, with nothing changed",
        where="workflow semantics",
    )


def _what_it_means(found: Explained) -> FailureAdvice | None:
    """Return what to do about an end whose meaning is known, or likely."""
    meaning = found.meaning
    if meaning is None or meaning.strength == "possible":
        return None
    means = "; or ".join(each.text for each in found.meanings)
    return FailureAdvice(
        "; or ".join(each.to_do for each in found.meanings),
        _why(found),
        "; or ".join(each.wrong_if for each in found.meanings),
        means if meaning.strength == "certain" else f"{meaning.strength}, {means}",
        meaning.strength,
        meaning.where,
    )


def _sent_a_signal(failed: Sequence[Failure]) -> FailureAdvice | None:
    """Return whom to look for if something outside may have sent the signal that ended them."""
    if not was_sent(failed):
        return None
    return FailureAdvice(
        *(find_sender(failed), what_is_known(failed), refuted_if(failed)),
        strength="possible",
        where="operating context",
    )


def _printed_last(
    run: Run, name: str, failed: Sequence[Failure], found: Explained
) -> FailureAdvice | None:
    """Return which line of a log to act on, if one was printed that is no progress."""
    line = next((each.decisive.line for each in failed if each.decisive.line is not None), None)
    if line is None or is_progress(line.text):
        return None
    gone = f"; {found.log}" if found.log is not None else ""
    return FailureAdvice(
        *(f"{_fix(failed, name, line)}{gone}", _no_limit(run, failed), AGAIN),
        is_specific=False,
    )


def _not_known(run: Run, name: str, failed: Sequence[Failure], found: Explained) -> FailureAdvice:
    """Return how to find out why jobs failed."""
    meaning = found.meaning
    perhaps = f"; it is possible that {meaning.text}: then {meaning.to_do}" if meaning else ""
    log = f"; {found.log}" if found.log is not None else ""
    return FailureAdvice(
        f"run {name} again as Snakemake ran it, to see how it fails{perhaps}",
        _no_limit(run, failed) + log,
        AGAIN,
        is_specific=False,
    )


def _fix(failed: Sequence[Failure], name: str, line: LogLine) -> str:
    """Return that an error is to be fixed; of a line that does not read like one, no more."""
    place = _place_of(failed, line)
    if is_error(line.text):
        return f"fix the error that {name} reported ({place})"
    fix = f"fix what {name} reported last ({place})"
    if failed[0].outcome == "succeeded":
        return fix
    return f"{fix}; if that is no error, run it again as Snakemake ran it"


def _place_of(failed: Sequence[Failure], line: LogLine) -> str:
    """Return where a line of a log is, or that a later attempt has written that log again."""
    one = next(each for each in failed if each.decisive.line is line)
    if one.outcome != "succeeded":
        return line.place
    return f"{line.path}, as attempt {one.decisive.attempt} wrote it"


def left_behind(run: Run, failed: Sequence[Failure]) -> str:
    """Return what to do about outputs that failed jobs left, to be added to what to do; or "".

    With ``--keep-incomplete`` Snakemake does not mark what a failed job wrote as incomplete.
    """
    kept = run.started is not None and run.started.settings.get("keep_incomplete")
    jobs = [run.jobs[one.job_id] for one in failed if one.job_id in run.jobs]
    outputs = [path for job in jobs for path in job.output]
    if not kept or not outputs or any(one.outcome != "failed" for one in failed):
        return ""
    return (
        f"; remove {named(outputs)} before the next run if it is there: --keep-incomplete left "
        "what a failed job wrote, and Snakemake takes it for whole"
    )


def _or_inputs(code: str, one: Failure, error: str) -> str:
    """Return what to correct: the code, or what it reads unless the error is one of code alone."""
    if _OF_CODE.match(error):
        return code
    if (missing := _MISSING.search(error)) is not None:
        return f"the path of {missing['path']}, or make that file: {code}"
    return f"{code}, or its input {named(one.inputs, 2)}" if one.inputs else code


def _why(found: Explained) -> str:
    shown = "that is what its exit code and its command show"
    if found.meaning is not None and found.meaning.strength == "certain":
        shown = "that is what was printed, or what its signal means"
    return f"{shown}; {found.log}" if found.log is not None else shown


def _no_limit(run: Run, failed: Sequence[Failure]) -> str:
    """Return what did not end them: a limit of the cluster's only if its record was read."""
    inputs = failed[0].inputs
    given = f"; its inputs: {named(inputs, 2)}" if inputs else ""
    attempts = [one.decisive_row.attempt for one in failed]
    unread = [one for one in attempts if one.external_jobid and run.record_of(one) is None]
    if unread:
        limits = "the scheduler's record, which would show a limit that ended it, was not read"
        return f"{limits}; the inputs that it declares were there{given}"
    return f"no memory or time limit ended it, and the inputs that it declares were there{given}"
