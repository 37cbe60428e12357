"""How to run a failed job again as Snakemake ran it, to see it fail.

A shell command is repeated with what Snakemake puts before it: in a terminal, without its strict
mode and the job's environment, it may succeed. What it wrote is removed after it, as Snakemake does
when a job fails: the next run would take such a file for made. A script gets its ``snakemake``
object from Snakemake, so only Snakemake can run it.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.failures.same_command import same_command
from snakemake_logger_plugin_observe.analysis.failures.script_errors import file_name
from snakemake_logger_plugin_observe.analysis.failures.shell.lines import one_line
from snakemake_logger_plugin_observe.analysis.unended import left_in_flight
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.journal.masking import MASK
from snakemake_logger_plugin_observe.pasting import Command, command
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.scheduler_ends import has_ended

STRICT: Final = "set -euo pipefail; "
"""What Snakemake puts before each command, unless the workflow sets another prefix."""
_REPEATABLE: Final = ("exit_code", "signal", "exception")
_RAN: Final = re.compile(
    r"^Command '(?P<command>.*)' (?:returned non-zero exit status|died with)",
    re.DOTALL | re.MULTILINE,
)
_MOST_COMMANDS: Final = 20
"""An error is about one command; a tampered one may have very many."""
_SHELLS: Final = frozenset({"bash", "sh", "dash", "ash", "ksh", "zsh"})
_USUAL: Final = frozenset({"/bin", "/usr/bin", "/usr/local/bin"})
_NO_ENVIRONMENT: Final = "d41d8cd98f00b204e9800998ecf8427e"
"""Snakemake's digest of no environment at all: MD5 of nothing."""
_DIRECTORY: Final = re.compile(r"-d\S*|--directory(?:=.*)?", re.DOTALL)
_INCOMPLETE: Final = frozenset({"--rerun-incomplete", "--ri"})
_UNTIL: Final = re.compile(r"-U\S*|--until(?:=.*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class HowToRepeat:
    """The commands that run a job again, in this order."""

    how: Literal["command", "job"]
    """``command``: its shell command alone; ``job``: the job by Snakemake."""
    commands: tuple[Command, ...]


@dataclass(frozen=True)
class RunFacts:
    """What decides how any job of a run is run again: computed once, for many failures."""

    run: Run

    @cached_property
    def commands(self) -> dict[str, str]:
        """The whole commands in Snakemake's errors, with the activation of an environment.

        Their keys are the commands as the jobs describe them: what is behind the last prefix.
        """
        found: dict[str, str] = {}
        settings = self.run.started.settings if self.run.started is not None else {}
        prefixes = {STRICT, str(settings.get("shell_prefix") or STRICT)}
        for message in self.run.messages:
            named = message.text.count("Command '") if message.level == "error" else 0
            if not 0 < named <= _MOST_COMMANDS:
                continue
            for one in _RAN.finditer(message.text):
                whole = one["command"]
                ends = (whole.rfind(each) + len(each) for each in prefixes if each in whole)
                as_described = whole[max(ends, default=0) :].strip()
                found[as_described] = whole.replace(f"{STRICT} ", STRICT, 1)
        return found

    @cached_property
    def goes_on(self) -> bool:
        """Whether the run or jobs of it may go on: another Snakemake would be in their way.

        A run without an end has its lock; what it or an interrupted one left in the cluster is to
        be cancelled first.
        """
        left = left_in_flight(self.run)
        ended = (has_ended(self.run.record_of(one)) for one in left)
        return self.run.finished is None or not all(ended)


def how_to_repeat(
    run: Run, one: Failure, journal: str = "", facts: RunFacts | None = None
) -> HowToRepeat | None:
    """Return how to run the job of a failure again; None if the journal does not know enough.

    Args:
        run: its run.
        one: the failure.
        journal: where the run's journal was found: in the run's own folder no ``cd`` is needed.
        facts: those of the run, for one who asks about many failures.

    """
    job = run.jobs.get(one.job_id) if one.job_id is not None else None
    if job is None or one.cause not in _REPEATABLE or run.started is None:
        return None
    if one.outcome in (
        "succeeded",
        "unfinished",
    ):  # it would write over what is there, or write too
        return None
    there = () if journal.startswith(".snakemake/") else (command("cd", run.started.workdir),)
    facts = facts or RunFacts(run)
    alone = _its_command(run, one, job, facts)
    if alone is not None and alone.line is not None:
        return HowToRepeat("command", (*there, alone))
    again = _by_snakemake(run, job) if not facts.goes_on else None
    if again is None or again.line is None:
        return None
    elsewhere = any(map(_DIRECTORY.fullmatch, run.started.command[1:]))
    return HowToRepeat("job", (*(() if elsewhere else there), again))


def prefix_of(run: Run, job: JobDescribed) -> str:
    """Return what was put before the shell command of *job*."""
    settings = run.started.settings if run.started is not None else {}
    if job.resources.get("shell_exec") is not None:
        bash = file_name(str(job.resources["shell_exec"])) == "bash"
        return STRICT if bash else ""
    prefix = settings.get("shell_prefix")
    return prefix if isinstance(prefix, str) else STRICT


def _its_command(run: Run, one: Failure, job: JobDescribed, facts: RunFacts) -> Command | None:
    """Return the shell command of *job* as it was run; None if it cannot be run by itself."""
    own = (job.shellcmd or "").strip()
    in_a_group = any(row.attempt.is_member for row in one.rows)  # a pipe's other end is missing
    if not own or MASK in own or in_a_group or _has_own_place(job):
        return None
    whole = facts.commands.get(own)
    if whole is None and job.environment_digest == _NO_ENVIRONMENT:
        whole = f"{prefix_of(run, job)}{own}"
    line = one_line(whole) if whole is not None else None
    shell = _shell(run, job)
    if line is None or MASK in line or shell is None:
        return None
    made = map(run.relative, job.output)
    return command(shell, "-c", line, purpose="as Snakemake ran it", leaves_no=made)


def _has_own_place(job: JobDescribed) -> bool:
    """Whether Snakemake gives its command more than its folder: a shadow, folders, a copy to keep.

    An output folder is made and removed as a whole, with a log in it; of an output that is updated
    in place, Snakemake puts the state before the job back.
    """
    return bool(job.shadow or job.directories or job.updated)


def _shell(run: Run, job: JobDescribed) -> str | None:
    """Return the shell that ran the job's command; None if it is none that is known."""
    settings = run.started.settings if run.started is not None else {}
    named = job.resources.get("shell_exec") or settings.get("shell_executable") or "bash"
    folder, _slash, name = str(named).rpartition("/")
    if name not in _SHELLS:
        return None
    return name if folder in ("", *_USUAL) else str(named)


def _by_snakemake(run: Run, job: JobDescribed) -> Command | None:
    """Return the run's own command, up to the first output of *job*, and no further."""
    arguments = run.started.command[1:] if run.started is not None else ()
    if any(map(_UNTIL.fullmatch, arguments)):
        return None
    if job.pipes:  # Snakemake makes no pipe that no job reads
        return None
    until = run.relative(job.output[0]) if job.output else job.rule
    kept = run.started is not None and run.started.settings.get("keep_incomplete")
    again = ("--rerun-incomplete",) if kept and not _INCOMPLETE & {*arguments} else ()
    purpose = "runs that job again, after those that it needs"
    return same_command(run, f"--until={until}", *again, purpose=purpose)
