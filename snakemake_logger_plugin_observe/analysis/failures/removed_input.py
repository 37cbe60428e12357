"""A finding about inputs that were gone when a job needed them: what removed them, what to do."""

import posixpath
import re
from dataclasses import dataclass
from typing import Literal

from snakemake_logger_plugin_observe.analysis.phrasing import both, job_name, job_names
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.pasting import Command
from snakemake_logger_plugin_observe.pasting import path as argument

How = Literal[
    "folder_temp", "own_temp", "undeclared", "link_to_temp", "command", "output_folder", "unknown"
]
"""What removed inputs: ``temp()`` of a folder that holds them, their own, or that of the file that
they link to; a job's command; Snakemake, as they were in the output folder of a job that was to
start; or something that the journal does not show."""


@dataclass(frozen=True, slots=True)
class RemovedInput:
    """Inputs of a job that were gone when it needed them, all removed in the same way."""

    reader: JobDescribed
    """The job that needed them."""
    files: tuple[str, ...]
    maker: JobDescribed | None
    """The job of this run that made them; None if they were there when the run was planned."""
    gone_within: Micros
    """How long after they were made they were found to be gone."""
    how: How
    by: str
    """What removed them: a folder, the file that they are a link to, or a part of a command."""
    jobs: tuple[JobDescribed, ...]
    """The jobs that removed them, or those that ended in between if it is not known which did."""
    line: int | None
    """The journal line that reports them missing."""
    message: str
    """What was printed of them; empty if that was not kept."""
    certain: bool
    """Whether what removed them follows from the journal, or is not said."""
    failed: bool
    """Whether an attempt of the reader failed; else the whole run ended with that error."""
    needed_first: bool = False
    """Whether the reader needs what a job that removed them makes, and so cannot run before it."""

    @property
    def claim(self) -> str:
        """Return what was gone, who had made it, and what removed it."""
        one = len(self.files) == 1
        if self.how == "undeclared":
            made = f"{both(self.files)}, which {job_names(self.jobs)} had made in this run"
            it, them = ("it is", "it") if one else ("they are", "them")
            missed = "did not find" if self.message else "failed, and its command names"
            return (
                f"{job_name(self.reader)} {missed} {made}: {it} temp(), and probably removed "
                f"by then, as {self.reader.rule} does not declare {them} as input"
            )
        inputs = f"input{'' if one else 's'} {both(self.files)} of {job_name(self.reader)}"
        was = "was" if one else "were"
        if self.maker is None or self.how == "output_folder":
            text = f"{inputs} {was} there when the run was planned, and gone when it needed "
            text += "it" if one else "them"
        else:
            text = f"{inputs} {was} made by {job_name(self.maker)} in this run, and gone "
            text += f"{_span(self.gone_within)} later"
        them = "it" if one else "them"
        match self.how:
            case "folder_temp":
                probably = "" if self.certain else "probably because "
                return f"{text}: {probably}{self.by} is temp() and holds {them}"
            case "own_temp":
                return f"{text}: probably because {'it is' if one else 'they are'} temp()"
            case "link_to_temp":
                it = "it is a link" if one else "they are links"
                probably = "" if self.certain else "probably "
                return f"{text}: {probably}{it} to {self.by}, which is temp() and was removed"
            case "command":
                jobs = job_names(self.jobs)
                return f"{text}: probably removed by {jobs}, whose command has `{self.by}`"
            case "output_folder":
                return (
                    f"{text}: {job_names(self.jobs)} declares the folder {self.by}, which "
                    f"Snakemake removes before that job, and probably did not make {them} anew"
                )
        if self.jobs:
            return f"{text}; what removed {them} is not known: {job_names(self.jobs)} ran meanwhile"
        return f"{text}; what removed {them} is not known: no other job succeeded meanwhile"

    @property
    def fix(self) -> str:
        """Return what to do, as an imperative."""
        them = "it" if len(self.files) == 1 else "them"
        match self.how:
            case "folder_temp":
                rules = " and ".join(dict.fromkeys(job.rule for job in self.jobs))
                return (
                    f"take temp() off {self.by} in rule {rules}, or leave {self.by} out of its "
                    f"outputs, then run again"
                )
            case "undeclared":
                return f"declare {both(self.files)} as input of {self.reader.rule}, then run again"
            case "own_temp":
                return f"take temp() off {both(self.files)}, or use --notemp, then run again"
            case "link_to_temp":
                maker = self.maker.rule if self.maker is not None else "the rule that makes it"
                return f"let {maker} copy {self.by}, or take temp() off {self.by}, then run again"
            case "command":
                rules = " and ".join(dict.fromkeys(job.rule for job in self.jobs))
                if rules == self.reader.rule:
                    return (
                        f"{self._back}let {rules} copy or leave what its jobs read, then run again"
                    )
                later = f", or declare that {rules} runs after {self.reader.rule}"
                return (
                    f"{self._back}let {rules} copy or leave what {self.reader.rule} reads"
                    f"{'' if self.needed_first else later}, then run again"
                )
            case "output_folder":
                rules = " and ".join(dict.fromkeys(job.rule for job in self.jobs))
                return (
                    f"let {rules} make {both(self.files)}, or restore {them} outside of {self.by} "
                    f"and correct the input of {self.reader.rule}, then run again"
                )
        return f"find out what removes {both(self.files)}, then run again: {them} will be made anew"

    @property
    def _back(self) -> str:
        """Return how to get back what no job makes, as the begin of what to do."""
        if self.maker is not None:
            return ""
        match self.by.split():
            case ["mv", path, target] if (path,) == self.files and any(
                target in job.output for job in self.jobs
            ):
                moved = Command(("mv", argument(target), argument(path)))
                return f"`{moved}` first, as no job makes that; then "
        return f"restore {both(self.files)} first, as no job makes that; then "

    @property
    def why(self) -> str:
        """Return why that helps, as a clause."""
        match self.how:
            case "folder_temp":
                return (
                    "Snakemake removes a temp() folder once no job needs the folder itself, with "
                    "all that it holds"
                )
            case "own_temp" | "undeclared":
                return "Snakemake removes a temp() file once it knows no job that still needs it"
            case "link_to_temp":
                return "a link is of no use once what it points to is removed"
            case "command":
                return "Snakemake does not know that a command removes what another job reads"
            case "output_folder":
                return "Snakemake removes an output folder, with all in it, before its job starts"
        return "Snakemake itself removes only temp() files and the outputs of failed jobs"

    @property
    def wrong_if(self) -> str:
        """Return what would show that it is not so."""
        match self.how:
            case "folder_temp":
                return f"the same command with --notemp ends in the same way, without {self.by}"
            case "own_temp" | "undeclared":
                return "the same command with --notemp ends in the same way"
            case "link_to_temp":
                return f"{self.files[0]} is no link, or a link to something else"
            case "command":
                return f"{self.files[0]} is still missing after that command was taken out"
            case "output_folder":
                return f"the command of {self.jobs[0].rule} makes {self.files[0]}"
        return f"{self.files[0]} is there, and was not made again since"


def is_dangling(path: str, message: str) -> bool:
    """Whether a *message* lists a file that it calls missing among those of its folder.

    Such a file is a link to something that is not there.
    """
    name = posixpath.basename(path)
    contents = re.search(
        rf"{re.escape(path)} \(missing locally, parent dir contents: ([^\n]*?)\)(?=\s|$)", message
    )
    return contents is not None and name in contents[1].split(", ")


def _span(micros: Micros) -> str:
    return f"{micros / 1e3:.0f} ms" if micros < 100_000 else f"{micros / 1e6:.1f} s"
