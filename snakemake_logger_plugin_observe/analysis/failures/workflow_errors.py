"""What Snakemake's own errors mean, and what to do about them."""

import difflib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures import snakemake_error, tracebacks
from snakemake_logger_plugin_observe.analysis.failures.error_table import KINDS, Boundary, Kind
from snakemake_logger_plugin_observe.analysis.failures.missing_sources import missing_sources
from snakemake_logger_plugin_observe.analysis.failures.same_command import same_command
from snakemake_logger_plugin_observe.analysis.failures.snakemake_error import SnakemakeError
from snakemake_logger_plugin_observe.analysis.phrasing import both, cut
from snakemake_logger_plugin_observe.analysis.why import reason_text
from snakemake_logger_plugin_observe.journal.events import Message
from snakemake_logger_plugin_observe.journal.records import ErrorDetails
from snakemake_logger_plugin_observe.pasting import Command, command, path
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.scope import job_counts

# Snakemake ends a run in which a job failed with a sentence that says only that.
_SUMMARY: Final = re.compile(
    r"Exiting because a job execution failed"
    r"|(?:WorkflowError:\s*)?At least one job did not complete"
)
_BEHIND_A_FILE: Final = re.compile(r" \((?:missing|rule|retrieve|storage)\b[^\n]*$")
_LONGEST: Final = 160
_LOCK: Final = "locked"
_INCOMPLETE: Final = "incomplete_files"
_KEYWORDS: Final = re.findall(
    r"\w+",
    "benchmark cache conda container containerized cwl default_target envmodules group handover "
    "input localrule log message name notebook output params pathvars priority resources retries "
    "run script shadow shell singularity template_engine threads wildcard_constraints wrapper",
)
"""The keywords of a rule."""
_UNLOCK: Final = command("snakemake", "--unlock", purpose="removes the lock")
_AFTER_A_KILL: Final = (
    "see that no tool of that run still runs (ps -ef), run snakemake --unlock, then run the same "
    "command again with --rerun-incomplete"
)
_NOT_WRITING: Final = (
    "see that no tool of that run still runs (ps -ef), then run the same command again with "
    "--rerun-incomplete (after snakemake --unlock, if it is reported that the directory is locked)"
)
_ANEW: Final = " in this run"
_SNAKEMAKE_S: Final = ("IOException", "RuleException", "WorkflowError")
"""The exceptions that Snakemake raises for what a workflow says; others are of its own code."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is wrong, what to do about it, and why."""

    kind: str | None
    """Its kind in the table of errors; None if it has none there."""
    where: Boundary
    cause: str
    """A clause, without a full stop."""
    to_do: str
    """An imperative."""
    why: str
    """A clause that can follow ``because``."""
    wrong_if: str = ""
    """A clause that can follow ``would be wrong if:``; empty: the error does not come again."""
    exception: str | None = None
    """The name of the error's exception, to search for it."""
    commands: tuple[Command, ...] = ()
    of_jobs: bool = False
    """Whether Snakemake also fails a single job with it, and no rule's code can have raised it."""

    def names(self, file: str) -> bool:
        """Whether its cause names *file*."""
        return f" {file}, " in self.cause


@dataclass(frozen=True, slots=True)
class OtherRun:
    """Another run of the same directory that may hold its lock, or write what is incomplete."""

    status: str
    """What became of it: ``running``, ``killed``, ...; ``seen``: only its process is known."""
    name: str
    """Its name, with its journal."""


def errors(run: Run) -> list[Message]:
    """Return the errors that Snakemake logged, without sentences that say only that a job failed.

    If it logged nothing else, they are the errors.
    """
    logged = [one for one in run.messages if one.level in ("error", "critical")]
    return [one for one in logged if not _SUMMARY.match(one.text)] or logged


