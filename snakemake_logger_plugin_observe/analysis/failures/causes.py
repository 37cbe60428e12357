"""What made an attempt, or a try inside it, fail: a small closed set of causes, and what tells.

The scheduler's own record comes first, then what was refused or never came, then the messages of
Snakemake and of executors, then how the tool ended. What only fits a cause is said to be likely,
never certain: a tool that was killed by signal 9 while it held nearly all the memory that its job
had asked for.
"""

import re
import signal
from dataclasses import dataclass
from typing import Final, Literal, get_args

from snakemake_logger_plugin_observe.analysis.jobs.resource_use import resource_use
from snakemake_logger_plugin_observe.journal.records import Execution, SchedulerRecord
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.node_processes import NODE_CUT_OFF
from snakemake_logger_plugin_observe.run.timeline import NO_NODE_STAMPS, ONLY_A_SIGN

Cause = Literal[
    "exit_code",
    "signal",
    "exception",
    "out_of_memory",
    "time_limit",
    "missing_output",
    "missing_input",
    "refused",
    "lost",
    "cancelled",
    "environment",
    "other",
]
CAUSES: Final[tuple[Cause, ...]] = get_args(Cause)

_NEARLY: Final = 0.9
_BY_STATE: Final[dict[str, Cause]] = {
    "OUT_OF_MEMORY": "out_of_memory",
    "TIMEOUT": "time_limit",
    "DEADLINE": "time_limit",
    "NODE_FAIL": "lost",
    "BOOT_FAIL": "lost",
    "PREEMPTED": "cancelled",
    "CANCELLED": "cancelled",
    "REVOKED": "cancelled",
}
# What executors say: Slurm's states, LSF's terminations, the clouds' reasons.
_TOLD_BY_EXECUTORS: Final[tuple[tuple[re.Pattern[str], Cause], ...]] = (
    (
        re.compile(
            r"\bOUT_OF_MEMORY\b|\bOOMKilled\b|\bTERM_MEMLIMIT\b|\bOutOfMemoryError\b"
            r"|Container killed due to memory usage"
        ),
        "out_of_memory",
    ),
    (
        re.compile(
            r"\bTIMEOUT\b|\bDEADLINE\b|\bTERM_RUNLIMIT\b|\bDeadlineExceeded\b"
            r"|attempt duration exceeded timeout"
        ),
        "time_limit",
    ),
    (re.compile(r"\bNODE_FAIL\b|\bBOOT_FAIL\b|\bNodeLost\b|Host EC2 .*terminated"), "lost"),
    (re.compile(r"\bPREEMPTED\b|\bCANCELLED\b|\bTERM_OWNER\b|\bEvicted\b"), "cancelled"),
)
# What Slurm's own daemons write into a job's log, with the step that they killed.
_TOLD_IN_A_LOG: Final[tuple[tuple[re.Pattern[str], Cause], ...]] = (
    (
        re.compile(
            r"(?:slurmstepd|srun)\S*: error: .*"
            r"(?:oom[-_]kill|Out Of Memory|[Ee]xceeded (?:job |step )?memory limit)"
        ),
        "out_of_memory",
    ),
    (re.compile(r"(?:slurmstepd|srun)\S*: error: .*DUE TO TIME LIMIT"), "time_limit"),
    (re.compile(r"(?:slurmstepd|srun)\S*: error: .*DUE TO NODE FAILURE"), "lost"),
    (re.compile(r"(?:slurmstepd|srun)\S*: error: .*DUE TO PREEMPTION"), "cancelled"),
)
# What tools say when the system would give them no more memory.
_NO_MEMORY_LEFT: Final = re.compile(
    r"\bMemoryError\b|\bstd::bad_alloc\b|java\.lang\.OutOfMemoryError|\bout of memory\b"
    r"|[Cc]annot allocate (?:memory|vector)"
)
_MISSING_OUTPUT: Final = re.compile(
    r"MissingOutputException|some output files are missing|unexpected empty output files"
    r"|checksums that differ from the expected ones"
)
_MISSING_INPUT: Final = re.compile(
    r"^on the node: .*Missing files after|MissingInputException|[Mm]issing input files?"
)
_ENVIRONMENT: Final = re.compile(
    r"CreateCondaEnvironmentException|Could not create conda environment|CreateEnvironment"
    r"|Failed to (?:pull|create|build) .*(?:image|environment|container)|environment definition"
    r"|(?:conda|mamba|apptainer|singularity)(?: command)? (?:is not|not) (?:available|installed)",
    re.IGNORECASE,
)
_EXCEPTION: Final = re.compile(r"(?!CalledProcessError)[A-Za-z_][\w.]* in (?:rule \S+ in )?file ")
_STATUS: Final = re.compile(
    r"returned non-zero exit status (-?\d+)|died with <Signals\.\w+: (\d+)>"
)
# A shell's exit code is 128 and the signal that ended its command.
_SHELL: Final = 128
_ENDS_OF_TIME: Final = frozenset(
    {signal.SIGTERM, signal.SIGXCPU, signal.SIGUSR1, signal.SIGUSR2, signal.SIGKILL, signal.SIGALRM}
)
_SIGNALS: Final = frozenset(
    {
        *(signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGILL, signal.SIGABRT),
        *(signal.SIGBUS, signal.SIGFPE, signal.SIGSEGV, signal.SIGPIPE, *_ENDS_OF_TIME),
    }
)


