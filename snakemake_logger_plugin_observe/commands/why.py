"""``why``: why jobs ran, and the chain of causes of one job or file."""

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.change import RUN
from snakemake_logger_plugin_observe.analysis.why.not_run import find_not_run, find_up_to_date
from snakemake_logger_plugin_observe.analysis.why.origins import Origins
from snakemake_logger_plugin_observe.analysis.why.roots import chain, roots
from snakemake_logger_plugin_observe.analysis.why.selection import NoSuchJob, find
from snakemake_logger_plugin_observe.commands.support import earlier_jobs, find_journal
from snakemake_logger_plugin_observe.commands.support.why_answer import (
    looked_up,
    modified,
    why_all,
    why_of,
)
from snakemake_logger_plugin_observe.journal.excerpts import is_journal
from snakemake_logger_plugin_observe.journal.folders import (
    is_named_like_a_journal,
    journal_files,
    journals_in,
)
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.reporters.answers import WhyAnswer
from snakemake_logger_plugin_observe.reporters.as_json.why import shape
from snakemake_logger_plugin_observe.reporters.as_text.why import parts
from snakemake_logger_plugin_observe.reporters.reply import Reply

HELP: Final = "why jobs ran, by cause and rule; or why one job or file was made, or was not"
EXAMPLE: Final = "snakemake-observe why all"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "selection",
        nargs="*",
        metavar="WHAT | JOURNAL",
        help="WHAT: a job id, a rule, a rule and wildcards (screen sample=s1), a file or a "
        "key of the config (default: all jobs); JOURNAL: a journal or a run's working directory "
        "(default: the newest run here)",
    )


def run(args: argparse.Namespace) -> Reply[WhyAnswer]:
    """Return why jobs ran; always fine.

    Raises:
        JournalError: if there is no journal, or nothing in it matches the selection.

    """
    what, named = split_selection(args.selection)
    source = find_journal.load(named, Detail.FIGURES)
    if what is None:
        return Reply(why_all(source), parts, shape)
    origins = Origins(source.run)
    found = roots(origins)
    answer = why_of(source, origins, found)
    try:
        subject = find(origins, what)
    except NoSuchJob as error:
        earlier_jobs.complete(source)
        keys = {one.what.removeprefix("config ") for one in answer.changes if one.subject == RUN}
        earlier = partial(earlier_jobs.mention, source)
        not_run = find_not_run(source.run, what, modified(source), keys, earlier)
        if not_run is None:
            neither = f"; {what} is not a journal either" if is_named_like_a_journal(what) else ""
            raise JournalError(f"{source.path}: {error}{neither}") from error
        return Reply(replace(answer, not_run=looked_up(source, not_run)), parts, shape)
    if source.scope in ("incremental", "resumed"):
        earlier_jobs.complete(source)
        kept = find_up_to_date(source.run, what, modified(source))
        answer = replace(answer, not_run=looked_up(source, kept) if kept is not None else None)
    answer = replace(answer, subject=subject, chain=chain(origins, found, subject.jobs))
    return Reply(answer, parts, shape)


def split_selection(arguments: list[str]) -> tuple[str | None, Path | None]:
    """Return what to explain, None for all jobs, and the journal, None if none is named.

    The first or the last argument is the journal if it is a journal file, or a folder with
    journals. After other arguments a name that ends as theirs do is one too, so that a mistyped
    path is reported as such.
    """
    for at in (-1, 0):
        if arguments and _is_a_journal(Path(arguments[at])):
            rest = arguments[:-1] if at else arguments[1:]
            return " ".join(rest) or None, Path(arguments[at])
    last = arguments[-1] if len(arguments) > 1 else ""
    if is_named_like_a_journal(last) and "=" not in last:
        return " ".join(arguments[:-1]), Path(arguments[-1])
    return " ".join(arguments) or None, None


def _is_a_journal(path: Path) -> bool:
    try:
        if path.is_dir():
            return bool(journals_in(path)) or any(map(is_journal, journal_files(path)))
    except OSError:  # the text is not a valid file name
        return False
    return is_journal(path)
