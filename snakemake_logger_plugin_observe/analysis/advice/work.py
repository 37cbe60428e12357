"""Levers on what is done: Snakemake's own work for each job, waits, files, planning, the tools."""

from collections.abc import Iterable, Iterator
from statistics import median_low
from typing import Final

from snakemake_logger_plugin_observe.analysis.advice.lever import Choice, Lever
from snakemake_logger_plugin_observe.analysis.cost.account import Account, RuleShare
from snakemake_logger_plugin_observe.analysis.cost.joined_members import piped_rules
from snakemake_logger_plugin_observe.analysis.cost.polling import Polling, polling, sooner_s
from snakemake_logger_plugin_observe.analysis.cost.selections import selections
from snakemake_logger_plugin_observe.analysis.cost.waking import (
    SETTING,
    can_be_advised,
    was_woken,
)
from snakemake_logger_plugin_observe.analysis.live.reasons import recorded_obstacle
from snakemake_logger_plugin_observe.analysis.phrasing import named, plural
from snakemake_logger_plugin_observe.analysis.whatif.end_queue import end_queue
from snakemake_logger_plugin_observe.analysis.whatif.model import Model
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import FileSystem
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import PHASES, UNOBSERVED, cost_class

_PER_JOB: Final = ("select", "main_loop", "dispatch", "postprocess", "stage_in", "stage_out")
_PER_SUBMISSION: Final = (
    *("dispatch", "submit", "queue_wait", "job_script", "node_startup", "node_plan", "node_exit"),
)
_OWN_SNAKEMAKE: Final = ("node_startup", "node_plan", "node_exit")
"""What a Snakemake takes that starts for one job on the main machine."""
_LEAST_PLANNING: Final = 2_000_000  # any workflow takes some tenths, on a busy machine a second
_NOTED: Final = 100_000
_SLOW_FILES: Final = 20_000  # with fast files, a job takes some ms of it, also on a busy machine
_HANDLING: Final = ("postprocess", "latency_wait")
_SLOW_OPERATION_S: Final = 0.002
_NFS_SHOWS_WITHIN_S: Final = 60  # its clients know of a file, or of none, for up to a minute
_QUEUED: Final = 3
_SLOW_END: Final = 200_000  # what the main thread does for an ended job takes some ms
_SLOW_SUBMIT: Final = 1_000_000  # sbatch answers within some hundredths of a second
_LEAST_TOOLS: Final = 2_000_000  # to make faster what takes less is not worth the work
_FULL: Final = 0.9
"""Of the machine's cores, so many are as good as all."""
_SHORT_TOOL: Final = 60_000_000  # a job with a shorter tool may be better submitted in a group
_TINY_TOOL: Final = 10_000_000
_MIN_JOBS_TO_GROUP: Final = 3
_MIN_JOBS_TO_MERGE: Final = 20
MERGED: Final = 10
"""How many jobs' outputs one job is to make, where Snakemake's work for each takes long."""
_GROUP: Final = 60_000_000
"""The aim for a group's compute time: worth its start-up, yet little is lost if it fails."""
_MOST_IN_GROUP: Final = 50


def scheduler(run: Run, account: Account, least: Micros) -> Iterator[Choice]:
    """Yield the greedy scheduler, if choosing jobs with another took long."""
    name = run.started.settings.get("scheduler") if run.started is not None else None
    spent = sum(one.end - one.begin for one in selections(run))
    if not isinstance(name, str) or name == "greedy" or spent < least:
        return
    share = 100 * account.makespan_by_phase.get("select", 0) / account.makespan
    yield _one(
        Lever(
            "scheduler",
            "use --scheduler greedy",
            f"choosing jobs with {name} (select) took {share:.0f} % of the run",
            (("scheduler", "greedy"),),
            at_most=True,
        )
    )


def nested(run: Run, account: Account, least: Micros) -> Iterator[Choice]:
    """Yield a job without a Snakemake of its own, where ``run:`` or ``shadow:`` starts one."""
    started = _starting_snakemake(run, account)
    rule = max(started, key=lambda name: (started[name], name), default=None)
    if rule is None or sum(started.values()) < least:
        return
    jobs = sum(1 for job in run.jobs.values() if job.rule == rule)
    yield _one(
        Lever(
            "nested",
            f"let {rule} do without run: and shadow:, with script: or shell:",
            f"each of its {plural(jobs, 'job')} starts a whole Snakemake for them",
            without=_OWN_SNAKEMAKE,
            rule=rule,
            at_most=True,
        )
    )


