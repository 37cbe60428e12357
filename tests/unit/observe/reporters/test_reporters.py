"""Answers in every form: one contract for all, golden texts, and the JSON that is promised."""

import io
import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import strategies
from builders import (
    RUN_ID,
    SECOND,
    Story,
    a_record,
    a_try,
    at,
    begun,
    chain,
    grouped,
    killed,
    level,
    logger_only,
    mixed,
    on_cluster,
    replanned,
    retried,
    stamps,
)
from failing import deterministic, different, every_job, flaky, many, mended_inside, nested
from hypothesis import given
from hypothesis import strategies as st
from junitparser import Failure, JUnitXml, Skipped, TestCase
from rich.console import Console
from whys import (
    circle,
    discovered,
    first_run,
    many_causes,
    plan,
    temporary,
    up_to_date,
)
from whys import story as whys_story
from workflows import a_run, a_workflow, changed, compared

from snakemake_logger_plugin_observe.__main__ import FORMS
from snakemake_logger_plugin_observe.analysis.check.budgets import CheckLine, Limit, ended, judge
from snakemake_logger_plugin_observe.analysis.check.measured_run import MeasuredRun
from snakemake_logger_plugin_observe.analysis.check.proposal import final_outputs, limits
from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.compare.differences import changes
from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.analysis.cost.advice import levers
from snakemake_logger_plugin_observe.analysis.cost.node_clocks import node_clocks
from snakemake_logger_plugin_observe.analysis.cost.polling import polling
from snakemake_logger_plugin_observe.analysis.cost.validation import (
    Disagreement,
    Verification,
    verify,
)
from snakemake_logger_plugin_observe.analysis.jobs.resource_use import FarOff, far_off
from snakemake_logger_plugin_observe.analysis.jobs.table import Choice, rows
from snakemake_logger_plugin_observe.analysis.path.explain import explain
from snakemake_logger_plugin_observe.analysis.path.paths import paths
from snakemake_logger_plugin_observe.analysis.triage import triage
from snakemake_logger_plugin_observe.analysis.triage.case import Asked, Case
from snakemake_logger_plugin_observe.analysis.whatif import model_of
from snakemake_logger_plugin_observe.analysis.whatif.savings import savings
from snakemake_logger_plugin_observe.analysis.why.chain import chain as causal_chain
from snakemake_logger_plugin_observe.analysis.why.origins import Origins
from snakemake_logger_plugin_observe.analysis.why.roots import roots
from snakemake_logger_plugin_observe.analysis.why.selection import find
from snakemake_logger_plugin_observe.analysis.why.why import why
from snakemake_logger_plugin_observe.clock import parse_moment
from snakemake_logger_plugin_observe.commands.cost import costliest
from snakemake_logger_plugin_observe.commands.jobs import failed
from snakemake_logger_plugin_observe.journal.events import (
    SCHEMA_VERSION,
    FileSystem,
    Gap,
    Message,
    json_schema,
)
from snakemake_logger_plugin_observe.journal.records import LogTail, Usage
from snakemake_logger_plugin_observe.reporters.answers import (
    AccountingAnswer,
    Answer,
    CheckAnswer,
    CompareAnswer,
    CostAnswer,
    JobsAnswer,
    PathAnswer,
    ProposalAnswer,
    RunbookAnswer,
    SchemaAnswer,
    Source,
    TriageAnswer,
    ValidateAnswer,
    WhyAnswer,
)
from snakemake_logger_plugin_observe.reporters.as_json import shape
from snakemake_logger_plugin_observe.reporters.as_text import render
from snakemake_logger_plugin_observe.reporters.as_text.advice import requests
from snakemake_logger_plugin_observe.reporters.documents import check_toml, junit
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.node_processes import NODE_CUT_OFF
from snakemake_logger_plugin_observe.run.phases import CLASSES, PHASES
from snakemake_logger_plugin_observe.run.timeline import NO_NODE_STAMPS

PATH = Path(".snakemake/observe/20260301T120000-012345.jsonl")
ESCAPES = "\x1b[2Jgone\r\u202e"


def source(run: Run, *problems: str) -> Source:
    return Source(PATH, run, run.status(), problems)


def cost(run: Run, *problems: str) -> CostAnswer:
    accounts = account(run)
    return CostAnswer(
        source(run, *problems),
        accounts,
        costliest(run),
        polling=polling(run),
        levers=tuple(levers(run, accounts)),
        far_off=tuple(far_off(run)),
        clocks=node_clocks(run),
    )


def path(run: Run, *problems: str) -> PathAnswer:
    found = paths(run)
    saved = savings(model_of(run, found.actual), found.actual)
    return PathAnswer(source(run, *problems), found, tuple(saved))


def explained(story: Story) -> PathAnswer:
    run = story.run
    found = paths(run)
    lines = {number: json.loads(line) for number, line in enumerate(story.lines, 1)}
    return PathAnswer(source(run), found, explained=tuple(explain(run, found.actual, lines)))


def jobs(run: Run, **choice: Any) -> JobsAnswer:
    chosen = tuple(rows(run, Choice(**choice)))
    if choice.get("failed"):
        return failed(source(run), chosen, choice.get("rule"))
    return JobsAnswer(source(run), chosen)


def used(run: Run) -> JobsAnswer:
    return JobsAnswer(source(run), tuple(rows(run)), used=True)


def asked(run: Run, known: int = 0, added: int = 0) -> AccountingAnswer:
    return AccountingAnswer(source(run), 2, known, added)


def comparison(before: Story, after: Story) -> CompareAnswer:
    other = PATH.with_name("20260302T120000-abcdef.jsonl")
    return CompareAnswer(
        source(before.run),
        Source(other, after.run, after.run.status()),
        compared(before, after),
    )


def triaged(after: Story, before: Story | None = None, **more: Any) -> TriageAnswer:
    """Return the ladder of a run, against another, with the logs of its folder."""
    run, told = after.run, [before] if before is not None else []
    baseline = next((Source(PATH.with_name("A.jsonl"), one.run, "success") for one in told), None)
    comparison = compared(before, after) if before is not None else None
    paths = {"B": str(PATH), **({"A": str(baseline.path)} if baseline is not None else {})}
    against = baseline.run if baseline is not None else None
    case = Case(run, run.status(False), against, comparison, paths=paths, **more)
    missing = ("no dry run's journal beside it: what was planned is known from the run alone",)
    return TriageAnswer(source(run), baseline, triage(case), missing, paths, case.asked)


