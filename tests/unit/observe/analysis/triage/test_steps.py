"""The steps of triage and its note: each claim has a citation."""

import re
from pathlib import Path
from typing import Any

import pytest
import strategies
from answers import render, render_json
from builders import Story, at, begun, killed, logger_only, stamps
from failing import fails, succeeds
from hypothesis import given
from triaged import WIDE, flaky, timed, triage_of, widened
from workflows import a_job, a_run, a_workflow, changed

from snakemake_logger_plugin_observe.analysis.advice.advice import advise
from snakemake_logger_plugin_observe.analysis.advice.advised import MOST_SHOWN
from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.compare.comparison import Party, compare
from snakemake_logger_plugin_observe.analysis.compare.speed import RunLengths
from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.analysis.triage.case import Case, LiveAnswer
from snakemake_logger_plugin_observe.analysis.triage.note import NONE_FOUND
from snakemake_logger_plugin_observe.analysis.triage.steps import Triage, triage
from snakemake_logger_plugin_observe.journal.records import ErrorDetails, LogTail
from snakemake_logger_plugin_observe.reporters.answers import Source, TriageAnswer
from snakemake_logger_plugin_observe.reporters.documents.incident_note import render_note
from snakemake_logger_plugin_observe.run.model import Run

# -- steps -------------------------------------------------------------------------------------


def test_a_healthy_run_has_no_incident() -> None:
    found = triage_of(a_run(), a_run())
    assert (found.symptoms, found.incidents, found.excerpts) == ((), (), ())
    assert found.scope.text == "nothing"
    assert [claim.text for claim in found.note.incident_class] == [NONE_FOUND]
    done, faster = found.note.next_action
    assert done.text == "nothing to correct"
    assert faster.text.startswith("to make it faster: speed up the tools, starting with join")


def test_the_scope_names_a_suffix_that_only_the_affected_values_share() -> None:
    found = triage_of(*widened())
    assert found.incidents[0].id == "discovery_widened"
    assert found.scope.text == "6 jobs of cut, count; 3 of 6 values of sample, all named *.md5"
    assert len(found.scope.jobs) == 6


def test_the_scope_of_a_failure_is_what_failed() -> None:
    found = triage_of(flaky())
    assert found.incidents[0].incident_class == "masked_failure"
    assert found.scope.text == "3 jobs of cut; all 3 values of sample"


def test_planned_work_is_compared_with_the_baseline_by_rule() -> None:
    (claim,) = triage_of(*widened()).planned
    assert claim.text == (
        "14 jobs were planned to run instead of 8 in the baseline: cut 6 instead of 3; "
        "count 6 instead of 3"
    )
    assert [one.ref for one in claim.evidence] == ["B:4", "A:4"]
    (same,) = triage_of(a_run(), a_run()).planned
    assert same.text == "8 jobs were planned to run, the same as in the baseline"


def test_a_run_of_no_rules_had_nothing_to_run() -> None:
    """Snakemake counts no jobs then, so that there is no plan to cite."""
    (claim,) = triage_of(begun().end(4, "nothing_to_do")).planned
    assert claim.text == "nothing had to run"


@pytest.mark.parametrize(
    ("begins_s", "when"),
    [(-500, "before the run planned 6 jobs"), (500, "after the run plans 6 jobs")],
)
def test_a_dry_run_shows_what_was_planned_before_or_is_left_after(
    begins_s: float, when: str
) -> None:
    plan = a_run(a_workflow("ab"), kind="dry_run", process_started=at(begins_s))
    planned = triage_of(a_run(), plan=plan.run).planned
    assert planned[1].text == f"a dry run {when}"
    assert planned[1].evidence[0].ref == "P:4"


def test_the_most_important_changes_come_first() -> None:
    slow = changed(a_workflow(), "count", code_digest="sha256:other", benchmark=None)
    after = a_run(slow, command=("snakemake", "-j2"), host="other")
    texts = [one.text for one in triage_of(after, a_run(command=("snakemake", "-j4"))).changed]
    assert [text.partition(":")[0] for text in texts] == ["count", "host", "command line", "count"]
    assert "code" in texts[0]
    assert "benchmark" in texts[-1]


