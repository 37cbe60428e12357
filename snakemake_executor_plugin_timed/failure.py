"""A tool's failure: its exit code, and its message in one line."""

import re
from collections.abc import Callable
from typing import Final

_LINKS_TO_FOLLOW: Final = 20
_KEPT_TEXT: Final = 500
_MOST_TEXT: Final = 16_000
# The command is in the job's own event, unless the code of a ``run:`` ran it.
_COMMAND: Final = re.compile(r"Command '.*' (?=returned non-zero exit status|died with)", re.DOTALL)
_GOES_ON: Final = (";", "&", "|", "(", "{", "then", "do", "else")
# A nested process numbers its jobs anew.
_NUMBER: Final = re.compile(r"(?<=\bJob )\d+ (?=completed successfully)")


def exit_code(failure: BaseException) -> int | None:
    """Return the exit code behind *failure*, negative for a signal, or None if there is none.

    Snakemake raises its own exception from the tool's, so the code is further along the chain.
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


def message(
    failure: BaseException, mask: Callable[[str], str], *, with_command: bool = False
) -> str:
    """Return the message of *failure* in one line, masked by *mask*."""
    return in_one_line(str(failure), mask, with_command=with_command) or type(failure).__name__


def in_one_line(text: str, mask: Callable[[str], str], *, with_command: bool = False) -> str:
    """Return an error's *text* without its traceback, in one line, masked before it is cut.

    The command that failed is left out, unless it is asked for. Snakemake prints what
    failed and where, then why, then the traceback.
    """
    text = mask(text[:_MOST_TEXT])
    text = _NUMBER.sub("", _COMMAND.sub(_on_one_line if with_command else "", text))
    lines = [line.strip() for line in text.splitlines()]
    kept = [line for line in lines if line and not line.startswith('File "')]
    if kept and kept[0].startswith("Traceback "):  # Snakemake itself failed: the error comes last
        kept = kept[-1:]
    return " ".join(kept[:4])[:_KEPT_TEXT]


def _on_one_line(found: re.Match[str]) -> str:
    """Return a command with ``;`` for its line breaks, except where it goes on behind them."""
    lines = found[0].replace("\\\n", " ").removesuffix("' ").splitlines()
    kept = [line.strip() for line in lines if line.strip()]
    ended = [line if line.endswith(_GOES_ON) else f"{line};" for line in kept[:-1]]
    return " ".join((*ended, *kept[-1:])) + "' "
