"""Signals that only a crash sends, and a limit on the size of files."""

from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.exit_codes.meaning import Meaning


def _crash(name: str, text: str) -> Meaning:
    return Meaning(
        "certain",
        f"a program of the command {text} ({name})",
        "run it again with the same inputs: if it ends so again, report it to its authors, or "
        "install another version; if not, suspect the machine",
        f"no program of the command ends with {name} when it is run again",
        "tool behavior",
    )


CRASHES: Final = {
    132: _crash("SIGILL", "used an instruction that this processor does not have"),
    134: _crash("SIGABRT", "aborted itself: a failed assertion, or no memory left"),
    135: _crash("SIGBUS", "read memory that is not there: a file cut while it was read"),
    136: _crash("SIGFPE", "divided by zero"),
    139: _crash("SIGSEGV", "read memory that is not its own: a bug in it or in a library"),
    153: Meaning(
        "certain",
        "a program of the command wrote a larger file than may be written (SIGXFSZ)",
        "raise the limit (`ulimit -f`) in the command, or before Snakemake is started",
        "`ulimit -f`, put before that program, prints unlimited",
        "operating context",
    ),
}