@dataclass(frozen=True, slots=True)
class FailureCause:
    """Why one execution failed; what is not known is None."""

    cause: Cause
    sure: bool = True
    """Whether something said so; else it only fits: then it is likely."""
    exit_code: int | None = None
    """A process's own, never negative."""
    signal: int | None = None
    state: str | None = None
    """The scheduler's last word on its submission."""


@dataclass(frozen=True, slots=True)
class Use:
    """What a submission used of its memory and its time, against what it had asked for."""

    memory_bytes: int | None = None
    memory_requested_bytes: int | None = None
    time_s: float | None = None
    time_requested_s: float | None = None

    @property
    def nearly_all_memory(self) -> bool:
        """Whether at least nine tenths of the memory asked for was used."""
        used, asked = self.memory_bytes, self.memory_requested_bytes
        return used is not None and bool(asked) and used >= _NEARLY * (asked or 0)

    @property
    def nearly_all_time(self) -> bool:
        """Whether at least nine tenths of the time asked for was used."""
        used, asked = self.time_s, self.time_requested_s
        return used is not None and bool(asked) and used >= _NEARLY * (asked or 0)


def record_of(run: Run, attempt: Attempt) -> SchedulerRecord | None:
    """Return what the scheduler recorded of *attempt*'s submission, a member's of its group's."""
    if attempt.accounting is not None or not attempt.is_member:
        return attempt.accounting
    whole = run.attempts.get((attempt.group or "", attempt.number))
    return whole.accounting if whole is not None else None


def use(run: Run, attempt: Attempt, one: Execution | None = None) -> Use:
    """Return what *attempt*, or a try inside it that did not end it, used and had asked for."""
    known, record = resource_use(run, attempt), record_of(run, attempt)
    own = one.used if one is not None else attempt.used
    peaks = [own.peak_rss_bytes, own.cgroup_peak_bytes] if own is not None else []
    if one is None and not known.memory_peak_is_bound:
        peaks.append(known.memory_peak_bytes)
    asked = known.memory_requested_bytes
    limit, spent = known.runtime_requested_s, known.on_node_s
    if record is not None:
        asked = asked or record.memory_requested_bytes
        limit = record.time_limit_s or limit
        if record.started is not None and record.ended is not None:
            spent = max(spent or 0, (record.ended - record.started) / 1_000_000)
    return Use(
        memory_bytes=max((peak for peak in peaks if peak is not None), default=None),
        memory_requested_bytes=asked,
        time_s=spent,
        time_requested_s=limit,
    )


