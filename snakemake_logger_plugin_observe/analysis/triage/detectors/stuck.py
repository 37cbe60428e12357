"""Nothing moves: jobs that wait for what will not come, or that ended and nobody noticed."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.live import status_checks
from snakemake_logger_plugin_observe.analysis.live.log_folders import folders_of, without_a_log
from snakemake_logger_plugin_observe.analysis.live.reasons import (
    Obstacle,
    obstacle,
    recorded_obstacle,
)
from snakemake_logger_plugin_observe.analysis.live.state import (
    ON_A_NODE,
    LiveState,
    LiveView,
    RunningCommand,
    lasting,
    longest,
)
from snakemake_logger_plugin_observe.analysis.live.states import is_slurm
from snakemake_logger_plugin_observe.analysis.live.summary import (
    does,
    never_full,
    rule_or_group,
    unsubmitted,
    who,
)
from snakemake_logger_plugin_observe.analysis.phrasing import named
from snakemake_logger_plugin_observe.analysis.submission.settings import settings_of
from snakemake_logger_plugin_observe.analysis.triage import cluster_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import STUCK
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident, Strength
from snakemake_logger_plugin_observe.journal.error_lines import is_error
from snakemake_logger_plugin_observe.pasting import Command, command, path, words
from snakemake_logger_plugin_observe.run.slurm_reasons import kind_of

CLASS: Final = STUCK
_CITED: Final = 3


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for each reason for which jobs that are out do not move."""
    view = case.live
    if view is None:
        return
    yield from _pending(case, view)
    if case.status == "killed":  # then ``killed_run`` says what is left
        return
    yield from _suspended(case, view)
    yield from _unnoticed(case, view)
    yield from _without_an_id(case, view)
    yield from _gone(case, view)
    yield from _unsubmitted(case, view)


# -- pending ---------------------------------------------------------------------------------------


def _pending(case: Case, view: LiveView) -> Iterator[Incident]:
    """Yield what is pending for a reason that will not pass."""
    moves = any(one.state in ON_A_NODE for one in view.submissions)
    together: dict[tuple[str, str], list[LiveState]] = {}
    for one in view.submissions:
        known = obstacle(one.reason) if one.state == "pending" else None
        if known is not None and case.status == "killed" and not known.comes_again:
            continue  # it is cancelled, and the next run submits it anew
        if known is not None and not (known.passes and moves):
            name = rule_or_group(case.run, one)
            together.setdefault((name, one.reason or ""), []).append(one)
    for (name, reason), states in together.items():
        known = obstacle(reason)
        if known is None:
            continue
        detail = _asked_and_allowed(case, view, states) or f"({known.means})"
        yield _incident(
            case,
            view,
            states,
            about=f"{reason}:{name}",
            claim=f"{who(case.run, states)} {_has(states)} been {does(view, states)} {detail}",
            strength="likely" if known.passes else "certain",
            wrong_if="squeue shows another reason for it by now",
            action=Action(
                _go_on_from(case, known),
                known.why,
                escalate=known.escalate,
                commands=_commands(states),
            ),
        )


def _go_on_from(case: Case, known: Obstacle) -> str:
    """Return what to do about an obstacle: a run that submits the same again hangs again."""
    if not known.comes_again or case.status != "running":
        return known.to_do
    return f"{known.to_do}: stop Snakemake (Ctrl-C), and run again with that changed"


def _has(states: Sequence[LiveState]) -> str:
    return "has" if len(states) == 1 else "have"


def _asked_and_allowed(case: Case, view: LiveView, states: Sequence[LiveState]) -> str | None:
    """Return how much time a job asks for, and how much its partition allows."""
    record = states[0].record
    if kind_of(states[0].reason) != "time_limit" or record is None or record.time_limit_s is None:
        return None
    who_asks = "it asks" if len(states) == 1 else "each asks"
    text = f"({who_asks} for {_minutes(record.time_limit_s)}{_of_members(case, states[0])}"
    allowed = view.partitions.get(record.partition or "")
    if allowed is None or allowed.time_limit_s is None:
        return f"{text}, more than partition {record.partition} allows)"
    return f"{text}, partition {record.partition} allows {_minutes(allowed.time_limit_s)})"


def _of_members(case: Case, one: LiveState) -> str:
    """Return how a group's time adds up from its members', if it does."""
    record, run = one.record, case.run
    members = [run.jobs.get(job_id) for job_id in run.members(str(one.key[0]))]
    asked = [job.resources.get("runtime") for job in members if job is not None]
    minutes = [value for value in asked if isinstance(value, int | float)]
    if not minutes or len(minutes) != len(members) or record is None:
        return ""
    if round(sum(minutes) * 60) != round(record.time_limit_s or 0):
        return ""
    each = f" of {minutes[0]:g} min each" if len(set(minutes)) == 1 else ""
    return f", the sum of its {len(members)} jobs{each}"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:g} h"