def test_changes_that_snakemake_gave_as_reasons_count_their_jobs() -> None:
    """Missing or forced outputs are no change."""
    reason = "Code has changed since last execution"
    after = a_run([a_job("cut", "cut/a", sample="a", reason=reason), a_job("all", None, "cut/a")])
    assert [(one.text, one.evidence[0].quote) for one in triage_of(after).changed] == [
        ("Snakemake ran 1 job because of changed code of cut", reason)
    ]
    texts = [one.text for one in triage_of(after, after).changed]
    assert texts[0] == "the two journals record no other difference"
    missing = a_run([a_job("cut", "cut/a", reason="Missing output files: cut/a")])
    assert triage_of(missing).changed == ()


def test_a_live_snakemake_is_cited_by_the_line_that_it_printed() -> None:
    header = "output_file\tdate\trule\tlog-file(s)\tstatus\tplan"
    stale = "table\tnow\tjoin\tlogs/join.log\trule implementation changed\tupdate pending"
    answers = (
        LiveAnswer("L1", "plan", "snakemake all --dry-run", ("Job stats:", "total           5")),
        LiveAnswer("L2", "input", "snakemake --list-changes input", ()),
        LiveAnswer("L3", "code", "snakemake --list-changes code", ("table", "count/a")),
        LiveAnswer("L4", "params", "snakemake --list-changes params", (), "exit code 1: no"),
        LiveAnswer("L5", "summary", "snakemake --summary", (header, stale)),
    )
    found = triage_of(a_run(), live_answers=answers)
    assert found.planned[-1].text == "a dry run now plans 5 jobs"
    assert found.planned[-1].evidence == (Citation("command", "L1", "total           5"),)
    assert [(one.text, one.evidence[0].ref) for one in found.changed] == [
        ("Snakemake now sees no changed input", "L2"),
        ("Snakemake now sees changed code for table, count/a", "L3"),
        ("snakemake --summary lists rule implementation changed: table", "L5"),
    ]


def reading(files: dict[str, LogTail]) -> Any:
    return lambda path: files.get(path, LogTail(path=path, problem="it does not exist"))


def test_logs_and_benchmarks_of_affected_jobs_are_quoted_with_file_and_line() -> None:
    log = LogTail(path="logs/cut/a.log", first_line=7, lines=("cut: begins", "cut: dull", ""))
    benchmark = LogTail(path="benchmarks/cut.txt", first_line=1, lines=("s\tmax_rss", "0.5\t3.1"))
    found = triage_of(flaky(), read=reading({one.path: one for one in (log, benchmark)}))
    first, second = found.excerpts[:2]
    # What its failed attempt wrote: the next one has written the file again.
    assert (first.kind, first.path, first.line, first.text) == ("log", log.path, 2, "cut: no blade")
    assert (first.attempt, first.evidence[0].kind) == (1, "journal")
    assert (second.line, second.text, second.figures) == (2, "0.5\t3.1", "s=0.5 max_rss=3.1")
    assert {one.job for one in found.excerpts} == {"cut sample=a", "cut sample=b", "cut sample=c"}


def test_an_overwritten_log_is_cited_by_the_journal_that_kept_its_lines() -> None:
    now = LogTail(path="logs/cut/a.log", first_line=1, lines=("cut: begins", "cut: done"))
    (found,) = triage_of(flaky(), read=reading({now.path: now})).incidents
    assert {one.kind for one in found.evidence} == {"journal"}
    assert "logs/cut/a.log:2: cut: no blade" in [one.quote for one in found.evidence]
    still = now.but(lines=("cut: begins", "cut: no blade"))
    (found,) = triage_of(flaky(), read=reading({now.path: still})).incidents
    assert Citation("log", "logs/cut/a.log:2", "cut: no blade") in found.evidence


def test_a_log_that_a_retry_wrote_is_not_quoted_for_the_failure() -> None:
    """The failed attempt left no line; what is there now is of the one that succeeded."""
    story = begun(wraps="local").job(1, rule="cut", log=("logs/a.log",))
    fails(story, 1, rule="cut")
    succeeds(story, 1, 2, rule="cut")
    now = LogTail(path="logs/a.log", first_line=1, lines=("mkdir: cannot create m: exists",))
    (quote,) = triage_of(story.end(20), read=reading({now.path: now})).excerpts
    assert (quote.text, quote.problem) == (None, "attempt 2, which succeeded, has written it since")