def ending_error(run: Run) -> Message | None:
    """Return the error that stands for a run that failed, None if it logged none.

    Before any job it is the last: Snakemake may log an error of its own before the one that it
    reports. Else it is the first that is not the message of a job.
    """
    saying = errors(run)
    if not saying or not run.attempts:
        return saying[-1] if saying else None
    of_jobs = [one.message for one in run.attempts.values() if one.message]
    return next((one for one in saying if not _is_of_a_job(one, of_jobs)), saying[-1])


def _is_of_a_job(error: Message, messages: Sequence[str]) -> bool:
    return any(own in error.text or error.text in own for own in messages)


def is_another_run_s(run: Run) -> bool:
    """Whether a run failed because of what another run of its directory does, or left there."""
    error = ending_error(run)
    if error is None or run.attempts:
        return False
    return explain(error.text).kind in (_LOCK, _INCOMPLETE)


def explain_run(run: Run, error: Message, other: OtherRun | None = None) -> Explanation:
    """Return what is wrong if *error* ended *run*, with paths relative to its working directory.

    Args:
        run: the run.
        error: its error.
        other: another run of its directory that went on at the same time, or was killed in it.

    """
    known = error.error
    if known is not None:
        files = {"similar": known.similar, "unreadable": known.unreadable}
        relative = {name: run.relative(path) for name, path in files.items() if path is not None}
        protected = tuple(map(run.relative, known.protected))
        known = known.model_copy(update={**relative, "protected": protected})
    found = explain(run.with_relative_paths(error.text), known)
    if other is not None and found.kind == _LOCK:
        return _about_lock(found, other, run)
    if other is not None and found.kind == _INCOMPLETE:
        return _about_incomplete(found, other, run)
    if hook := _hook_of(run, error):
        return _in_hook(run, found, hook)
    return found


def _hook_of(run: Run, error: Message) -> str:
    """Return which code that runs once per run raised an error: ``onstart``, ...; may be empty.

    Of a shell command in one Snakemake does not say it: it is what runs between the plan and the
    first choice of jobs, and what runs when all jobs are done.
    """
    if (named := _HOOK.search(error.text)) is not None:
        return named[1]
    parsed = snakemake_error.parse(error.text)
    known = parsed.exceptions[:1] or ((error.error.exception,) if error.error is not None else ())
    if known != (_OF_SHELL,) or parsed.rule or parsed.place is None or run.planned is None:
        return ""
    if any(one.status == "failed" for one in run.attempts.values()):
        return ""
    if not run.attempts and not any(one.kind == "select_jobs" for one in run.messages):
        return "onstart"
    return "onsuccess" if _all_done(run) else ""


def _all_done(run: Run) -> bool:
    counts = job_counts(run)
    return bool(counts.done) and counts.done == counts.planned


def _in_hook(run: Run, found: Explanation, hook: str) -> Explanation:
    """Return what to do about an error in code that a dry run does not run."""
    done = ", after all jobs had succeeded: all outputs are made" if _all_done(run) else ""
    return replace(
        found,
        cause=f"{found.cause} (in {hook}{done})",
        to_do=f"{found.to_do.removesuffix(_BY_DRY_RUN)}, and run again: a dry run does not run "
        f"{hook}",
        why=f"no tool failed: the code of {hook} did",
        wrong_if=found.wrong_if or f"{hook} ends well when the same command is run again",
    )


_HOOK: Final = re.compile(r", in __(onstart|onsuccess|onerror)\b")
_OF_SHELL: Final = "CalledProcessError"
_BY_DRY_RUN: Final = ", and confirm it with a dry run"


def explain(
    text: str, details: ErrorDetails | None = None, directories: Collection[str] | None = None
) -> Explanation:
    """Return what an error means.

    Args:
        text: the error, with paths relative to the working directory.
        details: what is known of it beyond its text.
        directories: the outputs of its job that are declared as folders, if that is known.

    """
    error, known = snakemake_error.parse(text), details or ErrorDetails()
    named = (known.exception,) if known.exception else ()
    error = replace(error, rule=error.rule or known.rule, exceptions=error.exceptions or named)
    for kind in KINDS:
        if (found := _fits(kind, error)) is not None:
            return _filled_in(kind, error, found, known, directories)
    return _unknown(error)


