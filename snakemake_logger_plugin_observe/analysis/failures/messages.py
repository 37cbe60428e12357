"""Which failure cause the messages of schedulers, executors, Snakemake and tools name."""

import re
import signal
from collections.abc import Iterable
from typing import Final, Literal

from snakemake_logger_plugin_observe.run.slurm_states import ENDS

Cause = Literal[
    "exit_code",
    "signal",
    "exception",
    "out_of_memory",
    "time_limit",
    "missing_output",
    "missing_input",
    "refused",
    "unanswered",
    "not_started",
    "contradicted",
    "lost",
    "cancelled",
    "misreported",
    "environment",
    "other",
]
NOT_SUBMITTED: Final[frozenset[Cause]] = frozenset({"refused", "unanswered"})
"""The causes of attempts that the cluster never accepted: what ran before is not about them."""
BY_STATE: Final[dict[str, Cause]] = {
    state: end.cause for state, end in ENDS.items() if end.cause is not None
}
"""The cause that a state in Slurm's accounting records names."""
# What executors report: Slurm's states, LSF's terminations, the clouds' reasons.
_EXECUTORS: Final[tuple[tuple[re.Pattern[str], Cause], ...]] = (
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
# What Slurm's daemons write into the log of a job whose step they kill.
_SLURM_DAEMONS: Final[tuple[tuple[re.Pattern[str], Cause], ...]] = (
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
# What Slurm prints into that log when a process that it started there ended by a signal.
_SLURM_TASK: Final = re.compile(
    r"^srun: error: \S+: tasks? [\d,\[\]-]+: (?P<how>Killed|Terminated)\b", re.MULTILINE
)
_TASK_SIGNALS: Final = {"Killed": signal.SIGKILL, "Terminated": signal.SIGTERM}
# What tools print when the system gives them no more memory.
_NO_MEMORY_LEFT: Final = re.compile(
    r"\bMemoryError\b|\bstd::bad_alloc\b|java\.lang\.OutOfMemoryError|\bout of memory\b"
    r"|[Cc]annot allocate (?:memory|vector)"
)
_MISSING_OUTPUT: Final = re.compile(
    r"MissingOutputException|some output files are missing|unexpected empty output files"
    r"|checksums that differ from the expected ones"
)
_MISSING_INPUT: Final = re.compile(
    r"^on the node: .*Missing files after|^WorkflowError in rule .*\nOSError: Missing files after"
    r"|MissingInputException|[Mm]issing input files?"
)
_ENVIRONMENT: Final = re.compile(
    r"CreateCondaEnvironmentException|Could not create conda environment|CreateEnvironment"
    r"|Failed to (?:pull|create|build) .*(?:image|environment|container)|environment definition"
    r"|(?:conda|mamba|apptainer|singularity)(?: command)? (?:is not|not) (?:available|installed)",
    re.IGNORECASE,
)
_EXCEPTION: Final = re.compile(r"(?!CalledProcessError)[A-Za-z_][\w.]* in (?:rule \S+ in )?file ")
# ``ensure()``: the output is there.
_INVALID_OUTPUT: Final = re.compile(
    r"unexpected empty output files|checksums that differ from the expected ones"
)


def is_about_invalid_output(message: str | None) -> bool:
    """Whether an output was there, but not as ``ensure()`` declares it."""
    return _INVALID_OUTPUT.search(message or "") is not None


def is_missing_output(message: str | None) -> bool:
    """Whether Snakemake looked for a job's outputs in vain."""
    return _MISSING_OUTPUT.search(message or "") is not None


def from_executor(text: str) -> Cause | None:
    """Return the cause that an executor's message or a scheduler's reason names, if any."""
    return _first(_EXECUTORS, text)


def from_log(lines: Iterable[str]) -> Cause | None:
    """Return the cause that Slurm's daemons wrote into a job's log, if they did."""
    return _first(_SLURM_DAEMONS, "\n".join(lines))


def signal_in_log(lines: Iterable[str]) -> int | None:
    """Return the signal that ended a process of Slurm's, by a job's log; None if it has none."""
    found = _SLURM_TASK.search("\n".join(lines))
    return int(_TASK_SIGNALS[found["how"]]) if found is not None else None


def from_snakemake(message: str) -> Cause | None:
    """Return the cause that Snakemake's own message names, if any."""
    if _MISSING_INPUT.search(message):
        return "missing_input"
    if _MISSING_OUTPUT.search(message):
        return "missing_output"
    return "environment" if _ENVIRONMENT.search(message) else None


def is_out_of_memory(texts: Iterable[str]) -> bool:
    """Whether a tool reported that it could get no more memory."""
    return any(_NO_MEMORY_LEFT.search(text) for text in texts)


def is_exception(message: str) -> bool:
    """Whether Snakemake reported an exception in the code of a rule."""
    return _EXCEPTION.match(message) is not None


def _first(patterns: tuple[tuple[re.Pattern[str], Cause], ...], text: str) -> Cause | None:
    return next((cause for pattern, cause in patterns if pattern.search(text)), None)