def test_affected_rules_without_a_log_or_benchmark_get_a_proposal() -> None:
    jobs = changed(a_workflow(WIDE), "cut", log=(), benchmark=None)
    (claim,) = triage_of(a_run(jobs, length_s=200), a_run()).missing_evidence
    assert claim.claim == (
        'rule cut has no log and no benchmark; add log: "logs/cut/{sample}.log" and '
        'benchmark: "benchmarks/cut/{sample}.txt"; log: redirects nothing by itself: begin the '
        "command with `exec 2> {log};`"
    )
    assert claim.evidence[0].kind == "journal"
    assert triage_of(a_run(changed(a_workflow(), "cut", log=())), a_run()).missing_evidence == ()


# -- the note ------------------------------------------------------------------------------------

UNCITED = ("a check that catches it", "would be wrong if:", "L1", "nothing to ", NONE_FOUND)
UNCITED += ("escalate: no detector",)


@pytest.mark.parametrize(
    "found",
    [
        triage_of(*widened()),
        triage_of(flaky()),
        triage_of(a_run(), a_run()),
        triage_of(killed()),
        triage_of(logger_only()),
        triage_of(a_run(status="failed")),
    ],
)
def test_every_claim_of_a_note_has_a_citation(found: Triage) -> None:
    for _name, claims in found.note.named_fields():
        assert claims
        for claim in claims:
            assert claim.evidence or claim.commands or claim.text.startswith(UNCITED), claim.text


def test_a_symptom_that_no_detector_explains_is_escalated() -> None:
    found = triage_of(a_run(a_workflow("ab")), a_run())
    assert (found.symptoms[0].id, found.incidents) == ("fewer_jobs", ())
    assert found.note.next_action[0].text.startswith("escalate: no detector explains")


# -- bad input -------------------------------------------------------------------------------------


@given(strategies.tampered_runs(), strategies.tampered_runs())
def test_triage_handles_any_run(run: Run, other: Run) -> None:
    before, after = (Party(one, one.status(), RunLengths((), ())) for one in (other, run))
    case = Case(run, run.status(), other, compare(before, after))
    paths = {"B": "b.jsonl", "A": "a.jsonl"}
    answer = TriageAnswer(Source(Path("b.jsonl"), run, run.status()), None, triage(case), (), paths)
    assert render(answer, width=60).endswith("\n")
    assert render_json(answer, width=60).endswith("\n")
    for suffix in (".md", ".json", ".txt"):
        assert render_note(answer, suffix).endswith("\n")


def test_a_note_of_a_tampered_journal_is_harmless_to_terminals_and_markdown() -> None:
    evil = "\x1b[2J<script>`rm`\u202e"
    story = begun(targets=(evil,)).job(1, rule=evil, wildcards={evil: evil}, log=(evil,))
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=6, finished=7)
    run = story.attempt(1, known, status="failed", message=evil).end(8, "failed").run
    source = Source(Path(evil), run, "failed")
    answer = TriageAnswer(source, None, triage(Case(run, "failed")), (evil,), {"B": evil})
    for suffix in (".md", ".txt"):
        text = render_note(answer, suffix)
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert re.search(r"(?<![\\`])<script>", render_note(answer, ".md").replace("`", "")) is None


# -- counts and amounts are those of the run -----------------------------------------------------------


def three_values(*, described: int) -> Story:
    """Return a run in which two jobs of three failed; of the third, it may only know the number."""
    story = begun().planned(2, {"cut": 3})
    for number, value in enumerate("abc"[:described], 1):
        story.job(number, rule="cut", wildcards={"i": value})
    for number in (1, 2):
        story.quick(number, 3, 4, 9, status="failed")
    return story.end(10, "failed")


@pytest.mark.parametrize(
    ("described", "text"),
    [
        (3, "2 jobs of cut; 2 of 3 values of i: a, b"),
        (2, "2 jobs of cut; 2 values of i: a, b"),
    ],
)
def test_all_values_are_all_that_were_planned(described: int, text: str) -> None:
    assert triage_of(three_values(described=described)).scope.text == text


def test_an_error_of_a_rule_that_ended_the_run_affects_all_of_it() -> None:
    story = begun().planned(2, {"cut": 2}).job(1, rule="cut").quick(1, 3, 3, 4)
    details = ErrorDetails(exception="RuleException", rule="cut")
    error = "RuleException in rule cut in file S, line 1:\nNameError: The name 'x' is unknown"
    story.message(5, error, level="error", kind="error", job_id=2, error=details)
    story.quick(2, 4, 4, 5, status="cancelled")
    found = triage_of(story.end(6, "failed"))
    assert found.scope.text == "the whole run, because of rule cut"
    assert (found.scope.rules, found.scope.jobs) == (("cut",), ())


