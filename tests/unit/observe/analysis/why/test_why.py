"""Why jobs ran: root causes, each job counted once, and the chain of causes behind a job."""

from collections import Counter

import pytest
import strategies
from builders import at, begun, stamps
from hypothesis import given
from hypothesis import strategies as st
from whys import (
    CODE,
    FORCED,
    INPUTS,
    Why,
    cycle,
    diamond,
    discovered,
    first_run,
    made,
    many_causes,
    missing,
    newer,
    plan,
    story,
    temporary,
    up_to_date,
)

from snakemake_logger_plugin_observe.analysis.why.origins import Origins
from snakemake_logger_plugin_observe.analysis.why.roots import Root, chain, roots
from snakemake_logger_plugin_observe.analysis.why.selection import JobSelection, NoSuchJob, find
from snakemake_logger_plugin_observe.analysis.why.why import why
from snakemake_logger_plugin_observe.run.model import Run


def roots_of(run: Run) -> dict[int, set[tuple[str, str | None]]]:
    """Return each job's roots as (kind, rule)."""
    found = roots(Origins(run)).of
    return {job_id: {(one.kind, one.rule) for one in its} for job_id, its in found.items()}


def shares(run: Run) -> list[tuple[str, list[tuple[str | None, int]], int, int]]:
    """Return a run's roots as (kind, rules, jobs, jobs that go back to it alone)."""
    return [(one.kind, list(one.rules), one.all.jobs, one.alone.jobs) for one in why(run).roots]


def links(run: Run, job_id: int) -> list[tuple[str, str | None, tuple[int, ...]]]:
    return [
        (link.cause.kind if link.cause else "checkpoint", link.relation, link.jobs)
        for link in Origins(run).links[job_id]
    ]


# -- roots ---------------------------------------------------------------------------------------


def test_all_jobs_of_a_diamond_have_the_first_job_s_root_cause() -> None:
    assert roots_of(diamond().run) == {n: {("code", "trim")} for n in (1, 2, 3, 4)}
    assert shares(diamond().run) == [("code", [("trim", 1)], 4, 4)]


def test_a_removed_temporary_file_leads_to_the_job_that_needed_it() -> None:
    run = temporary().run
    assert links(run, 2) == [("missing_output", "needed_by", (1,))]
    assert roots_of(run) == {n: {("params", "call")} for n in (0, 1, 2)}


def test_the_root_cause_of_a_first_run_is_the_missing_targets() -> None:
    run = first_run().run
    assert roots_of(run) == {n: {("missing_output", None)} for n in (0, 1, 10, 11)}
    (share,) = why(run).roots
    assert (share.rules, share.files, share.all.jobs) == ((("summary", 1),), ("summary.txt",), 4)


def test_a_missing_file_that_a_target_requests_is_a_root_cause() -> None:
    one = story()
    one.ran(1, "new", missing("new.txt"), makes=("new.txt",))
    one.ran(2, "old", CODE, makes=("old.txt",))
    files = ("new.txt", "old.txt")
    one.ran(0, "all", made(*files), needs=(1, 2), reads=files)
    assert roots_of(one.run) == {
        1: {("missing_output", None)},
        2: {("code", "old")},
        0: {("missing_output", None), ("code", "old")},
    }


def test_a_new_sample_leads_to_the_changed_inputs_of_the_joining_job() -> None:
    one = story()
    one.ran(3, "trim", missing("s2.fq"), reads=("raw/s2.fq",), makes=("s2.fq",))
    one.ran(
        *(2, "join", f"{made('s2.fq')}; {INPUTS}"),
        needs=(3,),
        reads=("s1.fq", "s2.fq"),
        makes=("joined.txt",),
    )
    assert roots_of(one.run) == {n: {("input_set", "join")} for n in (2, 3)}


def test_jobs_added_by_a_checkpoint_have_the_checkpoint_s_root_cause() -> None:
    run = discovered().run
    assert links(run, 5) == [("missing_output", None, ()), ("checkpoint", "brought_by", (1,))]
    assert roots_of(run)[5] == {("updated_input", None)}