def _commands(states: Sequence[LiveState]) -> tuple[Command, ...]:
    """Return the commands that show the jobs, and release or cancel them."""
    good = _slurm_ids(states)
    if not good:
        return ()
    if kind_of(states[0].reason) == "held":
        return (command("scontrol", "release", ",".join(good), purpose="releases them"),)
    return cluster_jobs.commands("slurm", good)


def _suspended(case: Case, view: LiveView) -> Iterator[Incident]:
    """Yield what Slurm has stopped on its node."""
    states = [one for one in view.submissions if one.state == "suspended"]
    for name, of_one in _by_name(case, states).items():
        ids = _slurm_ids(of_one)
        resume = command("scontrol", "resume", ",".join(ids), purpose="lets them go on")
        yield _incident(
            case,
            view,
            of_one,
            about=f"suspended:{name}",
            claim=f"{who(case.run, of_one)} {'is' if len(of_one) == 1 else 'are'} suspended"
            f"{_on(of_one)}: Slurm has stopped the processes, which keep their place",
            strength="certain",
            wrong_if="squeue shows that they run again",
            action=Action(
                "find out who suspended it, and have it resumed (an operator of the cluster can); "
                "one that Slurm suspended for other jobs goes on when these have ended",
                "a suspended job does nothing, and its time limit may go on",
                commands=(resume,) if ids else (),
            ),
        )


def _on(states: Sequence[LiveState]) -> str:
    nodes = dict.fromkeys(one.node for one in states if one.node is not None)
    return f" on {named(list(nodes))}" if nodes else ""


def _slurm_ids(states: Sequence[LiveState]) -> list[str]:
    pattern = cluster_jobs.SCHEDULERS["slurm"].job_id
    ids = [one.external_jobid for one in states if one.external_jobid is not None]
    return [one for one in ids if pattern.fullmatch(one)]


# -- ended, and not noticed ------------------------------------------------------------------------


def _unnoticed(case: Case, view: LiveView) -> Iterator[Incident]:
    """Yield what ended, and should have been noticed by now."""
    run = case.run
    if case.status != "running":  # no process is left that could notice it
        return
    interval_s = status_checks.longest_interval_s(run, view.now)
    late: dict[tuple[str, str], list[LiveState]] = {}
    hanging = status_checks.hanging_check(run, view)
    for one in status_checks.overdue(run, view):
        late.setdefault((rule_or_group(run, one), one.reason or ""), []).append(one)
    for (name, reason), states in late.items():
        at_once = _never_ran(case, view, states)
        cause, to_do, why = _why_unnoticed(case, view, states[0], hanging, at_once=at_once)
        how = _at_once(case, states) if at_once else ""
        yield _incident(
            case,
            view,
            states,
            about=f"unnoticed:{name}:{reason}"[:80],
            claim=f"{who(run, states)} {does(view, states)}{how}; {cause}",
            strength="certain" if longest(view, states) else "likely",
            wrong_if="Snakemake reports its end with its next status check, at most "
            f"{interval_s:.0f} s after the last",
            action=Action(to_do, why, commands=_makes(case, states) if at_once else ()),
        )


def _is_misread(case: Case, one: LiveState) -> bool:
    """Whether Slurm's plugin does not understand the state: ``CANCELLED by 0`` is none it knows."""
    started, record = case.run.started, one.record
    plugin = (started.wraps or started.executor) if started is not None else None
    return plugin == "slurm" and record is not None and record.state == "CANCELLED"


def _never_ran(case: Case, view: LiveView, states: Sequence[LiveState]) -> bool:
    """Whether Slurm ended jobs at once, because it could not open their log files."""
    return set(states) <= set(without_a_log(case.run, view))


def _at_once(case: Case, states: Sequence[LiveState]) -> str:
    """Return that jobs ended before their scripts ran, and which folder they miss."""
    folders = folders_of(case.run, states)
    absent = [one for one in folders if one in case.files_absent]
    missing = f"; it writes into {named(folders)}, which has to be there before" if folders else ""
    if absent:
        missing = f"; {named(absent)} {'is' if len(absent) == 1 else 'are'} not there"
    return (
        ", in the second in which it began and before its script ran: Slurm could not open its log "
        f"file{missing}"
    )