def _why_again(known: ErrorDetails) -> str:
    """Return `` because raw.txt was updated``, of Snakemake's reason for running a job."""
    because = _because(known.reason)
    if not because:
        return ""
    first = _because(known.first_reason)
    if not first:
        return f" because {because}"
    return f" because {because.removesuffix(_ANEW)} (by rule {known.first_rule}: {first})"


def _because(reason: str | None) -> str:
    """Return ``raw.txt was updated``, of Snakemake's *reason* for running a job; may be empty."""
    cause = reason_text.parse(reason)[0]
    files = both(cause.files)
    are = "were" if len(cause.files) > 1 else "was"
    return {
        "updated_input": f"{files} {are} updated" if files else "an input was updated",
        "updated_by_job": f"its input {files} is made anew{_ANEW}",
        "missing_output": f"its output {files} {are} missing",
        "incomplete": f"its output {files} {are} left incomplete by an earlier run",
        "input_set": "its set of input files changed",
        "code": "its code changed",
        "params": "its params changed",
        "environment": "its software environment changed",
        "forced": "it was forced",
    }.get(cause.kind, "")


def _fits(kind: Kind, error: SnakemakeError) -> dict[str, str] | None:
    """Return what *kind*'s pattern finds in *error*; None if it is of another kind."""
    if kind.exceptions and set(kind.exceptions).isdisjoint(error.exceptions):
        return None
    if kind.pattern is None:
        return {}
    match = kind.pattern.search(error.text)
    if match is None:
        return None
    begin, end = error.text.rfind("\n", 0, match.start()) + 1, error.text.find("\n", match.start())
    line = error.text[begin : end if end >= 0 else None].strip()
    return {"found": cut(line, _LONGEST), **{k: v for k, v in match.groupdict().items() if v}}


def _filled_in(
    kind: Kind,
    error: SnakemakeError,
    found: dict[str, str],
    known: ErrorDetails,
    directories: Collection[str] | None,
) -> Explanation:
    files = _files(found.get("files", ""))
    sources = missing_sources(_lines(found.get("files", "")), known.similar)
    rule = f"rule {error.rule}" if error.rule else "a rule"
    place = f"{error.place[0]}:{error.place[1]}" if error.place is not None else ""
    words = {
        "name": found.get("other_name", ""),
        **{name: " ".join(value.split()) for name, value in found.items()},
        "files": both(files) or "a file",
        "rule": rule,
        "at": f" at {place}" if place else "",
        "place": place or "the workflow",
        "error": short(error),
        "why_again": _why_again(known),
        "function": f"function {found['function']}" if "function" in found else "a function",
        "values": f" for {', '.join(_lines(found['values']))}" if "values" in found else "",
        "unreadable": f"config file {known.unreadable}" if known.unreadable else "a config file",
        "of_key": f" (of {found['of']})" if "of" in found else "",
        "meant": _meant(found.get("keyword", "")),
        **_protected(files, known.protected),
        "similar": f", but {known.similar} was" if known.similar else "",
        "missing": sources.what,
        "of_job": _of_job(error.text),
        "code": _code(found.get("file", "")),
        "supply": sources.to_do.format(rule=rule, at=f" at {place}" if place else ""),
        **_other_type(files, directories),
    }
    if kind.id == "missing_file" and error.rule and not place:
        words["place"] = words["rule"]
    return Explanation(
        kind.id,
        kind.where,
        cut(kind.cause.format_map(words), 2 * _LONGEST),
        kind.to_do.format_map(words),
        kind.why.format_map(words),
        kind.wrong_if.format_map(words),
        error.exceptions[0] if error.exceptions else None,
        _commands(kind, (*files, *known.protected)),
        kind.of_jobs,
    )