def in_folder(path: str) -> LogTail:
    """Return what a folder has: of every job a log, and of most a benchmark."""
    if path.startswith("benchmarks/cut"):
        return LogTail(path=path, problem="it is not there")
    if path.startswith("benchmarks/"):
        return LogTail(path=path, first_line=1, lines=("s\tmax_rss\tcpu_time", "0.5\t31.2\t0.4"))
    return LogTail(path=path, bytes=40, first_line=3, lines=("reading", "2 of 9 lines were bad"))


def widened() -> TriageAnswer:
    """Return the ladder of a run whose discovery found checksum files, too, and a live answer."""
    wide = changed(a_workflow(["a", "b", "a.md5", "b.md5"]), "count", log=())
    asked = (
        Asked("L1", "plan", "snakemake all --dry-run --cores 2", ("total      8",)),
        Asked("L2", "code", "snakemake all --list-changes code --cores 2", ("table",)),
    )
    after = a_run(wide, length_s=300, config_digest="sha256:2", config_keys={"samples": "sha256:2"})
    before = a_run(a_workflow("ab"), config_digest="sha256:1", config_keys={"samples": "sha256:1"})
    return triaged(after, before, read=in_folder, asked=asked)


def refused() -> CompareAnswer:
    """Return a comparison with most that one can find: less work, a lost log, other settings."""
    slow = changed(a_workflow("abcdef"), "count", threads=4, resources={"mem_mb": 8000})
    jobs = changed(a_workflow("abc"), "cut", log=(), code_digest="sha256:other")
    settings = {"rerun_triggers": ["mtime"], "latency_wait_s": 60, "retries": 2}
    return comparison(a_run(slow, length_s=300), a_run(jobs, settings=settings, host="other"))


def reasons(story: Story, words: str | None = None, since: Story | None = None) -> WhyAnswer:
    """Return why a story's jobs ran, or those that *words* name; held against *since*."""
    run = story.run
    origins = Origins(run)
    found = roots(origins)
    subject = find(origins, words) if words is not None else None
    return WhyAnswer(
        source(run),
        why(run, origins, found),
        source(since.run) if since is not None else None,
        changes(since.run, run) if since is not None else (),
        subject,
        causal_chain(origins, found, subject.jobs) if subject is not None else None,
    )


def validation(story: Story) -> ValidateAnswer:
    return ValidateAnswer(source(story.run), verify(enumerate(story.events, 1), ()))


ASKED = (
    Limit("max", "makespan_s", "", 30, 4),
    Limit("max", "retries", "", 0, 5),
    Limit("max", "class_share", "compute", 0.8, 6),
    Limit("max", "memory_of_request", "", 0.9, 7),
    Limit("max", "queue_wait_s", "p95", 600, 8),
    Limit("min", "jobs_planned", "", 2, 11),
)


def checked(
    run: Run, *more: CheckLine, strict: bool = False, notes: tuple[str, ...] = ()
) -> CheckAnswer:
    subject = MeasuredRun(run, run.status())
    lines = (ended(subject), *(judge(subject, limit) for limit in ASKED), *more)
    file = Path("workflow/observe.toml")
    return CheckAnswer(source(run), file, Path("run"), lines, strict=strict, notes=notes)


def published(said: str = "results/summary.tsv") -> tuple[CheckLine, ...]:
    """Return what files, commands and a baseline may come to; *said* is in all of it."""
    quoted = (Citation("command", "verify", f"{said}: FAILED"), Citation("command", "verify", said))
    other = (Citation("journal", "A:3", f"rule map no longer makes {said}"),)
    files = (("run/results/a", 1500), (f"run/{said}", 281))
    return (
        CheckLine("publish", "files", said, 2, True, "", 14, files=files),
        CheckLine("publish", "files", f"{said}/**", 0, False, "", 15),
        CheckLine(
            "verify", "verify", f"verify {said}", "exit code 1", False, "", 18, evidence=quoted
        ),
        CheckLine(
            "baseline", "same_work", True, False, False, f"faster, but {said}", 22, evidence=other
        ),
        CheckLine("baseline", "slower_by", 0.2, -0.25, True, "15.000 s, the baseline 20.000 s", 23),
    )


def proposal(run: Run) -> ProposalAnswer:
    subject = MeasuredRun(run, run.status())
    text = check_toml.render(PATH.name, list(limits(subject)), final_outputs(subject))
    return ProposalAnswer(source(run), None, text)


def unsound() -> ValidateAnswer:
    found = Verification(
        chain().run,
        7,
        (Disagreement(5, "attempt of job 1: compute is 9.0 s as written, 6.5 s from the stamps"),),
        ("line 8: torn line: the writer was cut off here",),
    )
    return ValidateAnswer(source(found.run), found)


def hostile() -> Story:
    """Return a run that has terminal escapes wherever a journal has room for text."""
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


def cluster() -> Story:
    """Return a run on Slurm: many tiny jobs, one large one, a long queue, requests far from use."""
    tiny = Usage(user_s=0.4, system_s=0.1, peak_rss_bound_bytes=130_000_000)
    asks = {"mem_mb": 8000, "runtime": 240}
    story = on_cluster(
        4, queue_s=20, startup_s=8, tool_s=0.5, poll_s=30, every_s=40, used=tiny, asks=asks
    )
    story.events.pop()
    for job_id in range(1, 4):
        peak = 140_000_000 + job_id
        record = {"submitted": 3, "eligible": 5, "started": 22, "ended": 33}
        story.accounting(job_id, a_record(str(70 + job_id), peak_rss_bytes=peak, **record))
    large = Usage(
        user_s=30,
        system_s=2,
        peak_rss_bytes=1_950_000_000,
        peak_rss_bound_bytes=1_950_000_000,
        read_bytes=12_000_000_000,
        written_bytes=4_096,
    )
    asks = {"mem_mb": 2000, "runtime": 5}
    story.job(5, rule="assemble_all_of_them", needs=(1,), threads=16, resources=asks)
    known = stamps(ready=61.5, selected=62, submitting=62, accepted=63, reported=125, finished=126)
    one = a_try("assemble_all_of_them", begun=70, tool_started=70, tool_ended=102, checked=103)
    node = level(one, started=65, loaded=69, planned=70, ended=104)
    story.attempt(5, known, node, external_jobid="75", poll_interval_s=60, used=large)
    return story.phase("shutdown", 126, 130, poll_interval_s=60).end(130)


def forty() -> Story:
    """Return a chain of forty jobs, of which every fifth takes longer, two seconds apart."""
    story = begun(jobs=1)
    moment = 3.0
    for number in range(1, 41):
        rule = "large" if number % 5 == 0 else "small"
        needs = (number - 1,) if number > 1 else ()
        story.job(number, needs=needs, rule=rule, wildcards={"n": str(number)})
        story.turn(moment, moment + 2, (moment, moment + 2))
        end = moment + 2 + (10 if rule == "large" else 1)
        story.quick(number, moment, moment + 2, end)
        moment = end
    return story.end(moment + 1)