def test_jobs_that_were_up_to_date_have_values_too() -> None:
    story = begun().planned(2, {"cut": 1}, cut=1).kept(2, ("cut", {"i": "b"}, "b.txt"))
    story.job(1, rule="cut", wildcards={"i": "a"}).quick(1, 3, 4, 9, status="failed")
    assert triage_of(story.end(10, "failed")).scope.text == "1 job of cut; 1 of 2 values of i: a"


@pytest.mark.parametrize(
    ("groups", "whose"), [(1, "2 jobs of group pair"), (2, "4 jobs of 2 groups")]
)
def test_groups_that_failed_are_counted(groups: int, whose: str) -> None:
    story, known = begun(), stamps(ready=3, selected=4, submitting=4, accepted=5, finished=9)
    for number in range(groups):
        group, members = f"g{number}", (2 * number, 2 * number + 1)
        story.group(group, members, name="pair")
        for member in members:
            story.job(member, rule="cut", group=group)
        story.attempt(None, known, group=group, status="failed")
    found = triage_of(story.end(10, "failed"))
    assert found.symptoms[0].text == f"the run failed: {whose}"


def test_an_incident_explains_no_more_time_than_passed() -> None:
    story = begun()
    for number in range(8):
        story.job(number, rule="cut").quick(number, 3, 4, 19, status="failed")
    (first, *_) = triage_of(story.end(20, "failed")).incidents
    assert first.explains == 20_000_000


def test_one_job_is_no_jobs() -> None:
    one, two = timed({"cut": 1.0}, a_workflow("a")[:1]), timed({"cut": 1.0}, a_workflow("ab")[:2])
    texts = [symptom.text for symptom in triage_of(one, two).symptoms]
    assert "1 job ran, not 2" in texts


def test_a_healthy_run_that_a_setting_makes_much_faster_is_told_so() -> None:
    story = begun(wraps="local", cores=2, resources={"mem_mb": 8000})
    for number in range(4):
        story.job(number, threads=1, resources={"mem_mb": 6000})
        begin = 3 + number * 5
        story.iteration(begin, begin, (begin, begin)).quick(number, 3, begin, begin + 5)
    found = triage_of(story.iteration(23, 23).end(23), paths={"B": "j.jsonl"})
    assert found.incidents == ()
    done, faster, tools = found.note.next_action
    assert done.text == "nothing to correct"
    assert tools.text.startswith("to make it faster: speed up the tools")
    assert faster.text == (
        "to make it faster: raise mem_mb in --resources from 8000 to 12000, if the machine has as "
        "much (map requests 6000: one at a time); predicted gain: at most 10.0 s (43 %)"
    )
    assert [one.line for one in faster.commands] == [
        "snakemake-observe whatif j.jsonl --resources mem_mb=12000"
    ]


def test_triage_gives_the_advice_that_cost_gives_first() -> None:
    """Also if that is no setting: fewer jobs, a faster tool."""
    story = begun(wraps="local", cores=1, cpus=1, settings={"scheduler": "greedy"})
    for number in range(20):
        begin = 3 + number * 0.6
        story.job(number, threads=1).iteration(begin, begin + 0.5, (begin, begin + 0.5))
        story.quick(number, 3, begin + 0.5, begin + 0.6)
    story.iteration(15, 15).end(15)
    first = advise(story.run, account(story.run))[:MOST_SHOWN]
    assert [one.lever.kind for one in first] == ["fewer_jobs", "compute"]
    _, *told = triage_of(story).note.next_action
    assert [one.text.split(" (")[0] for one in told] == [
        f"to make it faster: {one.lever.text}" for one in first
    ]


def test_an_action_that_saves_nothing_is_no_advice() -> None:
    """Twice the limit would not help: half of the jobs depend on the others."""
    story = begun(jobs=8, resources={"io": 1}, wraps="slurm")
    story.job(1, threads=1, resources={"io": 1}).job(2, needs=(1,), threads=1, resources={"io": 1})
    story.iteration(3, 3, (3, 3)).quick(1, 3, 3, 203).iteration(203, 203, (203, 203))
    story.quick(2, 3, 203, 403)
    assert triage_of(story.end(403)).gain is None
