"""Nothing moves: jobs that wait for what will not come, or that ended and nobody noticed."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.live import status_checks
from snakemake_logger_plugin_observe.analysis.live.on_cluster import is_slurm
from snakemake_logger_plugin_observe.analysis.live.reasons import (
    Obstacle,
    obstacle,
)
from snakemake_logger_plugin_observe.analysis.live.state import (
    ON_A_NODE,
    LiveState,
    LiveView,
    lasting,
    longest,
)
from snakemake_logger_plugin_observe.analysis.live.summary import (
    does,
    how_to_stop,
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
from snakemake_logger_plugin_observe.analysis.triage.time_asked import asked_and_allowed
from snakemake_logger_plugin_observe.analysis.triage.unnoticed import why_unnoticed
from snakemake_logger_plugin_observe.journal.error_lines import is_error
from snakemake_logger_plugin_observe.pasting import Command, command
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
        detail = asked_and_allowed(case, view, states) or f"({known.means})"
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
    stop = how_to_stop(case.live) if case.live is not None else "stop Snakemake (Ctrl-C)"
    return f"{known.to_do}: {stop}, and run again with that changed"


def _has(states: Sequence[LiveState]) -> str:
    return "has" if len(states) == 1 else "have"


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
    for one in status_checks.overdue(run, view):
        late.setdefault((rule_or_group(run, one), one.reason or ""), []).append(one)
    for (name, reason), states in late.items():
        found = why_unnoticed(case, view, states)
        yield _incident(
            case,
            view,
            states,
            about=f"unnoticed:{name}:{reason}"[:80],
            claim=f"{who(run, states)} {does(view, states)}{found.how}; {found.cause}",
            strength="certain" if longest(view, states) else "likely",
            wrong_if="Snakemake reports its end with its next status check, at most "
            f"{interval_s:.0f} s after the last",
            action=Action(found.to_do, found.why, commands=found.commands),
        )


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
            f"{how_to_stop(view)}, {cancel}{to_do}, then run the same command again with "
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
