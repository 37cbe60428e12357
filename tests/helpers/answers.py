"""Answers of every command, from runs that tests build, and their text and JSON."""

import json
from pathlib import Path
from typing import Any

from builders import (
    Story,
    a_record,
    an_execution,
    at,
    begun,
    chain,
    grouped,
    killed,
    level,
    logger_only,
    mixed,
    numbered,
    on_cluster,
    replanned,
    retried,
    stamps,
)
from failing import deterministic, different, every_job, flaky, many, nested, recovered_inside
from whys import (
    cycle,
    discovered,
    first_run,
    many_causes,
    plan,
    temporary,
    up_to_date,
)
from workflows import a_run, a_workflow, changed, compared

from snakemake_logger_plugin_observe.analysis.advice.advice import advise
from snakemake_logger_plugin_observe.analysis.check.budgets import CheckLine, Limit, ended, judge
from snakemake_logger_plugin_observe.analysis.check.measured_run import MeasuredRun
from snakemake_logger_plugin_observe.analysis.check.proposal import final_outputs, limits
from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.compare.differences import changes
from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.analysis.cost.validation import (
    Disagreement,
    Validation,
    validate,
)
from snakemake_logger_plugin_observe.analysis.jobs.table import RowFilter, rows
from snakemake_logger_plugin_observe.analysis.path.explain import explain
from snakemake_logger_plugin_observe.analysis.path.paths import paths
from snakemake_logger_plugin_observe.analysis.reruns.rerun import Rerun
from snakemake_logger_plugin_observe.analysis.triage.case import Case, LiveAnswer
from snakemake_logger_plugin_observe.analysis.triage.steps import triage
from snakemake_logger_plugin_observe.analysis.whatif import build_model
from snakemake_logger_plugin_observe.analysis.whatif.savings import savings
from snakemake_logger_plugin_observe.analysis.why.not_run import find_not_run, nothing_to_do
from snakemake_logger_plugin_observe.analysis.why.origins import Origins
from snakemake_logger_plugin_observe.analysis.why.roots import chain as causal_chain
from snakemake_logger_plugin_observe.analysis.why.roots import roots
from snakemake_logger_plugin_observe.analysis.why.selection import find
from snakemake_logger_plugin_observe.analysis.why.why import why
from snakemake_logger_plugin_observe.commands import module_of
from snakemake_logger_plugin_observe.commands.accounting import AccountingAnswer
from snakemake_logger_plugin_observe.commands.jobs import by_rule
from snakemake_logger_plugin_observe.commands.support.cost_answer import cost as cost_of
from snakemake_logger_plugin_observe.commands.support.failed_answer import failed
from snakemake_logger_plugin_observe.commands.validate import ValidateAnswer
from snakemake_logger_plugin_observe.journal.events import (
    Gap,
)
from snakemake_logger_plugin_observe.journal.records import LogTail, Usage
from snakemake_logger_plugin_observe.pasting import command
from snakemake_logger_plugin_observe.reporters.answers import (
    CheckAnswer,
    CompareAnswer,
    CostAnswer,
    JobsAnswer,
    PathAnswer,
    ProposalAnswer,
    Source,
    TriageAnswer,
    WhyAnswer,
)
from snakemake_logger_plugin_observe.reporters.as_text import not_run
from snakemake_logger_plugin_observe.reporters.documents import check_toml
from snakemake_logger_plugin_observe.reporters.forms import FORMS
from snakemake_logger_plugin_observe.reporters.reply import Reply
from snakemake_logger_plugin_observe.run.model import Run

PATH = Path(".snakemake/observe/20260301T120000-012345.jsonl")


ESCAPES = "\x1b[2Jgone\r\u202e"


def status_of(run: Run) -> str:
    """Return how *run* ended; without an end, one with jobs in flight was killed, others go on."""
    return run.status(alive=not run.unfinished)


def source(run: Run, *problems: str) -> Source:
    return Source(PATH, run, status_of(run), problems)


def cost(run: Run, *problems: str) -> CostAnswer:
    return cost_of(source(run, *problems))


def path(run: Run, *problems: str) -> PathAnswer:
    found = paths(run)
    model = build_model(run, found.actual)
    saved = tuple(savings(model, found.actual))
    advice = advise(run, account(run, found.actual), model)
    return PathAnswer(source(run, *problems), found, saved, advice=advice)


