"""``notify``: send the notice of a run now, to try what ``--logger-observe-notify`` will do."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import RenderableType

from snakemake_logger_plugin_observe.commands.support import find_journal
from snakemake_logger_plugin_observe.external import notice
from snakemake_logger_plugin_observe.journal.events import SCHEMA_VERSION
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.pasting import harmless_lines
from snakemake_logger_plugin_observe.reporters.reply import Reply
from snakemake_logger_plugin_observe.reporters.words import harmless

HELP: Final = "try a command for --logger-observe-notify, with the answer about a run"
EXAMPLE: Final = "snakemake-observe notify 'mail -s Snakemake me@example.org'"


@dataclass(frozen=True, slots=True)
class Notified:
    """A notice that was sent, or was not."""

    journal: Path
    result: notice.NoticeResult


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "shell_command",
        metavar="COMMAND",
        help="a shell command; it gets the answer on its standard input",
    )
    find_journal.add_argument(parser)


def run(args: argparse.Namespace) -> Reply[Notified]:
    """Run the command, as at the end of a run; bad news if it fails.

    Raises:
        JournalError: if there is no journal, or no command.

    """
    if not args.shell_command.strip():
        raise JournalError("notify: an empty command; name one, such as 'cat'")
    path = find_journal.find(args.journal)
    find_journal.load(path)  # an error is one line, and no notice
    journal = path.absolute()
    result = notice.send(str(journal), args.shell_command, str(Path.cwd()))
    return Reply(Notified(path, result), parts, shape, code=1 if result.why else 0)


def parts(answer: Notified, width: int) -> list[RenderableType]:
    """Return what became of it, and the end of what the command printed."""
    why = answer.result.why
    said = f"The notice was not sent: the command {why}." if why else "The notice was sent."
    printed = answer.result.printed.rstrip("\n")
    return [harmless(said), *([harmless_lines(printed)] if printed else [])]


def shape(answer: Notified) -> dict[str, Any]:
    """Return the answer as plain values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "journal": str(answer.journal),
        "sent": not answer.result.why,
        "reason": answer.result.why or None,
        "printed": answer.result.printed,
    }
