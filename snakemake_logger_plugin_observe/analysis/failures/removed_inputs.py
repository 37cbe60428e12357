"""Finds inputs that were there in a run, and gone when a job of the same run needed them.

What removed them is taken from the journal: ``temp()`` of a folder that holds them, ``temp()`` of
what they are a link to, the command of a job that ended in between, or Snakemake, which empties an
output folder before its job. Where none of these fits, only that they were gone is said.
"""

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.failures.missed_inputs import (
    MissedInputs,
    is_reported,
    missed_inputs,
)
from snakemake_logger_plugin_observe.analysis.failures.removed_input import (
    How,
    RemovedInput,
    is_dangling,
)
from snakemake_logger_plugin_observe.analysis.named_files import named_in
from snakemake_logger_plugin_observe.analysis.phrasing import both, cut
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.run.attempt import SUCCEEDED
from snakemake_logger_plugin_observe.run.model import Run

_LONGEST: Final = 80
_NOT_THERE: Final = re.compile(
    r"No such file|FileNotFoundError|[Cc]annot (?:open|stat|access|find)|not found|"
    r"[Cc]ould not (?:open|find)|does(?: not|n't) exist|[Ff]ailed to open|[Uu]nable to open"
)
_OF_THE_SHELL: Final = 126
"""This exit code and those above are the shell's: no program ran, or a signal ended it."""
_REMOVES: Final = re.compile(
    r"(?<![\w./-])(?:rm|mv|rmdir|unlink|rename|shred|gzip|gunzip|bgzip|pigz|bzip2|bunzip2|xz|unxz|"
    r"lzma)(?![\w./-])|\s-delete\b|\bshutil\.(?:move|rmtree)\b|\bos\.(?:remove|rename|unlink)\b"
)
_KEEPS: Final = re.compile(r"(?<!\S)(?:-\w*[ck]\w*|--keep|--stdout|--to-stdout)(?!\S)")
_ONE_COMMAND: Final = re.compile(r"[^;&|\n]+")
_PACKS: Final = re.compile(r"(?<![\w./-])(?:b?gzip|gunzip|pigz|b(?:un)?zip2|(?:un)?xz|lzma)\b")
_LINKS: Final = re.compile(r"(?<![\w./-])(?:ln\s|link\s)|\bos\.symlink\b|\bsymlink_to\b")


def removed_inputs(run: Run, failed: Sequence[Failure]) -> tuple[RemovedInput, ...]:
    """Return the inputs that were gone when jobs of *run* needed them.

    Args:
        run: the run.
        failed: its failures.

    """
    looked_for = [(one, lines) for one in failed if (lines := _not_found(one))]
    silent = [(one, "") for one in failed if _printed_nothing(one)]
    waited = any(one.cause == "missing_input" for one in failed) or is_reported(run)
    if not waited and not looked_for and not silent:
        return ()
    scene = _Scene(run)
    missed = missed_inputs(run, failed) if waited else ()
    found = [one for each in missed for one in scene.explain(each)]
    return (*found, *(one for each in (*looked_for, *silent) for one in scene.undeclared(*each)))


def _not_found(one: Failure) -> str:
    """Return the lines in which a tool that failed says that something is not there."""
    if one.cause == "missing_input" or one.outcome != "failed" or one.job_id is None:
        return ""
    logs = (line for log in one.rows[-1].attempt.logs for line in log.lines)
    lines = [*logs, *(one.last.message or "").splitlines()]
    return "\n".join(line for line in lines if _NOT_THERE.search(line))


def _printed_nothing(one: Failure) -> bool:
    """Whether a tool failed by itself, and nothing that it printed was kept."""
    code = one.decisive.why.exit_code
    if one.cause != "exit_code" or one.outcome != "failed" or one.decisive.line is not None:
        return False
    printed = any(log.lines for log in one.rows[-1].attempt.logs)
    return not printed and code is not None and code < _OF_THE_SHELL