def path_explained(story: Story) -> PathAnswer:
    run = story.run
    found = paths(run)
    lines = {number: json.loads(line) for number, line in enumerate(story.lines, 1)}
    return PathAnswer(source(run), found, explained=tuple(explain(run, found.actual, lines)))


def jobs(run: Run, **choice: Any) -> JobsAnswer:
    selected = tuple(rows(run, RowFilter(**choice)))
    if choice.get("failed"):
        return failed(source(run), selected, choice.get("rule"))
    return JobsAnswer(source(run), selected)


def use(run: Run) -> JobsAnswer:
    return JobsAnswer(source(run), tuple(rows(run)), used=True)


def use_by_rule(run: Run) -> JobsAnswer:
    return by_rule(source(run))


def accounting(run: Run, known: int = 0, added: int = 0) -> AccountingAnswer:
    return AccountingAnswer(source(run), 2, known, added)


def comparison(before: Story, after: Story) -> CompareAnswer:
    other = PATH.with_name("20260302T120000-abcdef.jsonl")
    return CompareAnswer(
        source(before.run),
        Source(other, after.run, status_of(after.run)),
        compared(before, after),
    )


def triage_answer(after: Story, before: Story | None = None, **more: Any) -> TriageAnswer:
    """Return the triage of a run, compared with the run *before* where there is one."""
    run, paths = after.run, {"B": str(PATH)}
    baseline = comparison = None
    if before is not None:
        baseline = Source(PATH.with_name("A.jsonl"), before.run, "success")
        comparison = compared(before, after)
        paths["A"] = str(baseline.path)
    reference = baseline.run if baseline is not None else None
    case = Case(run, run.status(alive=False), reference, comparison, paths=paths, **more)
    missing = ("no journal of a dry run: planned work is known from the run alone",)
    return TriageAnswer(source(run), baseline, triage(case), missing, paths, case.live_answers)


def read_log(path: str) -> LogTail:
    """Return a file as a working directory has it: logs of all jobs, benchmarks of most."""
    if path.startswith("benchmarks/cut"):
        return LogTail(path=path, problem="it does not exist")
    if path.startswith("benchmarks/"):
        return LogTail(path=path, first_line=1, lines=("s\tmax_rss\tcpu_time", "0.5\t31.2\t0.4"))
    return LogTail(path=path, bytes=40, first_line=3, lines=("reading", "2 of 9 lines were bad"))


def widened_discovery() -> TriageAnswer:
    """Return the triage of a run whose input discovery also matched checksum files."""
    wide = changed(a_workflow(["a", "b", "a.md5", "b.md5"]), "count", log=())
    live_answers = (
        LiveAnswer(
            "L1",
            "plan",
            command("snakemake", "all", "--dry-run", "--cores", "2"),
            ("total      8",),
        ),
        LiveAnswer(
            "L2",
            "code",
            command("snakemake", "all", "--list-changes", "code", "--cores", "2"),
            ("table",),
        ),
    )
    after = a_run(wide, length_s=300, config_digest="sha256:2", config_keys={"samples": "sha256:2"})
    before = a_run(a_workflow("ab"), config_digest="sha256:1", config_keys={"samples": "sha256:1"})
    return triage_answer(after, before, read=read_log, live_answers=live_answers)


def unsafe_changes() -> CompareAnswer:
    """Return a comparison that finds most: less work, a removed log, other settings."""
    slow = changed(a_workflow("abcdef"), "count", threads=4, resources={"mem_mb": 8000})
    jobs = changed(a_workflow("abc"), "cut", log=(), code_digest="sha256:other")
    settings = {"rerun_triggers": ["mtime"], "latency_wait_s": 60, "retries": 2}
    return comparison(a_run(slow, length_s=300), a_run(jobs, settings=settings, host="other"))


def why_answer(
    story: Story,
    selection: str | None = None,
    since: Story | None = None,
    reruns: tuple[Rerun, ...] = (),
) -> WhyAnswer:
    """Return why the jobs ran, or those that *selection* names; compared with the run *since*."""
    run = story.run
    origins = Origins(run)
    found = roots(origins)
    subject = find(origins, selection) if selection is not None else None
    return WhyAnswer(
        source(run),
        why(run, origins, found),
        source(since.run) if since is not None else None,
        changes(since.run, run) if since is not None else (),
        subject,
        causal_chain(origins, found, subject.jobs) if subject is not None else None,
        nothing_to_do(run, lambda _path: None) if not run.attempts and not run.jobs else None,
        reruns,
    )