def _of_job(text: str) -> str:
    """Return `` (for s=b)``, of the wildcards of the job that an error lists; may be empty."""
    found = _WILDCARDS.search(text)
    return f" (for {found[1].strip()})" if found is not None else ""


def _code(file: str) -> str:
    return "notebook" if file.endswith(".ipynb") else "script"


_WILDCARDS: Final = re.compile(r"^\s+wildcards: (\S.*)$", re.MULTILINE)


def _meant(word: str) -> str:
    """Return ``: did you mean shell?``, of a *word* that is no keyword of a rule."""
    near = difflib.get_close_matches(word, _KEYWORDS, n=1)
    return f": did you mean {near[0]}?" if near else ""


def _protected(files: Sequence[str], known: Sequence[str]) -> dict[str, str]:
    """Return which outputs are write-protected beside *files*, and what has to become writable."""
    others = [one for one in known if one not in files]
    return {
        "also": f", as {'are' if len(others) > 1 else 'is'} {both(others)}" if others else "",
        "protected": both([*files, *others]) or "it",
        "them": "them" if others or len(files) > 1 else "it",
        "others": "" if known else ", and likewise each other output that the next run names",
    }


def _other_type(files: Sequence[str], directories: Collection[str] | None) -> dict[str, str]:
    """Return which output is of another type than its rule declares, and how to declare it."""
    what = both(files) or "an output"
    as_folder = f"declare {what} as directory(...)"
    as_file = "let the command write a file of that name"
    if directories is None:
        return {
            "made": f"a folder where its output {what} is declared as a file, or a file where a "
            "folder is declared",
            "declare": f"{as_folder} if the command makes a folder, or {as_file}",
        }
    if set(files) <= set(directories):
        return {
            "made": f"a file, and declares its output {what} as a folder (directory())",
            "declare": f"take directory() away from {what}, or let the command make a folder",
        }
    return {
        "made": f"a folder, and declares its output {what} as a file",
        "declare": f"{as_folder}, or {as_file}",
    }


def _files(lines: str) -> list[str]:
    """Return the files that an error lists, one in a line, without what it adds to each."""
    return [_BEHIND_A_FILE.sub("", one) for one in _lines(lines)]


def _lines(lines: str) -> list[str]:
    return [name for one in lines.splitlines() if (name := one.strip())]


def _commands(kind: Kind, files: Sequence[str]) -> tuple[Command, ...]:
    if kind.id == "protected_output" and files:
        named = map(path, dict.fromkeys(files))
        return (command("chmod", "u+w", *named, purpose="if it is meant to be made again"),)
    return ()


def short(error: SnakemakeError) -> str:
    """Return an error on one line, without the names of its exception and its line."""
    lines = [one.strip() for one in snakemake_error.without_places(error.text).splitlines()]
    first, *more = [one for one in lines if one not in ("", "Error:")] or [""]
    said = first.partition(": ")[2]
    if not said:  # it begins with its exception and its line alone
        said, *more = more or [first]
    if said.endswith("error:") and more:  # it announces what the next line says
        said = f"{said} {more[0]}"
    return cut(" ".join(said.split()).rstrip(" :."), _LONGEST)