class _Scene:
    """The jobs of a run that made files, and when each ran."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._ended = {
            job_id: last.stamps.finished
            for job_id in run.jobs
            if (last := run.last_attempt(job_id)) is not None
            and last.status in SUCCEEDED
            and last.stamps.finished is not None
        }
        self._makers = {
            posixpath.normpath(path): run.jobs[job_id]
            for job_id in self._ended
            for path in run.jobs[job_id].output
        }
        settings = run.started.settings if run.started is not None else {}
        self._removes_temp = not settings.get("notemp")
        self._planned_once = not any(job.checkpoint for job in run.jobs.values())

    def explain(self, missed: MissedInputs) -> Iterator[RemovedInput]:
        """Yield what a job missed, one for each way in which it was removed."""
        groups: dict[tuple[object, ...], tuple[list[str], RemovedInput]] = {}
        for path in missed.files:
            one = self._explain_one(missed, path)
            if one is None:
                continue
            maker = one.maker.job_id if one.maker is not None else None
            key = (maker, one.how, one.by, tuple(job.job_id for job in one.jobs))
            groups.setdefault(key, ([], one))[0].append(path)
        for files, first in groups.values():
            yield replace(first, files=tuple(files))

    def undeclared(self, one: Failure, lines: str) -> Iterator[RemovedInput]:
        """Yield the temporary files that a tool did not find, as its job does not declare them.

        Args:
            one: a failure.
            lines: what its tool said of files that are not there; empty if that was not kept: then
                the files that its command names count.

        """
        reader = self._run.jobs.get(one.job_id) if one.job_id is not None else None
        attempt = one.rows[-1].attempt
        began = attempt.tool_started or attempt.stamps.selected
        if reader is None or began is None or not self._removes_temp:
            return
        own = {*reader.input, *reader.output}
        temporary = [path for path, maker in self._makers.items() if path in _temporary(maker)]
        text = self._run.with_relative_paths(lines or reader.shellcmd or "")
        for path in named_in((path for path in temporary if path not in own), text):
            maker, missed = self._makers[path], MissedInputs(reader, (path,), began, None, "", True)
            made = self._ended[maker.job_id]
            if made <= began and self._temp_is_over(maker, path, missed):
                yield RemovedInput(
                    reader=reader,
                    files=(path,),
                    maker=maker,
                    gone_within=began - made,
                    how="undeclared",
                    by=path,
                    jobs=(maker,),
                    line=attempt.line,
                    message=lines,
                    certain=False,
                    failed=True,
                )

    def _explain_one(self, missed: MissedInputs, path: str) -> RemovedInput | None:
        maker = self._maker_of(path)
        if maker is not None and maker.job_id == missed.reader.job_id:
            return None
        made = self._ended.get(maker.job_id, 0) if maker is not None else (self._run.start or 0)
        if made > missed.moment:
            return None
        how, by, jobs = self._how(missed, path, maker, made)
        if how == "unknown" and (maker is None or self._run.on_cluster):
            return None  # it may never have been there, or not be visible on a node
        return RemovedInput(
            reader=missed.reader,
            files=(path,),
            maker=maker,
            gone_within=missed.moment - made,
            how=how,
            by=by,
            jobs=jobs,
            line=missed.line,
            message=missed.message,
            certain=self._is_certain(how, by, path, missed),
            failed=missed.failed,
            needed_first=any(self._precedes(job, missed.reader) for job in jobs),
        )

    def _is_certain(self, how: How, by: str, path: str, missed: MissedInputs) -> bool:
        """Whether *how* a file was removed is what happened, and not only what fits."""
        if how == "folder_temp":  # a job that was not reached yet may have kept the folder
            removed = f"Removing temporary output {by}."
            return any(
                one.kind == "removing_temporary" and one.text.strip() == removed
                for one in self._run.messages
            )
        if how == "link_to_temp":
            return " " not in by and is_dangling(path, missed.message)
        return how == "unknown"

    def _maker_of(self, path: str) -> JobDescribed | None:
        """Return the job that made a file, or the folder that it is in, in this run."""
        for place in (posixpath.normpath(path), *_parents(path)):
            if place in self._makers:
                return self._makers[place]
        return None

    def _how(
        self, missed: MissedInputs, path: str, maker: JobDescribed | None, made: Micros
    ) -> tuple[How, str, tuple[JobDescribed, ...]]:
        """Return how *path* was removed, by what, and the jobs that it was removed by."""
        if self._removes_temp:
            for folder in _parents(path):
                owner = self._makers.get(folder)
                if owner is not None and self._temp_is_over(owner, folder, missed):
                    return "folder_temp", folder, (owner,)
            if maker is not None and posixpath.normpath(path) in _temporary(maker):
                return "own_temp", path, (maker,)
            if maker is not None and (target := self._link_to(maker, path, missed)) is not None:
                return "link_to_temp", target, (maker,)
        between = tuple(self._between(missed, maker, made))
        for job, command in between:
            if (part := removing_part(command, path)) is not None:
                return "command", part, (job,)
        if maker is not None and self._planned_once:
            made_in = next((one for one in _parents(path) if one in self._makers), None)
            if made_in is not None and posixpath.normpath(path) not in self._makers:
                return "output_folder", made_in, (maker,)
        return "unknown", "", tuple(job for job, _ in between if job.job_id in self._ended)

    def _precedes(self, job: JobDescribed, reader: JobDescribed) -> bool:
        """Whether *reader* needs what *job* makes, itself or through other jobs."""
        seen: set[int] = set()
        ahead = [reader]
        while ahead:
            for path in ahead.pop().input:
                maker = self._maker_of(path)
                if maker is None or maker.job_id in seen:
                    continue
                if maker.job_id == job.job_id:
                    return True
                seen.add(maker.job_id)
                ahead.append(maker)
        return False

    def _temp_is_over(self, owner: JobDescribed, path: str, missed: MissedInputs) -> bool:
        """Whether *path*, an output of *owner*, is temporary and no job needed it any more."""
        if path not in _temporary(owner):
            return False
        readers = [
            job.job_id
            for job in self._run.jobs.values()
            if path in map(posixpath.normpath, job.input)
        ]
        return all(
            self._ended.get(reader, missed.moment + 1) <= missed.moment for reader in readers
        )

    def _link_to(self, maker: JobDescribed, missed_path: str, missed: MissedInputs) -> str | None:
        """Return the temporary input that *maker* linked to, and that is removed by now."""
        dangling = is_dangling(missed_path, missed.message)
        if not dangling and not _LINKS.search(maker.shellcmd or ""):
            return None
        gone = []
        for path in maker.input:
            owner = self._makers.get(posixpath.normpath(path))
            if owner is not None and self._temp_is_over(owner, posixpath.normpath(path), missed):
                gone.append(path)
        return both(gone) if gone else None

    def _between(
        self, missed: MissedInputs, maker: JobDescribed | None, made: Micros
    ) -> Iterator[tuple[JobDescribed, str]]:
        """Yield the jobs that ran after a file was made and before it was missed, last first.

        The reader itself counts with its earlier attempts: one of them may have moved its input.
        """
        found: list[tuple[Micros, JobDescribed]] = []
        for attempt in self._run.attempts.values():
            job, end = self._run.job_of(attempt), attempt.stamps.finished
            if job is None or end is None or job is maker:
                continue
            ran = attempt.stamps.accepted is not None or attempt.status in SUCCEEDED
            if ran and made <= end <= missed.moment:
                found.append((end, job))
        for _, job in sorted(found, key=lambda one: one[0], reverse=True):
            yield job, job.shellcmd or ""


def _parents(path: str) -> Iterator[str]:
    """Yield the folders that hold *path*, the closest first."""
    folder = posixpath.dirname(posixpath.normpath(path))
    while folder not in ("", "/", "."):
        yield folder
        folder = posixpath.dirname(folder)


def _temporary(job: JobDescribed) -> frozenset[str]:
    return frozenset(map(posixpath.normpath, job.temp or ()))


def removing_part(command: str, path: str) -> str | None:
    """Return the part of a shell *command* that removes or moves *path* or a folder with it."""
    for found in _ONE_COMMAND.finditer(command):
        part = " ".join(found[0].split())
        program = _REMOVES.search(part)
        if program is None:
            continue
        what = part
        if program[0] == "mv" and " -t " not in part:
            what = part.rpartition(" ")[0]  # the last argument is where to
        if _PACKS.search(part) and (_KEEPS.search(part) or "<" in part):
            continue
        folders = tuple(_parents(path))
        if named_in((path, *folders), what) or any(f" {each}/*" in what for each in folders):
            return cut(part, _LONGEST)
    return None