def why_not(
    run: Run, what: str | None = None, changed_config: tuple[str, ...] = (), **files: float
) -> str:
    """Return the text of ``why WHAT`` about something that did not run.

    Args:
        run: the run.
        what: what is asked about; None for the whole run, which had nothing to do.
        changed_config: the keys of the config that changed since the baseline.
        files: when files were written, in seconds of the run; ``__`` stands for a dot.

    """
    written = {name.replace("__", "."): at(moment_s) for name, moment_s in files.items()}
    if what is None:
        found = nothing_to_do(run, written.get)
    else:
        found = find_not_run(run, what, written.get, changed_config)
    assert found is not None
    answer = WhyAnswer(source(run), why(run), source(run), not_run=found)
    shape(answer)
    return "\n".join(str(part) for part in not_run.parts(answer))


def validation(story: Story) -> ValidateAnswer:
    return ValidateAnswer(source(story.run), validate(numbered(story.events), ()))


LIMITS = (
    Limit("max", "makespan_s", "", 30, 4),
    Limit("max", "retries", "", 0, 5),
    Limit("max", "class_share", "compute", 0.8, 6),
    Limit("max", "memory_of_request", "", 0.9, 7),
    Limit("max", "queue_wait_s", "p95", 600, 8),
    Limit("min", "jobs_planned", "", 2, 11),
)


def check(
    run: Run, *more: CheckLine, strict: bool = False, notes: tuple[str, ...] = ()
) -> CheckAnswer:
    subject = MeasuredRun(run, status_of(run))
    lines = (ended(subject), *(judge(subject, limit) for limit in LIMITS), *more)
    file = Path("workflow/observe.toml")
    return CheckAnswer(source(run), file, Path("run"), lines, strict=strict, notes=notes)


def published_lines(text: str = "results/summary.tsv") -> tuple[CheckLine, ...]:
    """Return check lines of files, commands and a baseline, each with *text* in it."""
    quoted = (Citation("command", "verify", f"{text}: FAILED"), Citation("command", "verify", text))
    other = (Citation("journal", "A:3", f"rule map no longer makes {text}"),)
    files = (("run/results/a", 1500), (f"run/{text}", 281))
    return (
        CheckLine("publish", "files", text, 2, True, "", 14, files=files),
        CheckLine("publish", "files", f"{text}/**", 0, False, "", 15),
        CheckLine(
            "verify", "verify", f"verify {text}", "exit code 1", False, "", 18, evidence=quoted
        ),
        CheckLine(
            "baseline", "same_work", True, False, False, f"faster, but {text}", 22, evidence=other
        ),
        CheckLine("baseline", "slower_by", 0.2, -0.25, True, "15.000 s, the baseline 20.000 s", 23),
    )


def proposal(run: Run) -> ProposalAnswer:
    subject = MeasuredRun(run, status_of(run))
    text = check_toml.render(PATH.name, list(limits(subject)), final_outputs(subject))
    return ProposalAnswer(source(run), None, text)


def failed_validation() -> ValidateAnswer:
    found = Validation(
        chain().run,
        7,
        (Disagreement(5, "attempt of job 1: compute is 9.0 s as written, 6.5 s from the stamps"),),
        ("line 8: torn line: the writer was cut off here",),
    )
    return ValidateAnswer(source(found.run), found)


def with_escapes() -> Story:
    """Return a run that has terminal escapes in every text field of its journal."""
    story = Story(snakefile=ESCAPES, tags={ESCAPES: ESCAPES}, executor=ESCAPES, wraps=None).plan(
        2, 3
    )
    story.job(1, rule=ESCAPES, wildcards={ESCAPES: ESCAPES}, log=(ESCAPES,), reason=ESCAPES)
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=6, finished=7)
    story.attempt(1, known, status="failed", external_jobid=ESCAPES, message=ESCAPES, node=ESCAPES)
    story.group("g1", (2,), name=ESCAPES).job(2)
    story.attempt(None, known, group="g1", status="failed")
    return story.add(Gap(time=known.finished, reason=ESCAPES)).message(
        8, ESCAPES, kind="unobserved"
    )