STORIES = [
    *(begun, chain, cluster, grouped, hostile, killed),
    *(logger_only, mixed, replanned, retried),
]
FAILING = [deterministic, different, every_job, flaky, many, mended_inside, nested]
WHYS = [many_causes, temporary, first_run, discovered, plan, circle, up_to_date]
ANSWERS = [
    *(
        pytest.param(make(story().run), id=f"{make.__name__}-{story.__name__}")
        for story in STORIES
        for make in (asked, checked, cost, jobs, path, proposal, used)
    ),
    *(
        pytest.param(jobs(story().run, failed=True), id=f"failed-{story.__name__}")
        for story in (*STORIES, *FAILING)
    ),
    *(pytest.param(validation(story()), id=f"validate-{story.__name__}") for story in STORIES),
    *(
        pytest.param(comparison(chain(), story()), id=f"compare-{story.__name__}")
        for story in STORIES
    ),
    *(pytest.param(triaged(story()), id=f"triage-{story.__name__}") for story in STORIES),
    *(
        pytest.param(triaged(story(), chain()), id=f"triage-slower-{story.__name__}")
        for story in STORIES
    ),
    pytest.param(widened(), id="triage-widened"),
    pytest.param(RunbookAnswer(Path("RUNBOOK.md"), kept=True), id="runbook-kept"),
    *(pytest.param(reasons(story()), id=f"why-{story.__name__}") for story in [*STORIES, *WHYS]),
    *(
        pytest.param(reasons(story(), str(max(story().run.jobs))), id=f"why-job-{story.__name__}")
        for story in [*WHYS, grouped, hostile, mixed]
        if story().run.jobs
    ),
    *(pytest.param(explained(story()), id=f"explained-{story.__name__}") for story in STORIES),
    pytest.param(refused(), id="compare-refused"),
    pytest.param(checked(mixed().run, *published()), id="check-published"),
    pytest.param(checked(hostile().run, *published(ESCAPES), notes=(ESCAPES,)), id="check-hostile"),
    pytest.param(ProposalAnswer(source(chain().run), Path(ESCAPES), "x"), id="proposed"),
    pytest.param(unsound(), id="validate-unsound"),
    pytest.param(SchemaAnswer(json_schema()), id="schema"),
]

# -- the contract of every form ------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("width", [40, 60, 100, 200])
def test_every_form_renders_every_answer(form: str, answer: Answer, width: int) -> None:
    """A text that ends with a newline, without anything that a terminal would obey."""
    text = FORMS[form](answer, width=width, color=False)
    assert text.endswith("\n")
    assert not text.startswith("\n")
    bad = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert not any(unicodedata.category(one) in bad for one in text.replace("\n", ""))


@pytest.mark.parametrize("answer", ANSWERS)
def test_colours_change_no_text(answer: Answer) -> None:
    plain = render(answer, width=100)
    coloured = render(answer, width=100, color=True)
    for code in ("0", "1", "2", "31", "32", "33", "34", "35", "36", "97", "1;31", "1;32", "1;33"):
        coloured = coloured.replace(f"\x1b[{code}m", "")
    assert coloured.split() == plain.split()


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("form", FORMS)
def test_rendering_twice_is_rendering_once(form: str, answer: Answer) -> None:
    assert FORMS[form](answer) == FORMS[form](answer)


def test_what_a_terminal_would_obey_is_shown_in_text() -> None:
    for answer in (cost(hostile().run), jobs(hostile().run), jobs(hostile().run, failed=True)):
        assert "\\x1b[2Jgone\\r\\u202e" in render(answer, width=300)


# -- texts -----------------------------------------------------------------------------------------------------------------

TEXTS: dict[str, Callable[[], Answer]] = {
    "accounting": lambda: asked(chain().run, 1, 1),
    "accounting-nothing-new": lambda: asked(chain().run, 2),
    "cost": lambda: cost(mixed().run),
    "cost-chain": lambda: cost(chain().run),
    "cost-cluster": lambda: cost(cluster().run),
    "cost-group": lambda: cost(grouped().run),
    "cost-killed": lambda: cost(killed().run, f"{PATH}: line 12: torn line"),
    "cost-logger-only": lambda: cost(logger_only().run),
    "jobs": lambda: jobs(mixed().run),
    "jobs-killed": lambda: jobs(killed().run),
    "compare": lambda: comparison(a_run(sums=True), a_run(sums=True, length_s=60)),
    "compare-refused": refused,
    "compare-failed": lambda: comparison(chain(), mixed()),
    "why": lambda: reasons(many_causes(), since=many_causes(note="echo")),
    "why-publish": lambda: reasons(many_causes(), "publish"),
    "why-rule": lambda: reasons(many_causes(), "screen"),
    "why-temporary": lambda: reasons(temporary(), "sort"),
    "why-checkpoint": lambda: reasons(discovered(), "done/a.txt"),
    "why-first": lambda: reasons(first_run(300)),
    "why-plan": lambda: reasons(plan()),
    "why-updated": lambda: reasons(many_causes(), "panel.fa"),
    "why-up-to-date": lambda: reasons(up_to_date()),
    "check": lambda: checked(mixed().run, *published(), notes=("a later run may have changed it",)),
    "check-kept": lambda: checked(chain().run),
    "check-killed": lambda: checked(killed().run, strict=True),
    "failed": lambda: jobs(mixed().run, failed=True),
    **{
        f"failed-{story.__name__}": lambda story=story: jobs(story().run, failed=True)
        for story in FAILING
    },
    "failed-none": lambda: jobs(chain().run, failed=True),
    "path": lambda: path(mixed().run),
    "path-chain": lambda: path(chain().run),
    "path-cluster": lambda: path(cluster().run),
    "path-group": lambda: path(grouped().run),
    "path-killed": lambda: path(killed().run, f"{PATH}: line 12: torn line"),
    "path-logger-only": lambda: path(logger_only().run),
    "path-many": lambda: path(forty().run),
    "path-nothing": lambda: path(begun().run),
    "path-explained": lambda: explained(retried()),
    "used": lambda: used(cluster().run),
    "used-mixed": lambda: used(mixed().run),
    "triage": widened,
    "triage-failed": lambda: triaged(mixed(), read=in_folder),
    "triage-healthy": lambda: triaged(a_run(), a_run()),
    "triage-killed": lambda: triaged(killed()),
    "validate": lambda: validation(chain()),
    "validate-unsound": unsound,
}