def test_an_input_that_was_not_made_after_all_leads_to_the_checkpoint_that_dropped_it() -> None:
    one = story()
    one.ran(1, "split", CODE, makes=("parts",), checkpoint=True)
    one.plan(one.at_s, one.at_s + 0.5, detail="checkpoint", first_job_id=5)
    later = at(one.at_s + 0.6)
    one.at_s += 1
    one.ran(2, "trim", made("joined.txt"), reads=("joined.txt",), makes=("t.txt",))
    run = one.run
    run.jobs[2] = run.jobs[2].but(time=later)
    (link,) = Origins(run).links[2]
    assert (link.relation, link.jobs, link.certain) == ("replanned_by", (1,), False)
    assert roots_of(run)[2] == {("code", "split")}


def test_jobs_with_several_root_causes_count_for_each_and_once_in_total() -> None:
    answer = why(many_causes().run)
    assert shares(many_causes().run) == [
        ("code", [("trim", 3)], 7, 6),
        ("updated_input", [("panel", 1)], 2, 1),
        ("no_output", [("note", 1)], 1, 1),
    ]
    assert (answer.all.jobs, answer.several) == (9, 1)


def test_rules_with_the_same_updated_inputs_share_a_root_cause() -> None:
    one = story()
    one.ran(1, "a", newer("panel.fa"), reads=("panel.fa",), makes=("a",))
    one.ran(2, "b", newer("panel.fa"), reads=("panel.fa",), makes=("b",))
    one.ran(3, "c", newer("other.fa"), reads=("other.fa",), makes=("c",))
    assert shares(one.run) == [
        ("updated_input", [("a", 1), ("b", 1)], 2, 2),
        ("updated_input", [("c", 1)], 1, 1),
    ]


def test_forced_rules_share_a_root_cause() -> None:
    one = story()
    one.ran(1, "a", FORCED, makes=("a",))
    one.ran(2, "b", FORCED, makes=("b",))
    assert shares(one.run) == [("forced", [("a", 1), ("b", 1)], 2, 2)]


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({}, "forced"),
        ({"force_incomplete": True}, "incomplete"),
        ({"force_incomplete": True, "forceall": True}, "forced"),
        ({"force_incomplete": True, "forcetargets": True}, "forced"),
        ({"force_incomplete": True, "forcerun": ["a"]}, "forced"),
        ({"force_incomplete": True, "forcerun": ["a.txt"]}, "forced"),
        ({"force_incomplete": True, "forcerun": ["b"]}, "incomplete"),
        ({"force_incomplete": "?", "forcerun": 7}, "incomplete"),
    ],
)
def test_forced_means_incomplete_if_only_rerun_incomplete_is_set(
    settings: dict[str, object], kind: str
) -> None:
    """Snakemake gives one reason for both."""
    one = story(settings=settings)
    one.ran(1, "a", FORCED, makes=("a.txt",))
    assert [cause.kind for cause in Origins(one.run).of[1]] == [kind]


def test_an_input_made_before_a_checkpoint_is_not_a_root_cause() -> None:
    """Snakemake reports it as updated, as if a user had touched it."""
    one = story()
    one.ran(1, "split", CODE, makes=("parts",), checkpoint=True)
    one.plan(one.at_s, one.at_s + 0.5, detail="checkpoint", first_job_id=5)
    one.at_s += 1
    one.ran(5, "work", newer("parts/a", "lab.txt"), reads=("parts/a", "lab.txt"), makes=("a",))
    run = one.run
    run.jobs[5] = run.jobs[5].but(time=at(one.at_s))
    assert [
        (link.cause.files, link.relation, link.jobs) for link in Origins(run).links[5] if link.cause
    ] == [(("lab.txt",), None, ()), (("parts/a",), "made_by", (1,))]
    assert roots_of(run)[5] == {("updated_input", None), ("code", "split")}


def test_inputs_in_storage_lead_to_the_job_s_dependencies() -> None:
    """Snakemake names them differently from their local copies."""
    one = story()
    one.ran(2, "up", CODE, makes=(".snakemake/storage/a.txt",))
    one.ran(
        *(1, "down", made("s3://b/a.txt (in storage)")),
        needs=(2,),
        reads=(".snakemake/storage/a.txt",),
        makes=("b.txt",),
    )
    (link,) = Origins(one.run).links[1]
    assert (link.relation, link.jobs, link.certain) == ("made_by", (2,), False)