def _unknown(error: SnakemakeError) -> Explanation:
    """Return what to do about an error that the table does not know."""
    exception = error.exceptions[0] if error.exceptions else None
    said = short(error)
    if error.place is not None:
        at = f"{error.place[0]}:{error.place[1]}"
        by_snakemake = exception is None or exception in _SNAKEMAKE_S
        or_file = "" if by_snakemake else ", or the config or file that it reads"
        return Explanation(
            None,
            "workflow semantics",
            f"Snakemake cannot carry out what {at} says: {said}"
            if by_snakemake
            else f"the workflow's own code at {at} failed: {exception}: {said}",
            f"correct the workflow at {at}{or_file}, and confirm it with a dry run",
            "no tool failed: Snakemake could not evaluate the workflow itself",
            exception=exception,
        )
    said = cut(tracebacks.summary(error.text), _LONGEST)
    if error.trace:
        return Explanation(
            None,
            "operating context",
            said,
            "search for this error among Snakemake's known issues "
            "(https://github.com/snakemake/snakemake/issues), and try another version of Snakemake "
            "or of the plugin that the traceback names",
            "it was raised in Snakemake or in a package, and no line of the workflow is part of it",
            "the traceback names a file of the workflow",
            exception=exception,
        )
    return Explanation(
        None,
        "workflow semantics",
        said,
        "correct the workflow, the config or the command line that it names, and confirm it with "
        "a dry run",
        "no tool failed: Snakemake could not evaluate the workflow itself",
        exception=exception,
    )


def _about_lock(found: Explanation, other: OtherRun, run: Run) -> Explanation:
    """Return what to do about the lock that a known run held."""
    if other.status == "running":
        return replace(
            found,
            cause=f"the working directory is locked by {other.name}, which still runs",
            to_do="wait until that run has ended, then run again; do not unlock the directory",
            why="two runs that write the same files destroy each other's outputs",
            wrong_if="the process of that run is not alive",
        )
    if other.status == "seen":
        return replace(
            found,
            cause=f"the working directory is locked, and {other.name} of Snakemake runs in it",
            to_do="wait until that process has ended, then run again; do not unlock the directory",
            why="two runs that write the same files destroy each other's outputs",
            wrong_if="that process does not belong to a run of this directory",
        )
    if other.status == "killed":
        return replace(
            found,
            cause=f"the working directory is still locked by {other.name}, which was killed",
            to_do=_AFTER_A_KILL,
            why="a run that is killed leaves its lock behind, and its tools may go on",
            wrong_if="a process of that run is alive",
            commands=(_UNLOCK, *_with_incomplete(run)),
        )
    if other.status == "unknown":
        return replace(
            found,
            cause=f"the working directory is locked, most likely by {other.name}",
            to_do="see whether that run still goes on where it was started: if so, wait until it "
            "has ended; only if it does not, run snakemake --unlock, then run again",
            why="its journal has no end, and its process cannot be seen from here",
        )
    return replace(
        found,
        cause=f"the working directory was locked by {other.name}, which has ended since",
        to_do="run again",
        why="a run gives its lock back when it ends",
        wrong_if="the same command finds the directory locked again",
    )


def _with_incomplete(run: Run) -> tuple[Command, ...]:
    """Return the run's command that makes incomplete files again, if that is known."""
    purpose = "goes on, and makes again what is incomplete"
    again = same_command(run, "--rerun-incomplete", purpose=purpose)
    return (again,) if again is not None else ()


def _about_incomplete(found: Explanation, other: OtherRun, run: Run) -> Explanation:
    """Return what to do about incomplete files, if a known run may be writing them, or was killed.

    Snakemake looks for incomplete files before it looks for a lock: those of a run that goes on are
    incomplete, too.
    """
    what = found.cause.partition(":")[0]
    if other.status in ("running", "seen"):
        return replace(
            found,
            cause=f"{what}: {other.name} still runs, and may be writing it",
            to_do="wait until it has ended, then run again; do not unlock the directory",
            why="two runs that write the same files destroy each other's outputs",
            wrong_if=f"{other.name} is not alive, or belongs to another directory",
        )
    if other.status == "killed":
        return replace(
            found,
            cause=f"{what}: {other.name} was killed, and may have been writing it",
            to_do=_NOT_WRITING,
            why="a run that is killed leaves incomplete files and its lock behind, and its tools "
            "may go on",
            wrong_if="a process of that run is alive",
            commands=_with_incomplete(run),
        )
    return found