@pytest.mark.parametrize("width", [100, 80, 60])
@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_as_it_was_read_and_found_good(
    golden: Callable[[str, str], None], name: str, width: int
) -> None:
    golden(f"{name}-{width}.txt", render(TEXTS[name](), width=width))


@pytest.mark.parametrize("width", [100, 80, 60])
@pytest.mark.parametrize("name", TEXTS)
def test_a_text_keeps_to_its_width(name: str, width: int) -> None:
    """But for whole lines to copy: the run's head, its journal, and a problem with it."""
    for line in render(TEXTS[name](), width=width).splitlines():
        whole = line.startswith(
            ("run ", "  .snakemake", ".snakemake", "  A  ", "  B  ", "→ snakemake-observe why .")
        )
        assert whole or len(line) <= width, line


@pytest.mark.parametrize("width", [120, 100, 90, 80, 70, 60])
@pytest.mark.parametrize("name", TEXTS)
def test_no_figure_of_a_text_is_cut(name: str, width: int) -> None:
    """Half a number reads like another number, and none of it like an unknown one."""
    assert not re.search(r"[\d.\s]…(?! \d)", render(TEXTS[name](), width=width))


def test_what_a_rule_s_jobs_have_in_common_is_said_once() -> None:
    for asked_for in ({}, {"rule": "quality"}):
        text = " ".join(render(jobs(every_job().run, failed=True, **asked_for)).split())
        assert text.count("each of the 6 jobs of quality failed first in this way") == 1
        assert text.count("quality sample=") == (6 if asked_for else 0)


def test_a_run_that_goes_on_may_try_again() -> None:
    story = deterministic()
    story.events.pop()
    text = render(jobs(story.run, failed=True))
    assert "failed so far after 3 attempts, 3 × the same way" in text
    assert "for good" not in text


@pytest.mark.parametrize("width", [100, 60])
def test_every_attempt_has_its_job_and_status_however_narrow(width: int) -> None:
    text = render(jobs(mixed().run), width=width)
    for row in rows(mixed().run):
        said = "" if row.attempt.job_id is None else str(row.attempt.job_id)
        assert any(
            line.split()[:1] == [said or str(row.attempt.number)] and row.attempt.status[:4] in line
            for line in text.splitlines()
        )


@pytest.mark.parametrize("width", [100, 60])
def test_the_figures_of_a_text_add_up_to_the_makespan(width: int) -> None:
    """However narrow: what falls off the edge are bars and meanings, not seconds."""
    text = render(cost(chain().run), width=width)
    (total,) = (line for line in text.splitlines() if line.strip().startswith("Σ"))
    assert total.split() == ["Σ", "=", "makespan", "21.0"]


def test_most_of_a_class_is_said_only_of_more_than_half() -> None:
    """Of the group's overhead, 9 s, the time between its members is 2 s: not most of it."""
    assert "most of it member_wait" not in " ".join(render(cost(grouped().run)).split())


def test_a_group_s_submission_uses_nothing_but_its_members() -> None:
    lines = render(used(grouped().run), width=100).splitlines()[3:]
    assert [line.split() for line in lines] == [
        ["job", "rule", "cores", "memory", "time", "read", "written"],
        ["1", "map", "s=a", "?", "?", "4.00", "s", "?", "?"],
        ["2", "map", "s=b", "?", "?", "4.00", "s", "?", "?"],
    ]


def test_figures_of_use_that_there_is_no_room_for_are_left_out_from_the_right() -> None:
    headings = [
        render(used(cluster().run), width=width).splitlines()[3].split()
        for width in (200, 90, 80, 60, 45, 30)
    ]
    whole = ["job", "rule", "cores", "memory", "time", "read", "written"]
    assert [whole[: len(one)] for one in headings] == headings
    assert [len(one) for one in headings] == [7, 7, 6, 4, 3, 2]


def told(*found: FarOff, width: int = 100) -> list[str]:
    """Return the table of requests far from use, a line each, without its header."""
    console = Console(file=io.StringIO(), width=width)
    for part in requests(found, width):
        console.print(part)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines()[1:-1]]


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (FarOff("map", "memory", 8e9, 2e9), "map 8.0 GB 2.0 GB 4 times as much"),
        (FarOff("map", "memory", 8e9, 130e6, at_most=True), "map 8.0 GB ≤ 130 MB 62 times as much"),
        (FarOff("map", "memory", 1e9, 950e6), "map 1.0 GB 950 MB nearly all: the next may not fit"),
        (FarOff("map", "memory", 1e9, 0), "map 1.0 GB 0 B"),
        (FarOff("map", "threads", 16, 12.4), "map 16 cores 12 cores 1 times as much"),
        (FarOff("map", "threads", 4, 1.0), "map 4 cores 1 core 4 times as much"),
        (FarOff("map", "threads", 8, 0.25), "map 8 cores 0.25 cores 32 times as much"),
        (FarOff("map", "runtime", 14400, 60), "map 4 h 00 min 1 min 00 s 240 times as much"),
        (FarOff("a\x1bb", "memory", 8e9, 2e9), "a\\x1bb 8.0 GB 2.0 GB 4 times as much"),
    ],
)
def test_a_request_far_from_use_is_a_line(found: FarOff, line: str) -> None:
    assert told(found) == [line]


def test_of_many_requests_the_first_eight_are_shown() -> None:
    found = [FarOff(f"rule{n}", "memory", 8e9, 2e9) for n in range(11)]
    lines = told(*found)
    assert [line.split()[0] for line in lines[:8]] == [f"rule{n}" for n in range(8)]
    assert lines[8:] == ["… 3 more"]
    assert requests([], 100) == []


@pytest.mark.parametrize("width", [100, 80, 70, 60])
def test_names_give_way_to_figures(width: int) -> None:
    name = "a_rule_with_a_name_that_is_as_long_as_they_come"
    (line,) = told(FarOff(name, "runtime", 14400, 3_900), width=width)
    assert "… 4 h 00 min 1 h 05 min 4 times as much" in line
    (line,) = told(FarOff(name, "memory", 800e9, 790e9), width=width)
    assert re.search(r"… 800 GB 790 GB nearly all(: the next may not fit)?$", line)


def test_a_slow_file_system_is_told() -> None:
    quick = {"create_s": 0.0002, "stat_s": 0.0001, "remove_s": 0.0099}
    slow = {"create_s": 0.0412, "stat_s": 0.0001, "remove_s": 1.2}
    measured = [
        FileSystem(time=at(2), when="start", path="/w", **quick),
        FileSystem(time=at(21), when="end", path="/w", **slow),
    ]
    run = chain().run
    run.file_systems.extend(measured)
    told = [line for line in render(cost(run)).splitlines() if "slow" in line]
    assert told == [
        "! slow when the run ended: a file in /w took 0.041 s to create, 1.20 s to remove"
    ]


