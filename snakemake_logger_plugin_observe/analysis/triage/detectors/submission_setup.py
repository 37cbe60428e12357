"""Jobs failed or were never noticed because of how they are submitted: a setup that cannot work."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from snakemake_logger_plugin_observe.analysis.live.on_cluster import is_slurm
from snakemake_logger_plugin_observe.analysis.phrasing import named, plural
from snakemake_logger_plugin_observe.analysis.submission import setups, signs
from snakemake_logger_plugin_observe.analysis.submission.settings import (
    GENERIC,
    SubmissionSettings,
    log_folders,
    of_job,
    settings_of,
)
from snakemake_logger_plugin_observe.analysis.triage import in_flight
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import SETUP
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident, Strength
from snakemake_logger_plugin_observe.pasting import Command, command, path
from snakemake_logger_plugin_observe.run.attempt import Attempt

if TYPE_CHECKING:
    from snakemake_logger_plugin_observe.analysis.citations import Citation

CLASS: Final = SETUP
_WELL: Final = ("success", "cached")
_EARLY: Final = ("interrupted", "killed", "unknown")


class _Found(NamedTuple):
    """A setup that shows in a run: by which attempts, and what it did to them."""

    attempts: Sequence[Attempt]
    claim: str
    fix: str
    why: str
    strength: Strength
    wrong_if: str
    commands: tuple[Command, ...] = ()


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for each setup whose sign the run shows."""
    if case.run.started is None:
        return
    if case.live is not None and case.status == "running" and is_slurm(case.run):
        return  # ``stuck`` has what is out now, with what the cluster says of it
    settings = settings_of(case.run.started)
    for look in (_log_folder, _no_id, _unnoticed, _array):
        if (found := look(case, settings)) is None:
            continue
        name = look.__name__.strip("_")
        yield Incident(
            id=f"{CLASS}:{name}",
            incident_class=CLASS,
            where="operating context",
            claim=found.claim,
            strength=found.strength,
            explains=in_flight.lost(case, found.attempts),
            failures=len(found.attempts),
            evidence=_evidence(case, found.attempts),
            wrong_if=found.wrong_if,
            action=Action(found.fix, found.why, commands=found.commands),
            rules=in_flight.rules(case, found.attempts),
            jobs=tuple(one.job_id for one in found.attempts if one.job_id is not None),
            about=name,
        )


def _evidence(case: Case, attempts: Sequence[Attempt]) -> tuple["Citation", ...]:
    cited = in_flight.evidence(case, attempts)
    return cited or tuple(case.side.at_start("how its jobs are submitted"))


def _jobs(case: Case, attempts: Sequence[Attempt]) -> str:
    """Return the names of the jobs of some attempts, with their ids in the cluster."""
    names = in_flight.names(case, attempts)
    ids = in_flight.external_ids(attempts)
    return f"{names} ({named(ids)})" if ids else names


def _last_attempts(case: Case, wanted: Callable[[Attempt], bool]) -> list[Attempt]:
    """Return the jobs' last attempts that are *wanted*."""
    last = {one.job_id: one for one in case.run.attempts.values() if one.job_id is not None}
    return [one for one in last.values() if wanted(one)]


def _log_folder(case: Case, settings: SubmissionSettings) -> _Found | None:
    """Return the jobs that ended at once because the cluster could not write their logs."""
    found = _last_attempts(
        case, lambda one: signs.ended_before_its_script(one, case.run.record_of(one))
    )
    if not found:
        return None
    folders: list[str] = []
    for one in found:
        job = case.run.job_of(one)
        if job is not None and settings.submit_command is not None:
            folders += log_folders(of_job(settings.submit_command, job))
    folders = list(dict.fromkeys(folders))
    missing = (
        f"the folder {named(folders)} was not there"
        if folders
        else ("its folder was not there, or could not be written")
    )
    them = "it" if len(found) == 1 else "them"
    known = [folder for folder in folders if "%" not in folder and "{" not in folder]
    return _Found(
        found,
        f"{_jobs(case, found)} ended in the second in which the cluster started {them} "
        f"(FAILED 0:53), before the job's script ran: Slurm could not open the log file; {missing}",
        "make the folder of the submit command's -o before jobs are submitted; then run again"
        if folders
        else "see where the cluster is to write the jobs' logs; then run again",
        "Slurm makes no folder for a job's log",
        "likely",
        "the folder was there and could be written on the node",
        tuple(command("mkdir", "-p", path(folder), purpose="makes it") for folder in known[:3]),
    )


