"""What the messages of common programs mean, where they do not say what to do."""

import re
from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.exit_codes.crashes import CRASHES
from snakemake_logger_plugin_observe.analysis.failures.exit_codes.meaning import Meaning, Where
from snakemake_logger_plugin_observe.analysis.phrasing import cut

_LONGEST: Final = 60
_SEGFAULT: Final = re.compile(r"\b[Ss]egmentation fault\b")
_OPERATING: Final[Where] = "operating context"
_MESSAGES: Final[tuple[tuple[re.Pattern[str], str, str, str, Where], ...]] = (
    (
        re.compile(r"can't open file '?(?P<what>[^':\n]+)'?: .*No such file"),
        "{what} is not there",
        (
            "put {what} there, or correct its path: one that is relative begins in the folder of "
            "the run, and not in that of the Snakefile"
        ),
        "{what} is there",
        "workflow semantics",
    ),
    (
        re.compile(r"error while loading shared libraries: (?P<what>[^:\s]+):"),
        "the program was found, but not its library {what}",
        (
            "install {what}, or the program with all that it needs, in the environment of the rule "
            "(conda:, container:, envmodules:)"
        ),
        "`ldd` of the program finds {what} where the job ran",
        _OPERATING,
    ),
    (
        re.compile(r"there is no package called .(?P<what>[\w.]+)"),
        "R's package {what} is not installed where the job ran",
        "install {what} in the environment of the rule (conda:, container:, envmodules:)",
        "`Rscript -e 'library({what})'` succeeds where the job ran",
        _OPERATING,
    ),
    (
        re.compile(r"ModuleNotFoundError: No module named '(?P<what>[\w.]+)'"),
        "Python's package {what} is not installed where the job ran",
        (
            "install {what} in the environment of the rule (conda:, container:, envmodules:), or "
            "correct its name"
        ),
        "`python -c 'import {what}'` succeeds where the job ran",
        _OPERATING,
    ),
)


def program_message(text: str) -> Iterator[Meaning]:
    """Yield what a line that a program printed means, and what to do about it."""
    if _SEGFAULT.search(text):
        yield CRASHES[139]
        return
    for pattern, means, to_do, wrong_if, where in _MESSAGES:
        if (found := pattern.search(text)) is not None:
            what = cut(found["what"].rpartition("/")[2] or found["what"], _LONGEST)
            fill = {"what": what}
            told = (means.format(**fill), to_do.format(**fill), wrong_if.format(**fill))
            yield Meaning("certain", *told, where)
            return
