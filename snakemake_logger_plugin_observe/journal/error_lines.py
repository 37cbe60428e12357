"""Lines of logs that read like an error, and those that say only how far a tool got."""

import re
from collections.abc import Sequence
from typing import Final

# Last lines of a log that do not show what went wrong.
_MEANINGLESS: Final = re.compile(
    r"\W*|\s*at [\w.$<>/]+\(.*|Execution halted|Calls: .*|Traceback \(most recent call last\):"
    r"|Shutting down, this might take some time\.|srun: error: .*Exited with exit code \d+"
    r"|srun: (?:Terminating|launch/slurm|got SIG|Job step aborted).*|srun: error: .*: Killed"
    r"|Will exit after finishing currently running jobs.*|make(?:\[\d+\])?: \*\*\* \[.*\] Error \d+"
)
# What tools print of an error: names of exceptions, levels of logs, messages of the system.
_CAUSE: Final = re.compile(
    r"^\s*(?:[A-Za-z_]\w*\.)*\w*(?:Error|Exception|Interrupt|Exit)\b(?:\s*:|\s*$|\s+\()"
    r"|^\[[EF]::|\[(?:E|ERROR|FATAL|CRITICAL)\]|\b(?:ERROR|FATAL|CRITICAL|PANIC)\b"
    r"|\b(?:[Ee]rror|[Ff]atal|[Ee]rreur)\b(?: in [^:]*)?\s?:|^Error in "
    r"|^\s*[Aa]bort(?:ed|ing)?\b"
    r"|\b[Aa]ssertion\b.*\b[Ff]ail|\b[Aa]ssertion failed|terminate called after throwing|what\(\):"
    r"|^Exception in thread |^Caused by: |\bpanicked at\b"
    r"|(?:: (?:command )?not found$)|: unbound variable|: syntax error |: ambiguous redirect"
    r"|\bNo such file or directory\b|\b[Pp]ermission denied\b|\b[Cc]annot (?:open|stat|access|read"
    r"|write|find|create|execute|allocate|load)\b|\b(?:[Cc]ould not|[Cc]ouldn't|[Ff]ail(?:ed)? to|"
    r"[Uu]nable to) \w+|\bNo space left on device\b|\bDisk quota exceeded\b|\b[Oo]ut of memory\b"
    r"|\b[Ss]egmentation fault\b|\b[Bb]us error\b|\bcore dumped\b|: (?:line \d+: +\d+ )?Killed\b"
    r"|\b(?:unrecognized|invalid) (?:option|argument)s?\b|\bArgument list too long\b"
)
# They look like the above, and are not: counts, rates, and what was run reports of its end.
_NO_CAUSE: Final = re.compile(
    r"\b(?:0|no) errors?\b|\berror[_ -]?rate\b|\berrors?:? *0\b"
    r"|\b(?:returned|exited with|exit) (?:non-zero )?(?:exit )?(?:code|status)\b|[Ww]arning:",
    re.IGNORECASE,
)
# Progress and news: they say only how far a tool got.
_PROGRESS: Final = re.compile(
    r"\s*\d{1,3}(?:\.\d+)?\s?%.*|.*\b\d{1,3}(?:\.\d+)?\s?%\s*(?:[|\[(#=█▏▎▍▌▋▊▉].*)?"
    r"|.*\d\s?(?:it|rec|reads?|[kMG]?B|rows?)/s\b.*|.*\bETA\b.*|\s*\[[#=\-> .]*\].*|\[[MID]::.*"
    r"|.*\[(?:INFO|DEBUG)\].*|(?:INFO|DEBUG)\b.*|\W*(?:0|[Nn]o) errors?\W*"
)

_TERMINAL_CODE: Final = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)")


def without_colours(text: str) -> str:
    """Return *text* without the codes for colours and the like, which a terminal obeys."""
    return _TERMINAL_CODE.sub("", text) if "\x1b" in text else text


def is_error(text: str) -> bool:
    """Whether a line reads like an error, and not like news of progress."""
    return is_word(text) and _CAUSE.search(text) is not None and _NO_CAUSE.search(text) is None


def is_progress(text: str) -> bool:
    """Whether a line says only how far a tool got."""
    return _PROGRESS.fullmatch(text) is not None and not is_error(text)


def is_word(text: str) -> bool:
    """Whether a line says anything of its own: neither blank, nor a frame of a traceback."""
    return bool(text.strip()) and not _MEANINGLESS.fullmatch(text)


def last_error(lines: Sequence[str]) -> int | None:
    """Return which of *lines* is the last that reads like an error, or None."""
    return next((n for n in reversed(range(len(lines))) if is_error(lines[n])), None)