def _no_id(case: Case, settings: SubmissionSettings) -> _Found | None:
    """Return the jobs that cannot be found because their id is a sentence."""
    found = _last_attempts(
        case,
        lambda one: (
            (signs.is_no_id(one.external_jobid) or _has_none(one, settings))
            and one.status not in _WELL
            and one.stamps.reported is None
        ),
    )
    early = case.status in _EARLY
    told = not early and case.live is not None  # what is out now says more
    if not found or told or not (early or settings.status_command is not None):
        return None
    answer = found[0].external_jobid or ""
    setup = setups.not_parsable(settings)
    return _Found(
        found,
        f"the submit command answered '{answer}' for {in_flight.names(case, found)}, and Snakemake "
        "took that for the job's id: no status command finds it, and it cannot be cancelled"
        if answer
        else f"the submit command printed no id for {in_flight.names(case, found)}: no status "
        "command finds it, and it cannot be cancelled",
        f"{setup.fix}; then run again"
        if setup is not None
        else "have the submit command print nothing but the job's id; then run again",
        "Snakemake takes the whole first line that the submit command prints for the id",
        "certain" if early else "likely",
        "the status command reads the id out of that sentence",
    )


def _has_none(one: Attempt, settings: SubmissionSettings) -> bool:
    """Whether a job was accepted, and the submit command had printed nothing."""
    if settings.executor != GENERIC or settings.status_command is None:
        return False
    return one.external_jobid is None and one.stamps.accepted is not None and not one.is_member


def _unnoticed(case: Case, settings: SubmissionSettings) -> _Found | None:
    """Return the jobs that the cluster ended, and which nothing could notice."""
    setup = setups.no_status_command(settings)
    if setup is None or case.status not in _EARLY:
        return None
    found = _last_attempts(case, lambda one: _ended_unnoticed(case, one))
    if not found:
        return None
    records = (case.run.record_of(one) for one in found)
    states = sorted({one.state or "" for one in records if one is not None})
    return _Found(
        found,
        f"{_jobs(case, found)} had ended in the cluster ({named(states)}), and Snakemake never "
        "noticed: there is no status command, and a job that did not come to its end leaves no "
        "mark",
        f"{setup.fix}; then run again",
        "without a status command Snakemake waits for a file that only a job's own end makes",
        "certain",
        "the job's end came after that of the run",
    )


def _ended_unnoticed(case: Case, one: Attempt) -> bool:
    record = case.run.record_of(one)
    if record is None or record.ended is None or record.ended >= (case.run.end or 0):
        return False
    return signs.ended_unnoticed(one, record) and not signs.ended_before_its_script(one, record)


def _array(case: Case, settings: SubmissionSettings) -> _Found | None:
    """Return the jobs that array mode never submitted."""
    if case.status not in _EARLY or case.run.planned is None:
        return None
    counts = case.run.planned.to_run
    setup = setups.array_over_jobs(settings, counts)
    if setup is None:
        return None
    waiting = signs.never_submitted(case.run.attempts.values())
    found = [
        one
        for one in waiting
        if one.job_id is not None and settings.array_rules & {case.run.rule_of(one), "all"}
    ]
    if not found:
        return None
    return _Found(
        found,
        f"{plural(len(found), 'job')} selected and never submitted: {setup.problem}",
        f"{setup.fix}; then run again",
        "the executor waits for jobs that Snakemake does not select before these have ended",
        "certain",
        "the executor submitted them after a while",
    )