def _makes(case: Case, states: Sequence[LiveState]) -> tuple[Command, ...]:
    """Return the commands that make the folders that jobs miss."""
    known = [one for one in folders_of(case.run, states) if not set("%{}") & set(one)]
    return tuple(command("mkdir", "-p", path(one), purpose="makes it") for one in known[:_CITED])


def _why_unnoticed(
    case: Case,
    view: LiveView,
    one: LiveState,
    hanging: RunningCommand | None,
    *,
    at_once: bool,
) -> tuple[str, str, str]:
    """Return why Snakemake did not notice an end, what to do, and why that helps."""
    stop = "stop Snakemake (Ctrl-C), "
    again = "run the same command again with --rerun-incomplete"
    if hanging is not None:
        asks, hangs = _question(case, view, hanging), lasting(view.now - hanging.since)
        to_do = f"find out what {asks} waits for (process {hanging.pid} on this host), and end it; "
        to_do += f"if it hangs again, {stop}correct it, then {again}"
        why = "while a status command hangs, no end is noticed"
        return f"{asks} has not answered for {hangs}, and Snakemake waits for it", to_do, why
    if status_checks.is_never_found(case.run, one):
        fix = "make the folder of the submit command's -o, " if at_once else ""
        return (
            "the run has no status command, so it only notices jobs whose script ran to its end",
            f"{stop}{fix}add --cluster-generic-status-cmd, then {again}",
            "without a status command Snakemake waits for ever for a job that the cluster ended",
        )
    if _is_misread(case, one):
        return (
            "Snakemake's Slurm plugin may not take this state for an end, and go on waiting",
            f"{stop}{_before_the_next(one)}then {again}",
            "the job is over, and its outputs are not made",
        )
    own = status_checks.status_command(case.run)
    asks = f"the status command ({own})" if own is not None else "the executor's status checks"
    prints = f"what {own} {one.external_jobid} prints" if own is not None else "what sacct says"
    return (
        f"{asks} {'has' if own is not None else 'have'} not reported it, or not answered",
        f"see {prints} for it; then {stop}correct that, and {again}",
        "the job is over, and Snakemake goes on waiting",
    )


def _before_the_next(one: LiveState) -> str:
    """Return what to change about a job that was cancelled while it could not start."""
    record = one.record
    never = record is not None and record.started is None
    known = recorded_obstacle(record.reason) if record is not None and never else None
    return f"{known.to_do}, " if known is not None and known.comes_again else ""


def _question(case: Case, view: LiveView, hanging: RunningCommand) -> str:
    """Return the command that asks for a job's state: the user's own, with the job's id."""
    own = status_checks.status_command(case.run)
    if own is None:
        return "its question to Slurm (squeue or sacct)"
    said = {word for part in hanging.words for word in words(part)}
    ids = [one.external_jobid for one in view.submissions if one.external_jobid in said]
    return f"the status command ({' '.join([own, *filter(None, ids[:1])])})"


# -- without an id, gone, not submitted ------------------------------------------------------------


def _without_an_id(case: Case, view: LiveView) -> Iterator[Incident]:
    """Yield submissions that Slurm accepted, and whose id is a sentence or an error."""
    states = [one for one in view.submissions if one.has_no_id]
    if not states:
        return
    answers = named([*dict.fromkeys(repr(i) for one in states if (i := one.external_jobid))])
    said = f"answered {answers}, which is no id" if answers else "printed no id"
    settings = settings_of(case.run.started) if case.run.started is not None else None
    submit = settings.submit_command if settings is not None else None
    failed = all(is_error(one.external_jobid or "") for one in states)
    to_do = "add --parsable to sbatch"
    if submit is None or not is_slurm(case.run):
        to_do = (
            f"make the submit command{f' ({submit})' if submit else ''} print the job's id alone"
        )
    if failed:
        to_do = "mend the submission that failed by that answer, and let the submit command fail "
        to_do += "with it (exit code 1)"
    still = any(one.state != "ended" for one in states) and not failed
    cancel = "cancel its jobs that still run (squeue --me shows them), " if still else ""
    yield _incident(
        case,
        view,
        states,
        about="id",
        claim=f"{who(case.run, states)}: the submit command {said}, so no status is found by it; "
        f"{does(view, states)}",
        strength="certain",
        wrong_if="the status command finds a job by that text",
        action=Action(
            f"stop Snakemake (Ctrl-C), {cancel}{to_do}, then run the same command again with "
            "--rerun-incomplete",
            "Snakemake takes the first line that the submit command prints for the id, and asks "
            "for the job's status with it",
        ),
    )


