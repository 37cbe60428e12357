"""What Snakemake's check of a job's outputs found: missing, empty, or with another checksum."""

import re
from collections.abc import Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.exit_codes.meaning import Meaning
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.named_files import named_in
from snakemake_logger_plugin_observe.analysis.phrasing import named
from snakemake_logger_plugin_observe.run.model import Run

_EMPTY: Final = "unexpected empty output files"
_OTHER_CHECKSUM: Final = "checksums that differ from the expected ones"
_FOLDER: Final = re.compile(
    r"(?P<path>[^\s()][^\n()]*) \(missing locally, parent dir contents: (?P<names>[^\n()]*)\)"
)
_MOST_NAMES: Final = 3
"""Of more files in a folder, none is likely the one that was meant."""


def output_check(run: Run, one: Failure) -> Meaning | None:
    """Return what the outputs of a job were that had failed Snakemake's check; None if not known.

    Its text has the job for its subject: ``wrote an empty a.txt``.
    """
    message = run.with_relative_paths(one.decisive.message or "")
    job = run.jobs.get(one.job_id) if one.job_id is not None else None
    if one.cause != "missing_output" or job is None:
        return None
    which = named(tuple(named_in(tuple(job.output), message)))
    if _EMPTY in message and which:
        return Meaning(
            "certain",
            f"wrote {which} with nothing in it, and the rule declares ensure(..., non_empty=True)",
            f"find out why its tool writes nothing to {which}; if that may be, leave out non_empty",
            f"{which} is not empty when the job is run again with --keep-incomplete",
        )
    if _OTHER_CHECKSUM in message and which:
        return Meaning(
            "certain",
            f"wrote {which} with another checksum than the rule declares with ensure()",
            f"run it again with --keep-incomplete and compare {which} with what is expected; if it "
            "is right, update the checksum in ensure()",
            f"`sha256sum` (or `md5sum`) of {which}, run again with --keep-incomplete, prints the "
            "checksum that is declared",
        )
    for found in _FOLDER.finditer(message):
        others = _unknown_to_all(run, found["path"], found["names"].split(", "))
        if others and found["path"] in job.output:
            folder = found["path"].rpartition("/")[0] or "the folder of the run"
            return Meaning(
                "likely",
                f"did not write {found['path']}; {folder} has {named(others)}, which no job "
                "declares: the name that the rule declares may be another than its tool writes",
                f"let the rule declare {named(others)}, or its tool write {found['path']}",
                f"{named(others)} was there before the job ran",
            )
    return None


def _unknown_to_all(run: Run, path: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return the files next to *path* that no job declares; empty if there are many."""
    folder = path.rpartition("/")[0]
    if not folder:  # the folder of the run has files of all kinds
        return ()
    inside = {f"{folder}/{name}" for name in names if name}
    for job in run.jobs.values():
        inside -= {*job.output, *job.input, *job.log, job.benchmark or ""}
    return tuple(sorted(inside)) if len(inside) <= _MOST_NAMES else ()