def _starting_snakemake(run: Run, account: Account) -> dict[str, Micros]:
    """Return, of each rule, how much of the makespan a Snakemake took that started for a job."""
    here = {job.rule for job in run.jobs.values() if job.local}
    found: dict[str, Micros] = {}
    for one in account.segments:
        if one.phase in _OWN_SNAKEMAKE and one.rule is not None and one.rule in here:
            found[one.rule] = found.get(one.rule, 0) + one.end - one.start
    return found


def fewer_jobs(run: Run, account: Account, least: Micros) -> Iterator[Choice]:
    """Yield one job in place of many of a rule, if Snakemake's own work for each took long."""
    started = _starting_snakemake(run, account)
    spent = sum(account.makespan_by_phase.get(phase, 0) for phase in _PER_JOB)
    many = [
        share
        for share in account.rules
        if share.rule is not None
        and share.jobs >= (_MIN_JOBS_TO_GROUP if share.rule in started else _MIN_JOBS_TO_MERGE)
        and (share.rule in started or not share.by_phase.get("node_startup"))
        and _tool(share) <= _TINY_TOOL * share.attempts
    ]
    most = max(many, key=lambda share: share.jobs, default=None)
    if most is None or most.rule is None or spent + started.get(most.rule, 0) < least:
        return
    size = MERGED
    if most.rule in started:
        slots = (run.started.cores if run.started is not None else None) or 1
        size = min(MERGED, max(2, -(-most.jobs // slots)))
    tool = _tool(most) / most.attempts / 1e6
    at_most = "at most " if UNOBSERVED in most.by_phase else ""
    yield _one(
        Lever(
            "fewer_jobs",
            f"let one job of {most.rule} make the outputs of {size}",
            f"Snakemake's own work for its {most.jobs:,} jobs of {at_most}{tool:.2g} s each",
            (("merge", f"{most.rule}={size}"),),
            rule=most.rule,
        )
    )


def grouping(account: Account, least: Micros) -> Iterator[Choice]:
    """Yield groups of a rule's short jobs, if their submissions took long."""
    small = _rule_to_group(account.rules)
    if small is None or small.rule is None:
        return
    owned = sum(
        one.end - one.start
        for one in account.segments
        if one.rule == small.rule and one.phase in _PER_SUBMISSION
    )
    if owned < least:
        return
    tool = small.by_phase.get("compute", 0) // small.attempts
    size = group_size(small.jobs, tool)
    yield _one(
        Lever(
            "grouping",
            f"group {size} jobs of {small.rule}, with --groups and --group-components",
            f"each of {small.jobs:,} has {tool / 1e6:.3g} s of work and "
            f"{_overhead(small) / small.attempts / 1e6:.3g} s of overhead",
            (("group", f"{small.rule}={size}"),),
            rule=small.rule,
        )
    )


def group_size(jobs: int, tool: Micros) -> int:
    """Return how many of a rule's *jobs* to group, if each tool runs for *tool*."""
    return max(2, min(_MOST_IN_GROUP, jobs // 2, _GROUP // max(tool, 1)))


def submissions(run: Run, account: Account, least: Micros) -> Iterator[Choice]:
    """Yield a submit command that answers sooner, if jobs waited for it one after the other."""
    phases = account.makespan_by_phase
    made = [
        one.phases["submit"]
        for one in run.attempts.values()
        if one.stamps.accepted is not None and one.phases.get("submit") and not _is_local(run, one)
    ]
    each = median_low(made) if made else 0
    waited = phases.get("submit", 0) + phases.get("dispatch", 0)  # for those before it
    if each < _SLOW_SUBMIT or waited < least:
        return
    yield _one(
        Lever(
            "submit",
            "make the submit command answer sooner",
            f"it took {each / 1e6:.2g} s for each of {plural(len(made), 'submission')}"
            f"{' (median)' if len(made) > 1 else ''}",
            without=("submit",),
            at_most=True,
        )
    )


def _is_local(run: Run, one: Attempt) -> bool:
    """Whether no submit command ran for an attempt: its rule is a local one."""
    job = run.job_of(one)
    return job is not None and bool(job.local)


def _sooner(run: Run, polled: Polling) -> Iterator[Lever]:
    """Yield ways to notice ends sooner; first the one that asks the scheduler less often."""
    why = "jobs had ended, and waited for the next status check"
    if can_be_advised(run):
        yield Lever(
            "wake",
            f"add {SETTING}",
            f"{why}; checks then follow each end, and the scheduler is asked less often than at a "
            f"short interval{_late_outputs(run)}",
            (("wake", None),),
        )
    shorter = sooner_s(polled)
    grew = polled.growth if polled.longest_s > polled.shortest_s else ""
    if shorter < polled.shortest_s and not was_woken(run):
        yield Lever(
            "polling",
            f"lower {polled.setting} from {polled.shortest_s:g} to {shorter:g}, if your site's "
            "polling policy allows it",
            f"{why}; {grew}" if grew else why,
            (("poll", f"{shorter:g}"),),
        )


def _late_outputs(run: Run) -> str:
    """Return the clause on outputs that NFS shows later than their job's end is noticed."""
    wait_s = run.started.settings.get("latency_wait_s") if run.started is not None else None
    short = isinstance(wait_s, int | float) and wait_s < _NFS_SHOWS_WITHIN_S
    return f"; on NFS with --latency-wait {_NFS_SHOWS_WITHIN_S}" if short else ""


def waits(run: Run, account: Account, least: Micros) -> Iterator[Choice]:
    """Yield status checks that come sooner, and less waiting in the cluster's queue."""
    phases, polled = account.makespan_by_phase, polling(run)
    waited = phases.get("poll_wait", 0) + phases.get("shutdown", 0)
    if polled is not None and waited >= least and (levers := tuple(_sooner(run, polled))):
        yield Choice(levers)
    if account.makespan_by_class.get("queue", 0) >= least:
        yield _one(
            Lever(
                "queue",
                "request less from the cluster: fewer cores, less memory, a shorter time",
                "with half of the wait in its queue",
                (("queue", "x0.5"),),
            )
        )


def before_snakemake(run: Run, account: Account, least: Micros) -> Iterator[Choice]:
    """Yield what keeps jobs from starting in the cluster, and what their job scripts do."""
    phases = account.makespan_by_phase
    if phases.get("held", 0) >= least:
        records = (one.accounting for one in run.attempts.values() if one.phases.get("held"))
        reasons = sorted({one.reason for one in records if one is not None and one.reason})
        because = f"; Slurm's reason: {named(reasons)}" if reasons else ""
        known = [found for one in reasons if (found := recorded_obstacle(one)) is not None]
        unknown = "find out what held jobs back in the cluster, and avoid it"
        yield _one(
            Lever(
                "held",
                known[0].to_do if len(known) == len(reasons) == 1 else unknown,
                f"it could not start them, though nodes may have been free{because}",
                without=("held",),
                at_most=True,
            )
        )
    if phases.get("job_script", 0) >= least:
        yield _one(
            Lever(
                "job_script",
                "take out of the job script what each job need not do (module load, conda "
                "activate), or do it once, before the run",
                "the cluster had started the jobs, and Snakemake began only after that",
                without=("job_script",),
                at_most=True,
            )
        )


def files_and_planning(account: Account, least: Micros) -> Iterator[Choice]:
    """Yield faster files, and a Snakefile that is read and planned faster."""
    if account.makespan_by_class.get("staging", 0) >= least and _files_are_slow(account):
        yield _one(
            Lever(
                "staging",
                "move files closer to where they are used",
                "the run waited for files",
                without=tuple(phase for phase in PHASES if cost_class(phase) == "staging"),
                at_most=True,
            )
        )
    phases = account.makespan_by_phase
    parse, plan, again = (phases.get(phase, 0) for phase in ("parse", "plan", "node_plan"))
    each = account.jobs_by_phase.get("node_plan", 0) // max(1, account.attempt_count)
    if max(parse, plan) < _LEAST_PLANNING <= each and again >= least:
        yield _one(_faster_on_nodes(again))
    if parse + plan < phases.get("import", 0):  # a busy machine is slow at all of it
        return
    for took, lever in ((parse, _faster_to_read), (plan, _faster_to_plan)):
        if took >= _LEAST_PLANNING and took + again >= least:
            yield _one(lever(took, again))


def ended_jobs(run: Run, account: Account, model: Model, least: Micros) -> Iterator[Choice]:
    """Yield faster files, if ended jobs queued for the main thread, which handled their files."""
    spent = sum(account.makespan_by_phase.get(phase, 0) for phase in _HANDLING)
    slowest_s = max((_slowest_s(one) for one in run.file_systems), default=0.0)
    if spent < least or slowest_s < _SLOW_OPERATION_S:
        return
    queue = end_queue(model)
    if queue.longest >= _QUEUED and queue.each >= _SLOW_END:
        yield _one(
            Lever(
                "staging",
                "move the working directory to a faster file system, or let jobs have fewer files",
                f"up to {queue.longest} ended jobs queued for Snakemake's main thread, which took "
                f"{queue.each / 1e6:.2g} s for each; a file operation takes up to "
                f"{1000 * slowest_s:.0f} ms here",
                without=_HANDLING,
                at_most=True,
            )
        )


def _slowest_s(one: FileSystem) -> float:
    return max(one.create_s or 0, one.stat_s or 0, one.remove_s or 0)


def _files_are_slow(account: Account) -> bool:
    """Whether a job waited long for its files; what Snakemake does for any job takes less."""
    waited = sum(
        spent
        for share in account.rules
        for phase, spent in share.by_phase.items()
        if cost_class(phase) == "staging"
    )
    attempts = sum(share.attempts for share in account.rules)
    deployed = account.makespan_by_phase.get("deploy", 0)
    return waited + deployed >= _SLOW_FILES * attempts


def _faster_to_read(parse: Micros, again: Micros) -> Lever:
    return Lever(
        "planning",
        "make faster what the Snakefile computes at its top level",
        f"globs, tables, calls: reading it took {parse / 1e6:.3g} s{_on_nodes(again)}, and no job "
        "begins before",
        without=("parse", "node_plan"),
        at_most=True,
    )


def _faster_to_plan(plan: Micros, again: Micros) -> Lever:
    return Lever(
        "planning",
        "make input functions faster, or constrain wildcards",
        f"building the DAG, which calls input functions and looks for rules, took "
        f"{plan / 1e6:.3g} s{_on_nodes(again)}",
        without=("plan", "node_plan"),
        at_most=True,
    )


def _faster_on_nodes(again: Micros) -> Lever:
    return Lever(
        "planning",
        "make the Snakefile faster to read and to plan",
        f"each job's own Snakemake does so once more, which took {again / 1e6:.3g} s of the run",
        without=("node_plan",),
        at_most=True,
    )


def _on_nodes(again: Micros) -> str:
    """Return the clause on what each job's own Snakemake took to read and plan once more."""
    return f", with {again / 1e6:.3g} s more of the jobs' own" if again >= _NOTED else ""


def tools(run: Run, account: Account, least: Micros) -> Iterator[Choice]:
    """Yield faster tools of the rule that owns most of the run, but for services.

    A service runs for as long as other jobs use it: speeding it up saves nothing. That tools which
    keep the whole machine busy could be faster goes without saying.
    """
    if _machine_is_full(run, account):
        return
    services = {job.rule for job in run.jobs.values() if job.service}
    owned: dict[str, Micros] = {}
    for one in account.segments:
        if one.phase == "compute" and one.rule is not None and one.rule not in services:
            owned[one.rule] = owned.get(one.rule, 0) + one.end - one.start
    rule = max(owned, key=lambda name: (owned[name], name), default=None)
    if rule is not None and owned[rule] >= max(least, _LEAST_TOOLS):
        joined = sorted(_piped_with(run, rule))
        first = " and ".join(joined or [rule])
        yield _one(
            Lever(
                "compute",
                f"speed up the tools, starting with {first}"
                + (", whichever the other waits for" if joined else ""),
                "twice as fast",
                (("faster", f"{rule}=2"),),
                rule=rule,
                at_most=bool(joined),
            )
        )


def _piped_with(run: Run, rule: str) -> frozenset[str]:
    """Return the rules that pipes join, *rule* among them: none if that has none."""
    groups = (piped_rules(run, group.members) for group in run.groups.values())
    return next((rules for rules in groups if rule in rules), frozenset())


def _machine_is_full(run: Run, account: Account) -> bool:
    """Whether the tools kept nearly all cores of the machine busy while they ran."""
    cpus = run.started.cpus if run.started is not None else None
    used = [one.used for one in run.attempts.values() if one.external_jobid is None]
    busy_s = sum((one.user_s or 0) + (one.system_s or 0) for one in used if one is not None)
    return cpus is not None and busy_s * 1e6 >= _FULL * cpus * max(
        1, account.makespan_by_phase.get("compute", 0)
    )


def _tool(share: RuleShare) -> Micros:
    """Return how long the tools of a rule took; at most, if that was not observed."""
    return share.by_phase.get("compute", 0) + share.by_phase.get(UNOBSERVED, 0)


def _one(lever: Lever) -> Choice:
    return Choice((lever,))


def _rule_to_group(rules: Iterable[RuleShare]) -> RuleShare | None:
    """Return the rule with many short jobs that have the largest overhead, if there is one."""
    found = [
        share
        for share in rules
        if share.rule is not None
        and share.jobs >= _MIN_JOBS_TO_GROUP
        and share.by_phase.get("node_startup")
        and share.by_phase.get("compute", 0) < min(_SHORT_TOOL * share.attempts, _overhead(share))
    ]
    return max(found, key=_overhead, default=None)


def _overhead(share: RuleShare) -> Micros:
    return sum(share.by_phase.get(phase, 0) for phase in _PER_SUBMISSION)