def on_slurm() -> Story:
    """Return a run on Slurm: many tiny jobs, one large one, a long queue, over-requested resources."""
    own = {"user_s": 0.4, "system_s": 0.1, "processes_at_once": 1}
    tiny = Usage(**own, peak_rss_bytes=140_000_000, peak_rss_bound_bytes=140_000_000)
    asks = {"mem_mb": 8000, "runtime": 240}
    story = on_cluster(
        4, queue_s=20, startup_s=8, tool_s=0.5, poll_s=30, every_s=40, used=tiny, asks=asks
    )
    story.events.pop()
    bound = Usage(**own, peak_rss_bound_bytes=130_000_000)
    story.events[-1] = story.events[-1].but(used=bound)
    for job_id in range(1, 4):
        peak = 140_000_000 + job_id
        record = {"submitted": 3, "eligible": 5, "started": 22, "ended": 33, "time_limit_s": 14400}
        record |= {"memory_requested_bytes": 8000 * 2**20}
        story.accounting(job_id, a_record(str(70 + job_id), peak_rss_bytes=peak, **record))
    large = Usage(
        user_s=30,
        system_s=2,
        peak_rss_bytes=1_950_000_000,
        peak_rss_bound_bytes=1_950_000_000,
        processes_at_once=1,
        read_bytes=12_000_000_000,
        written_bytes=4_096,
    )
    asks = {"mem_mb": 2000, "runtime": 5}
    story.job(5, rule="assemble_all_of_them", needs=(1,), threads=16, resources=asks)
    known = stamps(ready=61.5, selected=62, submitting=62, accepted=63, reported=125, finished=126)
    one = an_execution(
        "assemble_all_of_them", begun=70, tool_started=70, tool_ended=102, checked=103
    )
    node = level(one, started=65, loaded=69, planned=70, ended=104)
    story.attempt(5, known, node, external_jobid="75", poll_interval_s=60, used=large)
    return story.phase("shutdown", 126, 130, poll_interval_s=60).end(130)


def chain_of_forty() -> Story:
    """Return a chain of forty jobs, two seconds apart; every fifth takes longer."""
    story = begun(jobs=1)
    moment = 3.0
    for number in range(1, 41):
        rule = "large" if number % 5 == 0 else "small"
        needs = (number - 1,) if number > 1 else ()
        story.job(number, needs=needs, rule=rule, wildcards={"n": str(number)})
        story.iteration(moment, moment + 2, (moment, moment + 2))
        end = moment + 2 + (10 if rule == "large" else 1)
        story.quick(number, moment, moment + 2, end)
        moment = end
    return story.end(moment + 1)


STORIES = {
    story.__name__: story
    for story in (
        *(begun, chain, on_slurm, grouped, with_escapes, killed),
        *(logger_only, mixed, replanned, retried),
    )
}
FAILING = {
    story.__name__: story
    for story in (deterministic, different, every_job, flaky, many, recovered_inside, nested)
}
WHYS = {
    story.__name__: story
    for story in (many_causes, temporary, first_run, discovered, plan, cycle, up_to_date)
}


Answer = Any
"""What a command answers: a dataclass for each."""


def reply(answer: Answer) -> Reply[Answer]:
    """Return *answer* with the reporters that its command names: CostAnswer is of ``cost``."""
    if isinstance(answer, ProposalAnswer):
        check = module_of("check")
        return Reply(answer, check.proposal_parts, check.shape_proposal)
    own = module_of(type(answer).__name__.removesuffix("Answer").lower())
    return Reply(answer, own.parts, own.shape)


def render(answer: Answer, width: int = 100, *, color: bool = False) -> str:
    """Return *answer* as text."""
    return FORMS["text"](reply(answer), width=width, color=color)


def render_json(answer: Answer, width: int = 100) -> str:
    """Return *answer* as the text of a JSON document."""
    return FORMS["json"](reply(answer), width=width, color=False)


def as_json(answer: Answer) -> dict[str, Any]:
    """Return *answer* as a reader of its JSON gets it."""
    return json.loads(render_json(answer))


def shape(answer: Answer) -> dict[str, Any]:
    """Return *answer* as plain values."""
    return reply(answer).json(answer)
