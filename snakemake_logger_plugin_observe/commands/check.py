"""``check``: check a run against the limits and required outputs in a workflow's check file."""

import argparse
import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from snakemake_logger_plugin_observe import pasting
from snakemake_logger_plugin_observe.analysis.check.budgets import (
    CheckLine,
    ended,
    judge,
    recorded_outputs,
    same_outputs,
    same_work,
    slower_by,
)
from snakemake_logger_plugin_observe.analysis.check.measured_run import MeasuredRun
from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.commands.support import (
    check_of_ends,
    find_journal,
    folder_runs,
    write_files,
)
from snakemake_logger_plugin_observe.commands.support.check_file import (
    CheckFile,
    CheckFileError,
    read_check_file,
)
from snakemake_logger_plugin_observe.external.published_files import published
from snakemake_logger_plugin_observe.external.verify_commands import run_verify_command
from snakemake_logger_plugin_observe.journal.folders import SUBFOLDER
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.reporters.answers import CheckAnswer, ProposalAnswer, Source
from snakemake_logger_plugin_observe.reporters.as_json.check import shape, shape_proposal
from snakemake_logger_plugin_observe.reporters.as_text.check import parts, proposal_parts
from snakemake_logger_plugin_observe.reporters.reply import Reply

HELP: Final = "check a run against its workflow's budgets and required outputs"
EXAMPLE: Final = "snakemake-observe check observe.toml --strict"
_PRINT: Final = "-"
_NO_BASELINE: Final = (
    "no earlier run of the same Snakefile and targets succeeded; name one with --baseline"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("file", metavar="FILE", help="the check file (TOML)")
    find_journal.add_argument(parser)
    parser.add_argument(
        "--init",
        action="store_true",
        help="write a first FILE from the newest full run that succeeded (- prints it); never "
        "overwrites",
    )
    parser.add_argument(
        "--directory",
        type=Path,
        metavar="DIR",
        help="where published files are and verify commands run (default: the working directory "
        "that contains the journal, or else the current directory)",
    )
    parser.add_argument(
        "--baseline",
        type=Path,
        metavar="JOURNAL",
        help="the run to compare with: a journal, a working directory, a folder of journals, or a "
        "tag",
    )
    parser.add_argument(
        "--junit", type=Path, metavar="XML", help="also write the answer as JUnit XML"
    )
    parser.add_argument(
        "--strict", action="store_true", help="a line that could not be checked counts as FAIL"
    )


def run(args: argparse.Namespace) -> Reply[CheckAnswer] | Reply[ProposalAnswer]:
    """Return each line of the file with whether it passes; 1 if the run fails one.

    Raises:
        CheckFileError: if the file cannot be used.
        JournalError: if the journal cannot be read.
        WritingError: if FILE or the JUnit file cannot be written.

    """
    if args.directory is not None and not args.directory.is_dir():
        raise JournalError(f"{args.directory}: no such folder; name the run's working directory")
    if args.init:
        _check_options(args)
        return Reply(_propose(args), proposal_parts, shape_proposal)
    if args.junit is not None and str(args.junit) == _PRINT:
        raise write_files.WritingError("--junit needs the name of a file, not -")
    file = read_check_file(Path(args.file))
    source, lines = _by_ends(args, file) or _by_all_lines(args, file)
    folder, publish = _folder(source.path, args.directory), file.tables.publish
    lines += _required_outputs(file, folder, _why_not_published(source))
    answer = CheckAnswer(
        source,
        file.path,
        folder,
        tuple(sorted(lines, key=lambda line: line.file_line or 0)),
        strict=args.strict,
        notes=(
            *(_notes(source, folder, args.directory) if publish.files or publish.verify else ()),
            *(_unused_digests(source, lines) if not source.run.only_ends else ()),
        ),
    )
    if args.junit is not None:
        from snakemake_logger_plugin_observe.reporters.documents import junit

        inputs = (source.path, file.path)
        write_files.replace(args.junit, junit.render(answer), inputs=inputs)
    return Reply(answer, parts, shape, 0 if answer.passed else 1)


def _by_ends(args: argparse.Namespace, file: CheckFile) -> tuple[Source, list[CheckLine]] | None:
    """Return a run that passes all limits by two lines of its journal; None if more must be read.

    Its first and its last line have its budgets, and nothing of its baseline or its outputs.
    """
    tables = file.tables
    if tables.baseline is not None or args.baseline is not None or tables.outputs.sha256:
        return None
    return check_of_ends.passes(args.journal, file.limits)


def _by_all_lines(args: argparse.Namespace, file: CheckFile) -> tuple[Source, list[CheckLine]]:
    source = find_journal.load(args.journal)
    subject = _subject(source)
    lines = [ended(subject)]
    lines += [judge(subject, limit) for limit in file.limits]
    lines += _compared(args, file, source)
    if sha256 := file.tables.outputs.sha256:
        at = file.line("outputs", "sha256")
        lines.append(recorded_outputs(sha256, _digests(source), at))
    return source, lines


def _check_options(args: argparse.Namespace) -> None:
    """Raise CheckFileError if --init comes with an option for a check."""
    given = {"--strict": args.strict, "--baseline": args.baseline, "--junit": args.junit}
    if useless := [name for name, value in given.items() if value]:
        raise CheckFileError(
            f"--init writes a first file, and checks nothing: leave out {', '.join(useless)}"
        )


def _subject(source: Source) -> MeasuredRun:
    return MeasuredRun(source.run, source.status, source.problems)


def _folder(journal: Path, named: Path | None) -> Path:
    """Return where the run was, from paths that the user named: a journal is not to be trusted."""
    return named if named is not None else find_journal.working_directory(journal)


# -- the baseline --------------------------------------------------------------------------------


def _compared(args: argparse.Namespace, file: CheckFile, source: Source) -> Iterator[CheckLine]:
    """Yield how the run compares with its baseline, if the file or the user asks for it."""
    tables, named = file.tables, args.baseline
    if tables.baseline is None and named is None:
        return
    from snakemake_logger_plugin_observe.analysis.compare import comparison
    from snakemake_logger_plugin_observe.commands.support import sides

    required: dict[str, Any] = {"same_work": True}
    if tables.baseline is not None:
        required = tables.baseline.model_dump(exclude_defaults=True)
        journal = required.pop("journal", None)
        named = file.path.parent / journal if named is None and journal is not None else named
    baseline = sides.baseline_side(source, named)
    if baseline is not None:
        both = sides.parties(baseline, sides.Side(source), tables.publish.files)
        found = comparison.compare(*both)
    for key, limit in required.items():
        line = file.lines.get(("baseline", key))
        if baseline is None:
            yield CheckLine("baseline", key, limit, None, None, _NO_BASELINE, line)
        elif key == "slower_by":
            yield slower_by(found, limit, line)
        else:
            yield {"same_work": same_work, "same_outputs": same_outputs}[key](found, line)


def _digests(source: Source) -> dict[str, str | None]:
    """Return the checksums of a run's outputs, also of those that an earlier run made.

    None for what was up to date, and made by no run that is known.
    """
    from snakemake_logger_plugin_observe.analysis.compare.checksums import recorded
    from snakemake_logger_plugin_observe.commands.support import earlier_jobs

    earlier_jobs.complete(source)
    kept = dict.fromkeys(path for job in source.run.kept.values() for path in job.output)
    return kept | {path: one.file.sha256 for path, one in recorded(source.run).items()}


# -- required outputs ----------------------------------------------------------------------------


def _why_not_published(source: Source) -> str:
    """Return why the run cannot have published anything; empty if it can have."""
    if source.status in ("running", "unknown"):
        return _subject(source).incomplete
    return "nothing ran: a dry run" if source.run.is_dry_run else ""


def _required_outputs(file: CheckFile, folder: Path, why_not: str) -> Iterator[CheckLine]:
    """Yield whether the required files exist, and whether the verify commands succeed."""
    publish = file.tables.publish
    for index, pattern in enumerate(publish.files):
        number = file.line("publish", "files", index)
        line = CheckLine("publish", "files", pattern, None, None, why_not, number)
        yield line if why_not else _files(line, folder, pattern)
    for index, command in enumerate(publish.verify):
        number = file.line("publish", "verify", index)
        line = CheckLine("verify", "verify", pasting.recorded(command), None, None, why_not, number)
        yield line if why_not else _verified(line, file, folder, command)


def _files(line: CheckLine, folder: Path, pattern: str) -> CheckLine:
    found = published(folder, pattern)
    files = tuple((str(folder / one.path), one.bytes) for one in found)
    is_folder = not found and (folder / pattern).is_dir()
    why = f"this is a folder; its files are {pattern.rstrip('/')}/**" if is_folder else ""
    return replace(line, value=len(found), ok=bool(found), why=why, files=files)


def _verified(
    line: CheckLine, file: CheckFile, folder: Path, command: tuple[str, ...]
) -> CheckLine:
    result = run_verify_command(
        command,
        here=file.path.absolute().parent,
        folder=folder,
        timeout_s=file.tables.publish.verify_timeout_s,
    )
    started = pasting.recorded(result.command)
    value = "exit code 0" if result.ok else result.why
    evidence = tuple(Citation("command", started, text) for text in result.output)
    return replace(line, value=value, ok=result.ok, evidence=evidence)


def _notes(source: Source, folder: Path, named: Path | None) -> Iterator[str]:
    """Yield why the published files may not be the files of this run."""
    if named is None and find_journal.above(source.path.absolute().parent) is None:
        yield (
            "the journal is not in a working directory: published files are looked up in the "
            "current directory; --directory names another"
        )
    for newer in reversed(folder_runs.runs_in(folder / SUBFOLDER)):
        if newer.path.name > source.path.name and newer.ran_jobs:
            name = newer.path.name
            yield f"a later run, {name}, may have changed what this run published"
            return


def _unused_digests(source: Source, lines: Sequence[CheckLine]) -> Iterator[str]:
    """Say that recorded checksums are compared with nothing: changed outputs would pass."""
    if {line.key for line in lines} & {"same_work", "same_outputs", "sha256"}:
        return
    files = (file for one in source.run.attempts.values() for file in one.outputs or ())
    if any(file.sha256 is not None for file in files):
        yield (
            "outputs: not checked, though their checksums are recorded: list them under "
            "[outputs.sha256], as check --init does, or set same_outputs = true under [baseline]"
        )


# -- a first file ----------------------------------------------------------------------------------


def _propose(args: argparse.Namespace) -> ProposalAnswer:
    from snakemake_logger_plugin_observe.analysis.check.proposal import final_outputs, limits
    from snakemake_logger_plugin_observe.commands.support import other_runs
    from snakemake_logger_plugin_observe.reporters.documents import check_toml

    newest = find_journal.load(args.journal)
    named = args.journal is not None and not args.journal.is_dir()
    source = newest if named or other_runs.is_full(newest) else _full_run_before(newest) or newest
    started = source.run.started
    if source.status == "success" and started is not None and started.kind == "touch":
        raise CheckFileError(
            f"{source.path}: limits cannot be proposed from a run that only touched its outputs"
        )
    if source.status != "success" or started is None or started.kind != "run":
        raise CheckFileError(
            f"{source.path}: limits can only be proposed from a run that succeeded; the status of "
            f"this run is {source.status.replace('_', ' ')}"
        )
    subject = _subject(source)
    folder = _folder(source.path, args.directory)
    globs = [glob for glob in final_outputs(subject) if published(folder, glob)]
    text = check_toml.render(
        source.path.name,
        list(limits(subject)),
        globs,
        _steady_digests(source),
        left_out=subject.partial,
    )
    file = None if args.file == _PRINT else Path(args.file)
    if file is not None:
        write_files.create(file, text, write_files.SHARED)
    return ProposalAnswer(source, file, text)


def _full_run_before(source: Source) -> Source | None:
    """Return the newest run of the same workflow that ran all of it, before *source*."""
    from snakemake_logger_plugin_observe.commands.support import other_runs

    started = source.run.started
    earlier = folder_runs.before(source.path, started) if started is not None else []
    return other_runs.newest_full(earlier)


def _steady_digests(source: Source) -> dict[str, str]:
    """Return the checksums of a run's products, but of those that differed in runs like it."""
    from snakemake_logger_plugin_observe.analysis.compare.checksums import varying
    from snakemake_logger_plugin_observe.analysis.compare.lineage import Lineage
    from snakemake_logger_plugin_observe.commands.support import other_runs

    runs = [source.run]
    for one in other_runs.history(source)[:-1]:
        with contextlib.suppress(JournalError):
            runs.append(find_journal.load(one.path, Detail.FIGURES).run)
    known, differing = _digests(source), varying(runs)
    return {
        path: digest
        for path in Lineage(source.run).products
        if path not in differing and (digest := known.get(path)) is not None
    }
