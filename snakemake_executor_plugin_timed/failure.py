"""What a tool's failure says: its exit code, and a line of text."""

import re
from typing import Final

_LINKS_TO_FOLLOW: Final = 20
_KEPT_TEXT: Final = 500
# A command is its job's and needs no second telling; a nested process numbers its jobs anew.
_SAID_ELSEWHERE: Final = re.compile(
    r"Command '.*' (?=returned non-zero exit status|died with)"
    r"|(?<=\bJob )\d+ (?=completed successfully)",
    re.DOTALL,
)


def exit_code(failure: BaseException) -> int | None:
    """Return the exit code behind *failure*, negative for a signal, or None if there is none.

    Snakemake raises its own exception from the tool's, so the code is further down the chain.
    """
    link: BaseException | None = failure
    for _ in range(_LINKS_TO_FOLLOW):
        if link is None:
            return None
        code = getattr(link, "returncode", None)
        if isinstance(code, int):
            return code
        link = link.__cause__ or link.__context__
    return None


def message(failure: BaseException) -> str:
    """Return what *failure* says, in one line."""
    return in_one_line(str(failure)) or type(failure).__name__


def in_one_line(text: str) -> str:
    """Return an error's *text* without the places that it came through, as one line.

    Snakemake says what failed and where, then why, then the traceback's places.
    """
    lines = [line.strip() for line in _SAID_ELSEWHERE.sub("", text).splitlines()]
    told = [line for line in lines if line and not line.startswith('File "')]
    if told and told[0].startswith("Traceback "):  # Snakemake itself failed; the last line says how
        told = told[-1:]
    return " ".join(told[:4])[:_KEPT_TEXT]