def test_a_failure_shows_the_last_lines_of_its_logs_with_their_numbers() -> None:
    logs = (
        LogTail(path="a.log", bytes=70, first_line=7, lines=("one", *"234567", "", "no \x1b[31m")),
        LogTail(path="b.log", bytes=9**9, lines=("cut",)),
        LogTail(path="c.log", problem="it is not there"),
    )
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=6, finished=7)
    story = begun().job(1, rule="map").attempt(1, known, status="failed", logs=logs)
    told = render(jobs(story.run, failed=True))
    assert [line.strip() for line in told.splitlines() if ".log" in line] == [
        "a.log:10: 4",
        "a.log:11: 5",
        "a.log:12: 6",
        "a.log:13: 7",
        "a.log:15: no \\x1b[31m",
        "b.log: cut",
        "log c.log: it is not there",
    ]


@pytest.mark.parametrize("make", [cost, lambda run: jobs(run, failed=True)], ids=["cost", "jobs"])
def test_a_run_that_failed_outside_of_its_jobs_says_why(make: Any) -> None:
    story = begun(workdir="/w").message(
        3, "MissingInputException in rule a in file /w/Snakefile:\nx"
    )
    run = (
        story.add(
            Message(
                time=at(4),
                level="error",
                kind="error",
                text="MissingInput in\n/w/Snakefile, line 2",
            )
        )
        .end(5, "failed")
        .run
    )
    assert "Snakemake said: MissingInput in Snakefile, line 2" in render(make(run))


def test_a_failure_of_a_job_is_not_said_twice() -> None:
    run = retried().run
    run.messages.append(Message(time=at(4), level="error", kind="error", text="no"))
    assert "Snakemake said" not in render(cost(run))


def test_a_killed_run_says_where_its_journal_ends() -> None:
    run = killed().run
    answer = CostAnswer(Source(PATH, run, "killed"), account(run))
    told = " ".join(render(answer).split())
    assert "! nothing was heard after 20.0 s; 2 attempts unfinished: what came then is not" in told


def test_a_dry_run_s_plan_is_listed() -> None:
    story = Story(kind="dry_run").plan(2, 3)
    story.job(1, rule="map", wildcards={"s": "a"}, reason="Missing output files:\n  a.txt")
    story.job(0, (1,), rule="all", reason="Input files updated by another job: a.txt")
    lines = render(jobs(story.end(4, "dry_run").run)).splitlines()[3:]
    assert [line.split() for line in lines] == [
        ["job", "planned", "reason"],
        ["0", "all", *["Input", "files", "updated", "by", "another", "job:", "a.txt"]],
        ["1", "map", "s=a", *["Missing", "output", "files:", "a.txt"]],
    ]


@pytest.mark.parametrize(
    ("unobserved", "said"),
    [
        (NO_NODE_STAMPS, "it may never have begun on a node"),
        (NODE_CUT_OFF, "its processes on the node were killed, or the node was lost"),
    ],
)
def test_a_failure_without_a_word_is_told_by_what_was_not_heard(unobserved: str, said: str) -> None:
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=6, finished=7)
    story = begun().job(1, shellcmd="\n  bwa mem \\\n  x.fa\n")
    story.attempt(1, known, status="failed", unobserved=(unobserved,))
    told = render(jobs(story.run, failed=True))
    assert said in told
    assert "  command: bwa mem \\" in told.splitlines()


@pytest.mark.parametrize(("count", "last"), [(13, "r12"), (14, "… 2 more rules")])
def test_one_rule_more_than_are_shown_is_shown_itself(count: int, last: str) -> None:
    story = begun()
    for job_id in range(1, count + 1):
        story.job(job_id, rule=f"r{job_id - 1}").quick(job_id, 3, 3, 30 - job_id)
    lines = render(cost(story.end(31).run)).splitlines()
    table = lines[next(n for n, line in enumerate(lines) if line.startswith("Rules")) + 1 :]
    assert table[: table.index("")][-1].strip().startswith(last)


# -- JSON ----------------------------------------------------------------------------------------------------------------------

RUN_KEYS = {"run_id", "status", "start", "end", "makespan_s"}


def as_json(answer: Answer) -> dict[str, Any]:
    return json.loads(FORMS["json"](answer))


def test_json_is_the_shape_and_nothing_else() -> None:
    assert as_json(cost(chain().run)) == json.loads(json.dumps(shape(cost(chain().run))))


@pytest.mark.parametrize("make", [cost, jobs])
def test_every_answer_has_its_schema_version_and_its_run(make: Any) -> None:
    found = as_json(make(chain().run))
    assert found["schema_version"] == SCHEMA_VERSION
    assert set(found["run"]) >= RUN_KEYS
    assert found["run"] == {
        "run_id": "0123456789abcdef0123456789abcdef",
        "status": "success",
        "start": "2026-03-01T12:00:00.000000Z",
        "end": "2026-03-01T12:00:21.000000Z",
        "makespan_s": 21.0,
        "journal": str(PATH),
        "problems": [],
    }


def test_the_account_in_json() -> None:
    found = as_json(cost(retried().run))
    assert set(found) == {
        *("schema_version", "run", "makespan", "jobs", "rules"),
        *("polling", "file_system", "advice", "clocks", "requests_far_off"),
    }
    assert set(found["makespan"]) == {"by_class_s", "by_phase_s", "unattributed_s", "segments"}
    assert list(found["makespan"]["by_class_s"]) == list(CLASSES)
    assert found["jobs"] == {
        "count": 1,
        "attempts": 2,
        "failed_attempts": 1,
        "by_class_s": {
            "planning": 2.0,
            "scheduling": 10.0,
            "limits": 2.0,
            "queue": 2.0,
            "staging": 0.0,
            "compute": 6.0,
            "unobserved": 0.0,
            "unattributed": 0.0,
        },
        "by_phase_s": {
            "slot_wait": 2.0,
            "submit": 2.0,
            "queue_wait": 2.0,
            "node_startup": 2.0,
            "node_plan": 2.0,
            "compute": 6.0,
            "node_exit": 2.0,
            "poll_wait": 2.0,
            "postprocess": 2.0,
        },
        "core_s": 12.0,
        "failed_s": 11.0,
    }
    (rule,) = found["rules"]
    assert (rule["rule"], rule["jobs"], rule["attempts"]) == ("map", 1, 2)
    assert rule["by_phase_s"] == found["jobs"]["by_phase_s"]


