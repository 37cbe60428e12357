"""``why``: what the jobs of a run go back to; of one job or file, the chain of causes."""

import argparse
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.differences import changes
from snakemake_logger_plugin_observe.analysis.why.origins import Origins
from snakemake_logger_plugin_observe.analysis.why.roots import chain, roots
from snakemake_logger_plugin_observe.analysis.why.selection import NoSuchJob, find
from snakemake_logger_plugin_observe.analysis.why.why import why
from snakemake_logger_plugin_observe.commands.support import find_journal
from snakemake_logger_plugin_observe.commands.support.baselines import baseline_of
from snakemake_logger_plugin_observe.journal.files import (
    Detail,
    JournalError,
    is_journal,
    journals_in,
)
from snakemake_logger_plugin_observe.reporters.answers import WhyAnswer
from snakemake_logger_plugin_observe.reporters.as_json.why import shape
from snakemake_logger_plugin_observe.reporters.as_text.why import parts
from snakemake_logger_plugin_observe.reporters.reply import Reply

HELP: Final = "why it ran: by cause and rule, or one job's or file's causes back to the root"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "words",
        nargs="*",
        metavar="WHAT | JOURNAL",
        help="WHAT: a job's id, a rule, a rule and wildcards (screen sample=s1) or a file "
        "(default: all jobs); JOURNAL: a journal, or a run's working directory "
        "(default: the newest run here)",
    )


def run(args: argparse.Namespace) -> Reply[WhyAnswer]:
    """Return why jobs ran; always fine.

    Raises:
        JournalError: if there is no journal, or no job in it that is called so.

    """
    what, named = told_apart(args.words)
    source = find_journal.load(named, Detail.FIGURES)
    origins = Origins(source.run)
    found = roots(origins)
    subject = None
    if what is not None:
        try:
            subject = find(origins, what)
        except NoSuchJob as error:
            neither = f"; nor is {what} a journal" if what.endswith(".jsonl") else ""
            raise JournalError(f"{source.path}: {error}{neither}") from error
    baseline = baseline_of(source, Detail.JOBS)
    answer = WhyAnswer(
        source,
        why(source.run, origins, found),
        baseline,
        changes(baseline.run, source.run) if baseline is not None else (),
        subject,
        chain(origins, found, subject.jobs) if subject is not None else None,
    )
    return Reply(answer, parts, shape)


def told_apart(words: list[str]) -> tuple[str | None, Path | None]:
    """Return what is asked about, if anything, and which journal, if one is named.

    The journal is the first or the last word, and is known by what lies there: a run's journal, or
    a folder with journals. Behind other words, a name that ends so is meant as one.
    """
    for at in (-1, 0):
        if words and _is_a_journal(Path(words[at])):
            rest = words[:-1] if at else words[1:]
            return " ".join(rest) or None, Path(words[at])
    if len(words) > 1 and words[-1].endswith(".jsonl") and "=" not in words[-1]:
        return " ".join(words[:-1]), Path(words[-1])
    return " ".join(words) or None, None


def _is_a_journal(path: Path) -> bool:
    try:
        if path.is_dir():
            return bool(journals_in(path)) or any(map(is_journal, path.glob("*.jsonl")))
    except OSError:  # no name of a file
        return False
    return is_journal(path)
