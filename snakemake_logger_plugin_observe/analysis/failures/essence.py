"""What an error of Snakemake's is about: its text without the advice around it.

Snakemake's messages begin with what is the same in all of them, and end with the file's name.
"""

import re
from typing import Final

_BLANK: Final = re.compile(r"\s{50,}")
"""More than any error has; the patterns below would take long on it."""
# Snakemake adds this to each message about missing files, whatever the reason.
_LATENCY: Final = re.compile(
    r"\. This might be due to filesystem latency\..*?--latency-wait", re.DOTALL
)
_WITHOUT: Final = tuple(
    (re.compile(pattern, re.DOTALL), instead)
    for pattern, instead in (
        # The lock, incomplete files, and names that are keywords: advice.
        (r"\s*Please make sure that no other Snakemake process.*?--unlock argument\.?", ""),
        (r"\s*If you are sure that certain files are not.*?--rerun-incomplete flag\.", ""),
        (r"\s*If you named a variable or function like this.*?avoid the conflict\.", ""),
        # Missing outputs: the name of the job is known, the name of the file is not.
        (r"Job \d+\s+completed successfully, but some output files are missing\.\s*", ""),
        (r", parent dir contents: [^\n]*\)|, parent dir contents:[^)]*\)", ")"),
        # An exception in an input function.
        (r"Error:\s+(?=\w+(?:Error|Exception|Exit|Interrupt)\b)", ""),
        (r"\s*Wildcards:\s*Traceback:\s*", "; "),
        (r"\s*Wildcards:\s*(.+?)\s*Traceback:\s*", r"; \1; "),
        (r"\s*\(rule [^()\n]+, line \d+, [^()\n]+\)", ""),
        (r":\s*None$", ""),
        # The file and the line are named before the error too.
        (r'\s*File "[^"\n]+", line \d+, in <module>\s*$', ""),
    )
)
_OUTPUT: Final = re.compile(r"^MissingOutputException in (?:rule|group) [^\n]*?line \d+:\s*")


def essence(text: str) -> str:
    """Return the *text* of an error on one line, without Snakemake's advice."""
    text = _LATENCY.sub("", _BLANK.sub("\n", text))
    for pattern, instead in _WITHOUT:
        text = pattern.sub(instead, text)
    return " ".join(text.split())


def on_one_line(message: str | None) -> str:
    """Return a message without line breaks and Snakemake's advice about latency."""
    return " ".join(_LATENCY.sub("", message or "").split())


def of_missing_output(text: str) -> str:
    """Return what was missing, of an error whose job and cause are given before it."""
    return essence(_OUTPUT.sub("", text))