def test_what_to_change_in_json() -> None:
    found = as_json(cost(cluster().run))
    setting = "--slurm-init-seconds-before-status-checks"
    assert found["polling"] == {"shortest_s": 40.0, "longest_s": 60.0, "setting": setting}
    unsaid = {"setting": None, "value": None, "rule": None, "jobs": 0, "overhead_s": 0, "tool_s": 0}
    assert found["advice"] == [
        {**unsaid, "kind": "polling", "makespan_s": 55.0, "setting": setting, "value": 60.0},
        {
            **unsaid,
            "kind": "compute",
            "makespan_s": 32.5,
            "rule": "assemble_all_of_them",
            "jobs": 1,
        },
        {
            **unsaid,
            "kind": "grouping",
            "makespan_s": 28.0,
            "rule": "map",
            "jobs": 4,
            "overhead_s": 28.0,
            "tool_s": 0.5,
        },
    ]
    first, *_, last = found["requests_far_off"]
    assert first == {
        "rule": "map",
        "resource": "memory",
        "asked": 8e9,
        "used": 140_000_003,
        "at_most": False,
        "too_little": False,
    }
    assert (last["resource"], last["asked"], last["used"]) == ("threads", 16, 1.0)


def test_without_advice_json_says_so() -> None:
    found = as_json(cost(Run()))
    assert (found["polling"], found["advice"], found["requests_far_off"]) == (None, [], [])


def test_a_segment_of_the_makespan_in_json() -> None:
    segments = as_json(cost(chain().run))["makespan"]["segments"]
    (own,) = (one for one in segments if one["job_id"] == 2)
    assert own == {
        "start": "2026-03-01T12:00:10.500000Z",
        "end": "2026-03-01T12:00:20.000000Z",
        "class": "compute",
        "phase": "compute",
        "job_id": 2,
        "group": None,
        "attempt": 1,
        "rule": "map",
        "released_by": {
            "because": "dependency",
            "job_id": 1,
            "group": None,
            "attempt": 1,
            "resource": None,
        },
        "line": 8,
    }
    assert segments[0]["released_by"] is None


@given(strategies.simulated_runs())
def test_the_makespan_s_segments_in_json_tile_the_run_to_the_microsecond(
    simulated: strategies.Simulated,
) -> None:
    found = shape(cost(simulated.run))
    segments = found["makespan"]["segments"]
    edges = [(parse_moment(one["start"]), parse_moment(one["end"])) for one in segments]
    assert [edges[0][0], edges[-1][1]] == [simulated.start, simulated.end]
    assert [end for _, end in edges[:-1]] == [start for start, _ in edges[1:]]
    total = sum(round(s * SECOND) for s in found["makespan"]["by_class_s"].values())
    assert total == round(found["run"]["makespan_s"] * SECOND) == simulated.end - simulated.start


ATTEMPT_KEYS = {
    *("job_id", "attempt", "rule", "wildcards", "group", "status", "external_jobid", "node"),
    *("exit_code", "start", "end", "phases_s", "segments", "executions", "unobserved"),
}


def test_an_attempt_in_json() -> None:
    first = as_json(jobs(retried().run))["attempts"][0]
    assert set(first) >= ATTEMPT_KEYS
    assert (first["job_id"], first["attempt"], first["rule"]) == (1, 1, "map")
    assert (first["status"], first["exit_code"], first["signal"]) == ("failed", 3, None)
    assert (first["external_jobid"], first["node"], first["group"]) == ("77", "node7", None)
    assert first["wildcards"] == {"sample": "a"}
    assert (first["start"], first["end"]) == (
        "2026-03-01T12:00:03.000000Z",
        "2026-03-01T12:00:14.000000Z",
    )
    assert first["phases_s"]["compute"] == 3.0
    assert first["segments"][0] == {
        "start": "2026-03-01T12:00:03.000000Z",
        "end": "2026-03-01T12:00:04.000000Z",
        "phase": "slot_wait",
    }
    (one,) = first["executions"]
    assert (one["number"], one["status"], one["exit_code"]) == (1, "failed", 3)
    assert one["tool_started"] == "2026-03-01T12:00:08.000000Z"
    assert first["unobserved"] == []


def test_what_an_attempt_asked_for_and_used_in_json() -> None:
    found = as_json(jobs(cluster().run, sort="job"))["attempts"]
    sampled, bound, exact = found[0], found[3], found[4]
    assert exact["requested"] == {"threads": 16, "memory_bytes": 2_000_000_000, "runtime_s": 300.0}
    assert exact["used"] == {
        "cpu_s": 32.0,
        "cores": 1.0,
        "memory_bytes": 1_950_000_000,
        "memory_is_bound": False,
        "on_node_s": 39.0,
        "read_bytes": 12_000_000_000,
        "written_bytes": 4096,
    }
    memories = [(one["used"]["memory_bytes"], one["used"]["memory_is_bound"]) for one in found]
    assert (memories[0], memories[3]) == ((140_000_001, False), (130_000_000, True))
    assert (sampled["poll_interval_s"], exact["poll_interval_s"], bound["starts"]) == (40, 60, 0)


def test_what_is_unknown_of_a_use_is_null_in_json() -> None:
    first = as_json(jobs(grouped().run, sort="job"))["attempts"][0]
    assert first["requested"] == {"threads": None, "memory_bytes": None, "runtime_s": None}
    assert first["used"] == {
        "cpu_s": None,
        "cores": None,
        "memory_bytes": None,
        "memory_is_bound": False,
        "on_node_s": 4.0,
        "read_bytes": None,
        "written_bytes": None,
    }
    assert first["scheduler"] is None


def test_the_scheduler_s_record_in_json_has_its_wait_split() -> None:
    found = as_json(jobs(cluster().run, sort="job"))["attempts"]
    told = found[0]["scheduler"]
    assert (told["held_s"], told["queued_s"]) == (2.0, 17.0)
    assert (told["cluster_job"], told["state"], told["restarts"]) == ("71", "COMPLETED", 0)
    assert (told["submitted"], told["ended"]) == (
        "2026-03-01T12:00:03.000000Z",
        "2026-03-01T12:00:33.000000Z",
    )
    assert found[4]["scheduler"] is None


def test_an_attempt_that_was_started_again_has_the_count_of_its_starts_in_json() -> None:
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=20, finished=21)
    story = begun().job(1).attempt(1, known, node_starts=(at(6), at(12)))
    assert as_json(jobs(story.run))["attempts"][0]["starts"] == 2


def test_an_inquiry_in_json() -> None:
    found = as_json(asked(chain().run, 1, 1))
    assert set(found.pop("run")) >= RUN_KEYS
    assert found == {"schema_version": 1, "asked": 2, "known": 1, "added": 1}