def test_the_job_that_made_a_folder_made_the_files_in_it() -> None:
    one = story()
    one.ran(2, "up", CODE, makes=("parts",))
    one.ran(1, "down", made("parts/a/b.txt"), needs=(2,), reads=("parts/a/b.txt",), makes=("x",))
    assert links(one.run, 1) == [("updated_by_job", "made_by", (2,))]


def test_without_recorded_dependencies_a_file_leads_to_the_job_that_lists_it() -> None:
    run = diamond().run
    for job_id, job in run.jobs.items():
        run.jobs[job_id] = job.but(dependencies=None)
    assert links(run, 1) == [("updated_by_job", "made_by", (2, 3))]


def test_an_input_without_a_known_job_is_a_root_cause() -> None:
    one = story()
    one.ran(1, "down", made("gone.txt"), reads=("gone.txt",), makes=("x",))
    assert roots_of(one.run) == {1: {("updated_by_job", None)}}


def test_a_cycle_is_walked_once() -> None:
    run = cycle().run
    assert roots_of(run) == {n: {("updated_by_job", None)} for n in (1, 2)}
    origins = Origins(run)
    assert list(chain(origins, roots(origins), (1,)).steps) == [1, 2]


def test_a_chain_of_thousands_of_jobs_is_followed() -> None:
    one = story()
    one.planned(0, "first", CODE, makes=("0",))
    for n in range(1, 3000):
        one.planned(
            *(n, "next", made(str(n - 1))),
            needs=(n - 1,),
            reads=(str(n - 1),),
            makes=(str(n),),
        )
    assert roots_of(one.run)[2999] == {("code", "first")}


# -- sums ----------------------------------------------------------------------------------------


def test_reasons_are_grouped_by_their_whole_combination_and_rule() -> None:
    answer = why(temporary().run)
    assert [(one.kinds, one.rule, one.cost.jobs) for one in answer.reasons] == [
        (("updated_by_job",), "all", 1),
        (("updated_by_job", "params"), "call", 1),
        (("missing_output",), "sort", 1),
    ]


def test_time_counts_from_selection_over_all_attempts() -> None:
    one = begun().job(1, reason=CODE)
    one.quick(1, 3, 5, 9, status="failed").quick(1, 9, 10, 12, number=2)
    answer = why(one.run)
    assert answer.all.time == 6_000_000
    assert answer.reasons[0].cost.time == answer.roots[0].all.time == 6_000_000


def test_each_share_names_the_line_of_an_example_job() -> None:
    run = diamond().run
    answer = why(run)
    assert [one.example for one in answer.roots] == [4]
    assert answer.roots[0].line == run.jobs[4].line
    assert {one.line for one in answer.reasons} == {job.line for job in run.jobs.values()}


def test_a_dry_run_has_reasons_without_times() -> None:
    answer = why(plan().run)
    assert (answer.planned, answer.all.jobs, answer.all.time) == (True, 4, 0)
    assert [(one.kind, one.all.jobs) for one in answer.roots] == [("code", 4)]


def test_jobs_that_never_ran_are_not_counted() -> None:
    one = diamond().planned(9, "never", CODE, makes=("never.txt",)).end(20)
    assert why(one.run).all.jobs == 4


def test_an_attempt_without_a_logged_job_has_an_unknown_reason() -> None:
    one = begun().attempt(7, stamps(ready=3, selected=4, finished=5), status="failed")
    answer = why(one.run)
    assert [(one.kinds, one.rule) for one in answer.reasons] == [(("unknown",), None)]
    assert shares(one.run) == [("unknown", [], 1, 1)]


def test_a_run_with_nothing_to_do_has_no_causes() -> None:
    answer = why(up_to_date().run)
    assert (answer.all.jobs, answer.roots, answer.reasons) == (0, (), ())