def why(run: Run, attempt: Attempt, one: Execution | None, *, last: bool) -> FailureCause:
    """Return why the try *one* of *attempt* failed, or the attempt where it came to no try.

    Args:
        run: the run that it is of.
        attempt: its attempt.
        one: the try, or None.
        last: whether nothing came after it in the attempt, so that what ended the attempt ended it.

    """
    code, number = _ended(attempt, one, last=last)
    record = record_of(run, attempt) if last else None
    state = record.state if record is not None else None
    said = _said_of_the_attempt(run, attempt, one, record) if last else None
    told = [one.message] if one is not None and one.message else []
    if last and attempt.message and attempt.message not in told:
        told.insert(0, attempt.message)
    message = "\n".join(told)
    if found := said or _named(message):
        cause, sure = found, True
    elif found := _fits(run, attempt, one, number, last=last):
        cause, sure = found, False
    elif (code or number) and _ran_out_of_memory(attempt, message, last=last):
        cause, sure = "out_of_memory", False
    elif number is not None:
        cause, sure = "signal", True
    elif code:
        cause, sure = "exit_code", True
    elif attempt.status == "lost" or (last and _went_away(attempt)):
        cause, sure = "lost", False
    else:
        cause, sure = ("exception" if _EXCEPTION.match(message) else "other"), True
    return FailureCause(cause, sure, code, number, state)


def _fits(
    run: Run, attempt: Attempt, one: Execution | None, number: int | None, *, last: bool
) -> Cause | None:
    """Return the cause that nothing names, but that what was used, and the end, fit."""
    used = use(run, attempt, None if last else one)
    cut = last and NODE_CUT_OFF in attempt.unobserved
    if used.nearly_all_memory and (cut or number == signal.SIGKILL):
        return "out_of_memory"
    if last and used.nearly_all_time and (cut or number in _ENDS_OF_TIME):
        return "time_limit"
    if last and _interrupted(run) and number in (signal.SIGINT, signal.SIGTERM):
        return "cancelled"
    return None


def _ended(attempt: Attempt, one: Execution | None, *, last: bool) -> tuple[int | None, int | None]:
    """Return the exit code and the signal of a tool; a shell's word for a signal is one as well."""
    code = one.exit_code if one is not None else None
    if code is None and last:
        code = attempt.exit_code
    said = (one.message if one is not None else None) or (attempt.message if last else None)
    if code is None and said and (found := _STATUS.search(said)):
        code = int(found[1]) if found[1] else -int(found[2])
    if code is None:
        return None, attempt.signal if last else None
    if code < 0:
        return None, -code
    return code, code - _SHELL if code - _SHELL in _SIGNALS else None


def _said_of_the_attempt(
    run: Run, attempt: Attempt, one: Execution | None, record: SchedulerRecord | None
) -> Cause | None:
    """Return the cause that the scheduler, the executor or their logs name, if one does."""
    stamps = attempt.stamps
    refused = attempt.levels == () and stamps.accepted is None and not attempt.is_member
    if run.wrapped and refused and stamps.submitting is not None:
        return "refused"
    if record is not None:
        if record.state in _BY_STATE:
            return _BY_STATE[record.state]
        if record.reason and (found := _first(_TOLD_BY_EXECUTORS, record.reason)):
            return found
    own = one.message if one is not None else None
    if attempt.message and attempt.external_jobid and attempt.message != own:
        found = _first(_TOLD_BY_EXECUTORS, attempt.message)
        if found is not None:
            return found
    lines = "\n".join(line for log in attempt.logs for line in log.lines)
    return _first(_TOLD_IN_A_LOG, lines)


def _first(patterns: tuple[tuple[re.Pattern[str], Cause], ...], text: str) -> Cause | None:
    return next((cause for pattern, cause in patterns if pattern.search(text)), None)


def _named(message: str) -> Cause | None:
    """Return the cause that Snakemake's own message names, if it names one."""
    if _MISSING_INPUT.search(message):
        return "missing_input"
    if _MISSING_OUTPUT.search(message):
        return "missing_output"
    return "environment" if _ENVIRONMENT.search(message) else None


def _ran_out_of_memory(attempt: Attempt, message: str, *, last: bool) -> bool:
    """Whether the tool itself said, at its end, that there was no memory left."""
    said = [message]
    if last:
        said += [line for log in attempt.logs for line in log.lines[-5:]]
    return any(_NO_MEMORY_LEFT.search(text) for text in said)


def _interrupted(run: Run) -> bool:
    return run.finished is not None and run.finished.status == "interrupted"


def _went_away(attempt: Attempt) -> bool:
    gone = (NODE_CUT_OFF, ONLY_A_SIGN, NO_NODE_STAMPS)
    return attempt.external_jobid is not None and any(one in attempt.unobserved for one in gone)