def test_a_group_s_submission_in_json_has_no_rule_and_its_group_s_name() -> None:
    found = as_json(jobs(grouped().run, sort="job"))["attempts"]
    whole, member = found[-1], found[0]
    assert (whole["job_id"], whole["rule"], whole["group"]) == (None, None, "g1")
    assert whole["group_name"] == "pair"
    assert (member["job_id"], member["rule"], member["group"]) == (1, "map", "g1")
    assert "compute" not in whole["phases_s"]


def test_what_is_unknown_is_null_in_json() -> None:
    (found,) = as_json(jobs(logger_only().run))["attempts"]
    assert found["phases_s"] == {
        "slot_wait": 1.0,
        "unobserved": 5.0,
        "stage_in": None,
        "compute": None,
        "stage_out": None,
    }
    assert found["unobserved"] == [
        "run without --executor timed: queue, node and tool cannot be told apart"
    ]
    assert (found["node"], found["exit_code"], found["external_jobid"]) == (None, None, None)


def test_an_attempt_without_segments_has_no_start_in_json() -> None:
    story = begun().job(1).submitted(1, stamps(accepted=5))
    (found,) = as_json(jobs(story.run))["attempts"]
    assert (found["start"], found["end"], found["segments"]) == (None, None, [])


@given(strategies.simulated_runs())
def test_an_attempt_s_phases_in_json_are_its_segments_sums(simulated: strategies.Simulated) -> None:
    for found in shape(jobs(simulated.run))["attempts"]:
        sums = dict.fromkeys(found["phases_s"], 0)
        for one in found["segments"]:
            sums[one["phase"]] += parse_moment(one["end"]) - parse_moment(one["start"])
        assert {name: micros / SECOND for name, micros in sums.items()} == found["phases_s"]
        assert set(sums) <= set(PHASES)


def test_a_validation_in_json() -> None:
    found = as_json(unsound())
    assert set(found) == {
        *("schema_version", "run", "valid", "lines", "problems", "disagreements"),
    }
    assert (found["valid"], found["lines"]) == (False, 7)
    assert found["problems"] == ["line 8: torn line: the writer was cut off here"]
    assert found["disagreements"] == [
        {
            "line": 5,
            "text": "attempt of job 1: compute is 9.0 s as written, 6.5 s from the stamps",
        }
    ]


def test_the_schema_in_json_is_the_schema() -> None:
    assert as_json(SchemaAnswer(json_schema())) == json_schema()


@given(strategies.hostile_runs())
def test_no_run_is_too_strange_to_be_shown(run: Run) -> None:
    for answer in (cost(run), jobs(run), jobs(run, failed=True), used(run)):
        for form in FORMS.values():
            assert form(answer, width=60).endswith("\n")


def test_a_comparison_in_json() -> None:
    found = as_json(refused())
    assert found["schema_version"] == 1
    assert found["journals"]["A"] == str(PATH)
    assert (found["verdict"], found["same_work"], found["checked"]) == (
        "faster because it did less",
        False,
        "plan",
    )
    assert found["speed"]["baseline_s"] == 300.0
    assert found["speed"]["by_class_s"]["planning"] == {"baseline": 3.0, "candidate": 3.0}
    assert [job["wildcards"] for job in found["work"]["jobs_gone"]] == [
        {"sample": s} for s in ("d", "e", "f", "d", "e", "f")
    ]
    assert (found["work"]["rules_added"], found["work"]["rules_gone"]) == ([], [])
    assert {one["id"] for one in found["findings"] if one["kind"] == "not_allowed"} == {
        *("discovery_narrowed", "log_removed", "code_changed", "hides_changes"),
    }
    lost = next(one for one in found["findings"] if one["id"] == "log_removed")
    assert lost["claim"] == "rule cut lost its log: logs/cut.log"
    assert lost["evidence"] == [
        {"kind": "journal", "ref": "A:5", "quote": "log: logs/cut.log"},
        {"kind": "journal", "ref": "B:5", "quote": "log: none of these"},
    ]


# -- why -----------------------------------------------------------------------------------------------


def test_why_as_json_is_as_promised() -> None:
    answer = shape(reasons(many_causes(), "publish", since=many_causes(note="echo")))
    assert answer["schema_version"] == SCHEMA_VERSION
    assert (answer["planned"], answer["jobs"], answer["time_s"]) == (False, 9, 9.0)
    assert answer["several_roots"] == 1
    assert answer["roots"][0] == {
        "kind": "code",
        "rules": [{"rule": "trim", "jobs": 3}],
        "files": [],
        "file_count": 0,
        "text": None,
        "jobs": 7,
        "time_s": 7.0,
        "alone": {"jobs": 6, "time_s": 6.0},
        "evidence": [
            {"kind": "journal", "ref": "B:3", "quote": "Code has changed since last execution"}
        ],
    }
    assert answer["reasons"][1] == {
        "kinds": ["code"],
        "rule": "trim",
        "jobs": 3,
        "time_s": 3.0,
        "files": [],
        "file_count": 0,
        "evidence": answer["roots"][0]["evidence"],
    }
    assert answer["changed"]["baseline"] == str(PATH)
    assert [one["what"] for one in answer["changed"]["changes"]] == ["config note", "code"]
    told = answer["chain"]
    assert (told["what"], told["relation"], told["jobs"]) == ("publish", "job", [1])
    assert [step["job_id"] for step in told["steps"]] == [1, 2, 10, 11, 12, 20, 21, 22]
    assert told["steps"][0]["causes"] == [
        {
            "kind": "updated_by_job",
            "files": ["screen/0.json", "screen/1.json", "screen/2.json", "panel.json"],
            "files_certain": True,
            "text": None,
            "leads": "made_by",
            "jobs": [2, 10, 11, 12],
            "jobs_certain": True,
            "root": False,
        }
    ]
    assert told["roots"] == [
        {"kind": "updated_input", "rule": None, "files": ["panel.fa"]},
        {"kind": "code", "rule": "trim", "files": []},
    ]


def test_of_many_causes_and_rules_the_largest_are_shown_and_the_rest_counted() -> None:
    told = whys_story()
    for n in range(40):
        told.ran(n, f"rule_{n}", "Code has changed since last execution", makes=(f"{n}.txt",))
    lines = render(reasons(told)).splitlines()
    assert "The 40 jobs that ran go back to 40 causes" in lines[3]
    assert "  … 34 more causes" in lines
    assert any(line.split()[:4] == ["…", "30", "more", "30"] for line in lines)
    assert len(lines) <= 40