# -- selecting jobs ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "relation", "jobs"),
    [
        ("10", "job", (10,)),
        ("publish", "job", (1,)),
        ("screen", "rule", (10, 11, 12)),
        ("screen n=1", "job", (11,)),
        ("screen  n=2", "job", (12,)),
        ("report.txt", "made", (1,)),
        ("./trim/1.fq", "made", (21,)),
        ("/work/trim/1.fq", "made", (21,)),
        ("panel.fa", "updated", (2,)),
        ("in/0.fq", "read", (20,)),
    ],
)
def test_a_job_is_named_by_id_rule_wildcards_or_file(
    words: str, relation: str, jobs: tuple[int, ...]
) -> None:
    found = find(Origins(many_causes().run), words)
    assert (found.relation, found.jobs) == (relation, jobs)


def test_wildcards_may_contain_separators() -> None:
    one = story()
    one.ran(1, "map", CODE, wildcards={"sample": "a b, c", "unit": "1"})
    one.ran(2, "map", CODE, wildcards={"sample": "d", "unit": "1"})
    origins = Origins(one.run)
    assert find(origins, "map sample=a b, c, unit=1").jobs == (1,)
    assert find(origins, "map unit=1 sample=d") == JobSelection("map unit=1 sample=d", "job", (2,))
    assert find(origins, "map unit=1").jobs == (1, 2)


@pytest.mark.parametrize(
    ("words", "near"),
    [("repord.txt", "similar: report.txt"), ("publihs", "similar: publish"), ("99", "called 99")],
)
def test_an_unknown_name_is_reported_with_similar_ones(words: str, near: str) -> None:
    with pytest.raises(NoSuchJob, match="no job, rule or file of this run is called") as raised:
        find(Origins(many_causes().run), words)
    assert near in str(raised.value)
    assert "\n" not in str(raised.value)


# -- properties ----------------------------------------------------------------------------------

_files = st.lists(st.sampled_from(["a", "b", "c/d", "a, b"]), max_size=3, unique=True)
_reasons = st.sampled_from([CODE, FORCED, INPUTS, "", "What?", None]) | st.builds(
    lambda make, files: make(*files), st.sampled_from([missing, newer, made]), _files
)


@st.composite
def tangled(draw: st.DrawFn) -> Why:
    """Return jobs that depend on each other in ways that no DAG allows."""
    one = story()
    count = draw(st.integers(1, 6))
    for job_id in range(count):
        one.ran(
            *(job_id, draw(st.sampled_from("xyz")), draw(_reasons)),
            needs=tuple(draw(st.sets(st.integers(0, count)))),
            reads=tuple(draw(_files)),
            makes=tuple(draw(_files)),
            checkpoint=draw(st.booleans()),
        )
        if draw(st.booleans()):
            one.plan(one.at_s, one.at_s, detail="checkpoint", first_job_id=draw(st.integers(0, 6)))
    return one


@given(tangled())
def test_counts_add_up_to_the_jobs_and_every_job_has_a_root(jobs: Why) -> None:
    run = jobs.run
    answer = why(run)
    assert sum(one.cost.jobs for one in answer.reasons) == answer.all.jobs == len(run.jobs)
    assert sum(one.cost.time for one in answer.reasons) == answer.all.time
    found = roots(Origins(run))
    assert set(found.of) == set(run.jobs)
    counted: Counter[Root] = Counter(root for its in found.of.values() for root in its)
    assert {one.root: one.all.jobs for one in answer.roots} == dict(counted)
    assert all(found.of.values())


@given(tangled())
def test_every_root_is_a_step_of_its_chain(jobs: Why) -> None:
    origins = Origins(jobs.run)
    found = roots(origins)
    for job_id in jobs.run.jobs:
        way = chain(origins, found, (job_id,))
        kinds = {
            link.cause.kind for step in way.steps.values() for link in step.at_roots if link.cause
        }
        assert {root.kind for root in way.roots} <= kinds
        for step in way.steps.values():
            assert all(other in way.steps for link in step.links for other in link.jobs)


@given(strategies.tampered_runs())
def test_any_run_has_reasons(run: Run) -> None:
    answer = why(run)
    assert sum(one.cost.jobs for one in answer.reasons) == answer.all.jobs