def _gone(case: Case, view: LiveView) -> Iterator[Incident]:
    """Yield what the scheduler knows nothing of any more."""
    states = [one for one in view.submissions if one.state == "gone"]
    for name, of_one in _by_name(case, states).items():
        yield _incident(
            case,
            view,
            of_one,
            about=f"gone:{name}",
            claim=f"{who(case.run, of_one)}: {does(view, of_one)}",
            strength="likely",
            wrong_if="it was submitted to another cluster, or the accounting keeps no records",
            action=Action(
                "see in the job's log how far it got; then stop Snakemake (Ctrl-C), and run the "
                "same command again with --rerun-incomplete",
                "nobody will report the end of a job that the scheduler does not know",
            ),
        )


def _unsubmitted(case: Case, view: LiveView) -> Iterator[Incident]:
    """Yield what was selected long ago, and waits to be submitted while nothing else is out."""
    late = unsubmitted(case.run, view)
    if not late or case.status != "running":
        return
    settings = settings_of(case.run.started) if case.run.started is not None else None
    arrays = settings is not None and bool(settings.array_rules)
    jobs = settings.jobs if settings is not None else None
    setup, hanging = never_full(case.run), status_checks.hanging_submission(case.run, view)
    if hanging is not None:
        hangs = lasting(view.now - hanging.since)
        cause = f"the submit command has not answered for {hangs} (process {hanging.pid} here)"
        to_do = "find out what the submit command waits for; if the scheduler does not answer on "
        to_do += "this host, ask the administrators"
        why = "nothing more is submitted while it hangs"
    elif setup is not None:
        cause = setup.problem
        to_do = f"stop Snakemake (Ctrl-C), {setup.fix}, and run again"
        why = "no more jobs than --jobs are ever selected, so the array is never full"
    elif arrays:
        cause = f"the Slurm plugin waits for more jobs to make an array of (--jobs is {jobs})"
        to_do = "stop Snakemake (Ctrl-C), and run it again with larger --jobs, or without "
        to_do += "--slurm-array-jobs"
        why = "no more jobs than --jobs are ever selected, so the array is never full"
    else:
        cause = "the submit command has not answered"
        to_do = "see whether the submit command answers on this host (squeue, ps -ef); if not, ask "
        to_do += "the administrators"
        why = "nothing is submitted while it hangs"
    length = longest(view, late)
    yield _incident(
        case,
        view,
        late,
        about="unsubmitted",
        claim=f"{who(case.run, late) if len(_by_name(case, late)) == 1 else f'{len(late)} jobs'}: "
        f"selected {lasting(length or 0)} ago, and none submitted: {cause}",
        strength="certain" if setup is not None or hanging is not None else "likely",
        wrong_if="they are submitted while you read this",
        action=Action(to_do, why, escalate=not arrays),
    )


def _by_name(case: Case, states: Iterable[LiveState]) -> dict[str, list[LiveState]]:
    found: dict[str, list[LiveState]] = {}
    for one in states:
        found.setdefault(rule_or_group(case.run, one), []).append(one)
    return found


# -- what they share -------------------------------------------------------------------------------


def _incident(
    case: Case,
    view: LiveView,
    states: Sequence[LiveState],
    *,
    about: str,
    claim: str,
    strength: Strength,
    wrong_if: str,
    action: Action,
) -> Incident:
    names = _by_name(case, states)
    return Incident(
        id=f"{CLASS}:{about}",
        incident_class=CLASS,
        where="operating context",
        claim=claim,
        strength=strength,
        explains=longest(view, states) or 0,
        failures=0,
        evidence=_evidence(case, states),
        wrong_if=wrong_if,
        action=action,
        rules=tuple(
            dict.fromkeys(
                filter(None, (case.run.rule_of(case.run.attempts[one.key]) for one in states))
            )
        ),
        jobs=tuple(_jobs(case, states)),
        about=named(names),
    )


def _jobs(case: Case, states: Sequence[LiveState]) -> Iterator[int]:
    for one in states:
        if isinstance(one.key[0], int):
            yield one.key[0]
        else:
            yield from case.run.members(one.key[0])


def _evidence(case: Case, states: Sequence[LiveState]) -> tuple[Citation, ...]:
    """Cite the journal's lines of the submissions, and what the scheduler answered."""
    cited: list[Citation] = []
    for one in states[:_CITED]:
        attempt = case.run.attempts[one.key]
        quote = f"external_jobid: {one.external_jobid}" if one.external_jobid else "selected"
        cited += case.side.at_line(attempt.submitted_line or attempt.line, quote)
        if one.record is not None:
            record = one.record
            facts = (record.cluster_job, record.state, record.reason)
            quote = " ".join(part for part in facts if part)
            cited.append(Citation("command", "squeue, sacct", quote))
    return tuple(cited) or case.side.at_start("the run")