def test_a_long_chain_is_cut_to_a_screen_and_says_so() -> None:
    told = whys_story()
    told.ran(0, "first", "Code has changed since last execution", makes=("0.txt",))
    for n in range(1, 60):
        made = f"Input files updated by another job: {n - 1}.txt"
        made_of = {"needs": (n - 1,), "reads": (f"{n - 1}.txt",), "makes": (f"{n}.txt",)}
        told.ran(n, "next", made, **made_of)
    for width in (100, 60):
        lines = render(reasons(told, "59"), width=width).splitlines()
        assert "Cut to one screen: --format json has the rest." in lines
        assert any("goes back to one cause: the code of first changed" in line for line in lines)
        assert len(lines) < 50
        assert all(len(line) <= width for line in lines[3:])


@given(strategies.hostile_runs())
def test_no_run_is_too_strange_to_ask_why(run: Run) -> None:
    origins = Origins(run)
    found = roots(origins)
    for answer in (
        WhyAnswer(source(run), why(run, origins, found)),
        *(
            WhyAnswer(
                source(run),
                why(run, origins, found),
                subject=find(origins, str(job_id)),
                chain=causal_chain(origins, found, (job_id,)),
            )
            for job_id in list(run.jobs)[:2]
            if job_id >= 0
        ),
    ):
        for form in FORMS.values():
            assert form(answer, width=60, color=False).endswith("\n")


# -- JUnit -----------------------------------------------------------------------------------------

CHECKS = [param for param in ANSWERS if isinstance(param.values[0], CheckAnswer)]


@pytest.mark.parametrize("answer", CHECKS)
@pytest.mark.parametrize("strict", [False, True])
def test_junit_s_own_reader_finds_every_line(answer: CheckAnswer, strict: bool) -> None:
    answer = replace(answer, strict=strict)
    told = junit.render(answer)
    (suite,) = JUnitXml.fromstring(told.encode())
    states = [
        "failed" if answer.breaks(x) else "skipped" if x.ok is None else "" for x in answer.lines
    ]
    assert [_state(case) for case in suite] == states
    assert (suite.tests, suite.failures, suite.skipped, suite.errors) == (
        *(len(states), states.count("failed"), states.count("skipped")),
        0,
    )
    assert suite.time == answer.source.run.makespan / 1e6


def _state(case: TestCase) -> str:
    if not case.result:
        return ""
    (result,) = case.result
    return {Failure: "failed", Skipped: "skipped"}[type(result)]


def test_a_broken_line_s_failure_names_its_place_and_what_it_rests_on() -> None:
    (suite,) = JUnitXml.fromstring(junit.render(checked(mixed().run, *published())).encode())
    cases = {case.name: case for case in suite}
    (failure,) = cases["max.makespan_s = 30"].result
    assert (failure.type, failure.message) == ("max", "41")
    assert failure.text.splitlines()[:2] == [
        "workflow/observe.toml:4: max.makespan_s = 30: 41",
        "line 13: group g1: 16.000 s since it was chosen",
    ]
    (skipped,) = cases["max.memory_of_request = 0.9"].result
    assert skipped.message == "could not be checked: no job of this run asked for memory"
    assert cases["publish.files = results/summary.tsv"].result == []
    assert suite.name == "workflow/observe.toml"
    assert {one.name: one.value for one in suite.properties()} == {
        "run_id": RUN_ID,
        "journal": str(PATH),
        "folder": "run",
    }


@given(st.text(st.characters(), max_size=20))
def test_whatever_a_journal_holds_junit_is_xml(text: str) -> None:
    answer = checked(chain().run, *published(text + "\x00\ufffe\uffff\ud800"), notes=(text,))
    (suite,) = JUnitXml.fromstring(junit.render(answer).encode())
    assert len(list(suite)) == len(answer.lines)


# -- both paths ------------------------------------------------------------------------------------


def test_the_paths_as_json_are_what_is_promised() -> None:
    told = shape(path(cluster().run))
    assert told["schema_version"] == SCHEMA_VERSION
    assert (told["makespan_s"], told["critical_path_s"], told["price_s"]) == (130, 32.5, 97.5)
    assert [(one["job_id"], one["rule"], one["compute_s"]) for one in told["critical"]] == [
        (1, "map", 0.5),
        (5, "assemble_all_of_them", 32.0),
    ]
    assert sum(told["price_by_class_s"].values()) == pytest.approx(told["price_s"])
    assert sum(told["by_class_s"].values()) == pytest.approx(told["makespan_s"])
    assert {"start", "end", "class", "phase", "job_id", "released_by"} <= set(told["actual"][0])
    assert {one["kind"] for one in told["savings"]} == {"class", "phase", "rule", "job"}
    kept = [one["saving_s"] for one in told["savings"]]
    assert kept == sorted(kept, reverse=True)
    assert all(0 <= one <= 130 for one in kept)
    assert told["utilisation"]["steps"][-1]["running"] == 0


def test_where_no_tool_s_time_is_known_the_critical_path_is_null() -> None:
    told = shape(path(logger_only().run))
    assert (told["critical_path_s"], told["price_s"], told["critical_unknown"]) == (None, None, [1])


def test_the_path_of_a_run_of_any_length_fits_a_screen() -> None:
    text = render(path(forty().run), width=100)
    assert len(text.splitlines()) <= 55
    assert "… 69 more stretches" in text


def test_of_a_run_too_large_to_be_replayed_unasked_savings_are_unknown_and_that_is_said() -> None:
    run = cluster().run
    answer = PathAnswer(source(run), paths(run), None)
    assert shape(answer)["savings"] is None
    assert "--savings finds what would be saved" in render(answer)


def test_phases_are_named_first_where_tools_are_the_smaller_part() -> None:
    text = " ".join(render(path(cluster().run)).split())
    said = (
        "What to repair first: poll_wait (waiting for the next status poll: "
        "--slurm-init-seconds-before-status-checks, 60 s here), up to 51.0 s less"
    )
    assert said in text


def test_every_edge_of_an_observed_run_s_path_is_a_stamp_of_the_journal() -> None:
    for story in (chain(), grouped(), retried(), replanned(), cluster()):
        for one in explained(story).explained or ():
            assert one.begin, one
            assert one.end, one


def test_a_circle_of_dependencies_and_a_cut_off_journal_are_said() -> None:
    story = begun().job(1, needs=(2,)).job(2, needs=(1,)).quick(1, 3, 3, 5).quick(2, 3, 5, 8)
    assert "the dependencies of jobs 1, 2 lead in a circle" in render(path(story.end(9).run))
    cut = PathAnswer(Source(PATH, killed().run, "killed"), paths(killed().run))
    assert "nothing was heard after 20.0 s" in render(cut)


def test_what_to_repair_first_is_never_all_tools_together() -> None:
    text = render(path(chain().run))
    said = next(line for line in text.splitlines() if line.startswith("What to repair first"))
    assert said.startswith("What to repair first: the tools, map above all, up to 16.0 s less")
    assert "compute (" not in said
