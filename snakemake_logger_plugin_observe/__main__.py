"""The ``snakemake-observe`` command line: the only place that maps errors to exit codes."""

import argparse
import difflib
import gc
import os
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

from snakemake_logger_plugin_observe import __version__
from snakemake_logger_plugin_observe.commands import COMMANDS, module_of
from snakemake_logger_plugin_observe.console import UserError
from snakemake_logger_plugin_observe.reporters.forms import FORMS
from snakemake_logger_plugin_observe.reporters.forms.text import UNLIMITED
from snakemake_logger_plugin_observe.reporters.words import harmless

_DEFAULT = "cost"
_INTERRUPTED = 130
_LIKE_A_COMMAND = re.compile(r"[A-Za-z][\w-]*")
_USUAL = 100


def parser(names: Iterable[str] = COMMANDS) -> argparse.ArgumentParser:
    """Return the parser of the command line, with the commands of these *names*."""
    top = _Parser(
        prog="snakemake-observe",
        description="Show where a Snakemake run's time went and why jobs failed, from its run "
        "journal. Without a command: cost. 'COMMAND --help' lists a command's options.",
    )
    top.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Command)
    for name in names:
        module = module_of(name)
        description = f"{module.HELP[0].upper()}{module.HELP[1:]}."
        example = getattr(module, "EXAMPLE", f"{top.prog} {name}")
        own = commands.add_parser(
            name, help=module.HELP, description=description, epilog=f"Example: {example}"
        )
        module.add_arguments(own)
        own.add_argument(
            "--format", choices=list(FORMS), default="text", help="how to print it (default: text)"
        )
    return top


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong with the arguments, and exit with 2."""
        self.exit(2, f"{self.prog}: {harmless(message)} (see {self.prog} --help)\n")


class _Command(_Parser):
    """A command's parser: options may stand anywhere, in every version of Python."""

    # An argument that it does not know is its error, as it knows which one may be meant.

    _intermixing = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Parse all options first, then the positional arguments."""
        if self._intermixing:
            return super().parse_known_args(args, namespace)
        self._intermixing = True
        try:
            found, unknown = self.parse_known_intermixed_args(args, namespace)
        finally:
            self._intermixing = False
        if unknown:
            names = [name for one in unknown for name in self._near(one)]
            hint = f"; did you mean {' '.join(names)}?" if names else ""
            self.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
        return found, unknown

    def _near(self, argument: str) -> list[str]:
        """Return the option that is most like *argument*, if it is meant as one."""
        name = argument.partition("=")[0]
        options = self._option_string_actions if name.startswith("--") else ()
        return difflib.get_close_matches(name, options, n=1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0 if all is fine, 1 if the answer is bad news, 2 if there is no answer, 130 after Ctrl-C.

    """
    try:
        return _run(list(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt:
        print(file=sys.stderr)  # the terminal has written ^C on this line
        return _INTERRUPTED


def _run(given: list[str]) -> int:
    if given and (unknown := _unknown_command(given[0])):
        print(f"snakemake-observe: {unknown}", file=sys.stderr)
        return 2
    if not given or (given[0] not in COMMANDS and given[0] not in ("-h", "--help", "--version")):
        given.insert(0, _DEFAULT)
    if any(not argument and before != "--with" for before, argument in pairwise(given)):
        print("snakemake-observe: empty argument: is a variable unset?", file=sys.stderr)
        return 2
    args = parser(_needed(given[0])).parse_args(given)
    if sys.stdout is None:
        print("snakemake-observe: cannot write the answer: stdout is closed", file=sys.stderr)
        return 2
    try:
        reply = module_of(args.command).run(args)
        text = FORMS[args.format](reply, width=_width(), color=_color())
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
        print(text, end="" if text.endswith("\n") else "\n", flush=True)
        for note in reply.notes if args.format == "text" else ():
            print(f"snakemake-observe: {harmless(note)}", file=sys.stderr)
    except UserError as error:
        print(f"snakemake-observe: {harmless(str(error))}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.filename is not None:  # it is about a file or a folder, and not about stdout
            from snakemake_logger_plugin_observe.journal.lines import unreadable

            text = harmless(str(unreadable(Path(os.fsdecode(error.filename)), error)))
            print(f"snakemake-observe: {text}", file=sys.stderr)
            return 2
        text = harmless(str(error))
        print(f"snakemake-observe: cannot write the answer: {text}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2
    return int(reply.code)


def _needed(word: str) -> Iterable[str]:
    """Return the commands that the parser must know, given the first argument."""
    if word in COMMANDS:
        return (word,)
    return () if word == "--version" else COMMANDS


def _unknown_command(word: str) -> str | None:
    """Return what to say of a first argument that is neither a command, nor an option or a path."""
    if word in COMMANDS or not _LIKE_A_COMMAND.fullmatch(word) or os.path.lexists(word):
        return None
    near = difflib.get_close_matches(word, COMMANDS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"the commands are {', '.join(COMMANDS)}"
    return f"{word}: no such command, nor a journal or folder of that name; {hint}"


def _width() -> int:
    """Return the width of texts: ``COLUMNS``, or the terminal's, or without one no limit."""
    return shutil.get_terminal_size((_USUAL if sys.stdout.isatty() else UNLIMITED, 24)).columns


def _color() -> bool:
    plain = "NO_COLOR" in os.environ or os.environ.get("TERM") in ("dumb", "unknown")
    return sys.stdout.isatty() and not plain


def console() -> int:
    """Run one command and end the process: the entry point ``snakemake-observe``."""
    gc.disable()  # all objects of a journal are needed until the end: collecting is wasted
    return main()


if __name__ == "__main__":
    sys.exit(console())
