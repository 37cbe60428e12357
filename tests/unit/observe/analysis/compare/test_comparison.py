"""What changed between two runs, how each change is judged, and the verdict."""

from typing import Any

import pytest
from builders import Story, an_execution, at, begun, killed, level, stamps
from hypothesis import given
from hypothesis import strategies as st
from workflows import (
    a_job,
    a_run,
    a_workflow,
    changed,
    claims,
    compared,
    found,
    party,
    without,
)

from snakemake_logger_plugin_observe.analysis.compare.comparison import compare, of_itself
from snakemake_logger_plugin_observe.analysis.compare.speed import ToolTime
from snakemake_logger_plugin_observe.journal.events import AttemptFinished, Provenance, Wake

SUMS = True
CANNOT_TELL = "cannot tell which is faster"
SAME_WORK = "the same work (outputs' checksums equal)"


def verdict(before: Any, after: Any) -> tuple[str, bool | None, str]:
    answer = compared(before, after)
    return answer.verdict, answer.same_work, answer.checked


# -- verdicts ------------------------------------------------------------------------------------


def test_a_run_compared_with_itself_has_no_findings() -> None:
    answer = compared(a_run(sums=SUMS), a_run(sums=SUMS))
    assert answer.findings == ()
    assert answer.work.changes == ()
    assert verdict(a_run(), a_run()) == (
        f"the same plan (contents unchecked); {CANNOT_TELL}",
        True,
        "plan",
    )


def test_a_run_that_only_touched_files_has_no_length_to_compare() -> None:
    """It is neither faster nor slower than one whose tools ran."""
    touched = a_run(kind="touch", length_s=5)
    why = "B only touched its outputs"
    assert verdict(a_run(), touched)[0] == f"the same plan (contents unchecked); {why}"
    assert compared(a_run(), touched).speed.why_not == why
    both = compared(touched, touched).speed
    assert (both.verdict, both.why_not) == (None, "A and B only touched their outputs")


@pytest.mark.parametrize(
    ("length_s", "expected"),
    [
        (60, f"faster, {SAME_WORK}"),
        (85, f"{SAME_WORK}; {CANNOT_TELL}"),
        (115, f"{SAME_WORK}; {CANNOT_TELL}"),
        (140, f"slower, {SAME_WORK}"),
    ],
)
def test_the_same_work_is_faster_or_slower_beyond_a_fifth(length_s: float, expected: str) -> None:
    assert verdict(a_run(sums=SUMS), a_run(sums=SUMS, length_s=length_s)) == (
        expected,
        True,
        "contents",
    )


def test_less_work_is_never_simply_faster() -> None:
    less = a_run(a_workflow("a"), length_s=40)
    assert verdict(a_run(), less) == ("faster because it did less", False, "plan")
    assert verdict(a_run(), a_run(a_workflow("a"))) == (
        f"less work; {CANNOT_TELL}",
        False,
        "plan",
    )


def test_runs_of_other_parts_of_the_work_have_no_lengths_to_compare() -> None:
    """What an incremental run had to do is chance: less of it is no speed."""
    more = a_run([*a_workflow("abc"), a_job("qc", "qc")], up_to_date={"report": 1})
    less = a_run(a_workflow("a"), length_s=900, up_to_date={"report": 1})
    assert verdict(more, less)[0] == "less work; B ran 4 of 5 jobs, A 9 of 10"
    assert compared(more, less).speed.verdict is None
    same = compared(less, less).speed
    assert same.verdict == "cannot tell"


def test_a_run_that_did_more_is_slower_because_of_it() -> None:
    more = a_run(a_workflow("abcdef"), length_s=200)
    assert verdict(a_run(), more) == ("slower because it did more", False, "plan")
    assert verdict(a_run(), a_run(a_workflow("abcdef")))[0] == (
        f"more work: 6 values of sample, not 3 (new: sample d, e, f); {CANNOT_TELL}"
    )


def test_jobs_gone_and_jobs_added_are_different_work() -> None:
    assert verdict(a_run(a_workflow("abc")), a_run(a_workflow("xyz")))[:2] == (
        f"different work; {CANNOT_TELL}",
        False,
    )


def test_an_unsafe_finding_means_not_the_same_work_at_any_speed() -> None:
    fast = a_run(changed(a_workflow(), "count", log=()), sums=SUMS, length_s=10)
    answer = compared(a_run(sums=SUMS), fast)
    assert (answer.verdict, answer.same_work) == ("faster, but not the same work", False)
    assert answer.reasons == ("rule count lost its log: logs/count.log",)


@pytest.mark.parametrize(
    ("status", "expected"), [("failed", "failed"), ("interrupted", "was interrupted")]
)
def test_a_run_that_did_not_succeed_is_not_comparable(status: str, expected: str) -> None:
    cut = a_run(a_workflow("a"), status=status)
    assert verdict(a_run(), cut)[:2] == (f"not comparable, because B {expected}", None)
    assert verdict(cut, a_run())[:2] == (f"not comparable, because A {expected}", None)
    assert found(a_run(), cut) == {"not_reached": "neutral"}


def test_a_run_without_an_end_is_not_comparable() -> None:
    answer = compare(party(killed()), party(a_run()))
    assert (answer.verdict, answer.same_work) == (
        "not comparable, because A is still running",
        None,
    )
    assert (answer.speed.baseline_s, answer.speed.verdict) == (None, None)


def test_different_workflows_are_not_comparable() -> None:
    other = a_run([a_job("bake", "bread", "flour")])
    assert verdict(a_run(), other)[:2] == (
        "not comparable, because they have no job in common",
        None,
    )


def test_runs_on_different_input_data_are_not_comparable() -> None:
    jobs = changed(a_workflow("a"), "cut", input_sizes={"raw/a": 10})
    larger = changed(a_workflow("a"), "cut", input_sizes={"raw/a": 20})
    assert verdict(a_run(jobs), a_run(larger))[:2] == (
        "not comparable, because the input data differ: raw/a has 20 bytes, not 10",
        None,
    )


def test_other_input_data_that_make_the_same_products_are_comparable() -> None:
    jobs = changed(a_workflow("a"), "cut", input_sizes={"raw/a": 10})
    larger = changed(a_workflow("a"), "cut", input_sizes={"raw/a": 20})
    assert verdict(a_run(jobs, sums=SUMS), a_run(larger, sums=SUMS))[:2] == (
        f"{SAME_WORK}; {CANNOT_TELL}",
        True,
    )


def test_of_a_run_with_nothing_to_do_it_is_said_what_was_up_to_date() -> None:
    idle = a_run([], status="nothing_to_do", up_to_date={"cut": 3, "count": 3, "join": 1})
    assert verdict(a_run(), idle)[:2] == (
        "B had nothing to do: all 7 jobs were up to date",
        None,
    )


def test_two_journals_of_one_run_have_nothing_to_compare() -> None:
    answer = of_itself(compared(a_run(), a_run()))
    assert (answer.verdict, answer.same_work) == ("A and B are the same run", True)
    assert (answer.speed.verdict, answer.speed.why_not) == (None, "A and B are the same run")


def test_the_jobs_that_ran_are_compared_with_their_last_attempts_before() -> None:
    jobs = [job for job in a_workflow() if job["rule"] in ("join", "all")]
    again = a_run(jobs, up_to_date={"cut": 3, "count": 3})
    speed = compared(a_run(), again).speed
    assert (speed.verdict, speed.why_not) == (None, "B ran 2 of 8 jobs, A 8 of 8")
    assert speed.tools == ToolTime(ran=2, jobs=2, before_s=24.0, after_s=96.0)


def test_a_dry_run_is_compared_with_the_run_that_followed_it() -> None:
    plan = a_run(kind="dry_run", status="dry_run")
    assert verdict(plan, a_run())[0] == "as planned, the same plan (contents unchecked)"
    assert verdict(plan, a_run(a_workflow("ab")))[0] == "less than planned"
    assert verdict(plan, a_run(a_workflow("abcd")))[0] == "more than planned"
    assert compared(plan, a_run()).speed.verdict is None


# -- work ----------------------------------------------------------------------------------------


def test_jobs_and_rules_are_counted_on_both_sides() -> None:
    work = compared(a_run(), a_run([*without(a_workflow("ab"), "join"), a_job("new", "new")])).work
    assert work.jobs == (8, 6)
    assert (work.rules_gone, work.rules_added) == (("join",), ("new",))
    assert [job.rule for job in work.match.gone] == ["cut", "count", "join"]


def test_reasons_are_compared_by_kind() -> None:
    missing = changed(a_workflow(), "cut", reason="Missing output files: cut/a")
    code = changed(a_workflow(), "cut", reason="Code has changed since last execution")
    assert compared(a_run(missing), a_run(code)).work.reasons == {
        "missing_output": (3, 0),
        "code": (0, 3),
    }
    assert compared(a_run(code), a_run(code)).work.reasons == {}


def test_wildcard_values_that_discovery_no_longer_finds_are_named() -> None:
    assert claims(a_run(), a_run(a_workflow("a")), "discovery_narrowed") == [
        "4 jobs gone: 1 value of sample, not 3 (gone: sample b, c)"
    ]


def test_wildcard_values_that_discovery_newly_finds_are_named() -> None:
    assert claims(a_run(), a_run(a_workflow("abcd")), "discovery_widened") == [
        "2 more jobs: 4 values of sample, not 3 (new: sample d)"
    ]


def test_more_jobs_are_the_same_work_and_more_if_the_outputs_are_equal() -> None:
    more = a_run(a_workflow("abcdef"), sums=SUMS, length_s=200)
    assert verdict(a_run(sums=SUMS), more)[:2] == (
        "slower, the same work and more (outputs' checksums equal)",
        True,
    )


def test_an_additional_product_is_more_work() -> None:
    more = [*a_workflow(), a_job("extra", "extra", "table")]
    expected = f"the same plan and more (contents unchecked); {CANNOT_TELL}"
    assert verdict(a_run(), a_run(more))[0] == expected


def test_up_to_date_jobs_are_not_gone() -> None:
    rest = a_run([job for job in a_workflow() if job["rule"] in ("join", "all")])
    again = a_run(
        [job for job in a_workflow() if job["rule"] in ("join", "all")],
        up_to_date={"cut": 3, "count": 3},
    )
    assert found(a_run(), again) == {"up_to_date": "neutral"}
    assert found(a_run(), rest) == {"steps_cut": "unsafe"}
    assert verdict(a_run(), again)[:2] == (
        "the same plan (contents unchecked); B ran 2 of 8 jobs, A 8 of 8",
        True,
    )


@pytest.mark.parametrize("samples", ["xabc", "axbc", "abcx"])
def test_up_to_date_jobs_are_those_with_known_wildcard_values_first(samples: str) -> None:
    rest = [job for job in a_workflow("abc") if job["rule"] != "cut"]
    again = a_run(rest, up_to_date={"cut": 3})
    assert found(a_run(a_workflow(samples)), again) == {
        "up_to_date": "neutral",
        "discovery_narrowed": "unsafe",
    }
    known = ", ".join(f"cut sample={s}" for s in "abc")
    assert claims(a_run(a_workflow(samples)), again, "up_to_date") == [
        f"3 jobs up to date in the candidate and not run there: {known}"
    ]
    assert claims(a_run(a_workflow(samples)), again, "discovery_narrowed") == [
        "2 jobs gone: 3 values of sample, not 4 (gone: sample x)"
    ]


def test_jobs_of_a_renamed_rule_are_matched_by_their_outputs() -> None:
    renamed = [{**job, "rule": "tally"} if job["rule"] == "count" else job for job in a_workflow()]
    assert found(a_run(), a_run(renamed)) == {"renamed": "neutral"}


def test_cutting_a_redundant_step_is_safe_if_the_outputs_are_the_same() -> None:
    jobs = [a_job("copy", "copy", "raw"), a_job("work", "out", "copy"), a_job("all", None, "out")]
    cut = [a_job("work", "out", "raw", shellcmd="work raw > out"), a_job("all", None, "out")]
    assert verdict(a_run(jobs, sums=SUMS), a_run(cut, sums=SUMS))[:2] == (
        f"{SAME_WORK}; {CANNOT_TELL}",
        True,
    )
    assert found(a_run(jobs, sums=SUMS), a_run(cut, sums=SUMS)) == {
        "steps_cut": "safe",
        "dependency_added": "neutral",
    }
    assert found(a_run(jobs), a_run(cut))["steps_cut"] == "unsafe"


def test_adding_a_staging_step_is_safe_if_the_outputs_are_the_same() -> None:
    jobs = [a_job("work", "out", "raw"), a_job("all", None, "out")]
    staged = [
        a_job("stage", "near", "raw"),
        a_job("work", "out", "near"),
        a_job("all", None, "out"),
    ]
    assert found(a_run(jobs, sums=SUMS), a_run(staged, sums=SUMS)) == {
        "steps_added": "safe",
        "dependency_added": "neutral",
    }
    assert found(a_run(jobs), a_run(staged))["steps_added"] == "unsafe"


def test_a_rule_that_is_gone_is_reported_with_its_missing_product() -> None:
    jobs = [*a_workflow(), a_job("check", "check", "table")]
    assert claims(a_run(jobs), a_run(), "outputs_not_made") == [
        "rule check is gone, and with it check"
    ]


# -- dependencies --------------------------------------------------------------------------------


def test_an_input_that_is_no_longer_declared_is_a_dropped_dependency() -> None:
    panel = [a_job("screen", "out", "reads", "panel"), a_job("all", None, "out")]
    hidden = [a_job("screen", "out", "reads"), a_job("all", None, "out")]
    assert found(a_run(panel, sums=SUMS), a_run(hidden, sums=SUMS)) == {
        "dependency_dropped": "unsafe"
    }
    assert claims(a_run(panel), a_run(hidden), "dependency_dropped") == [
        (
            "screen no longer depends on panel (1 job) but makes the same outputs: Snakemake will not "
            "notice when that input changes"
        )
    ]


def test_a_dropped_input_that_is_still_made_is_a_dropped_dependency() -> None:
    def jobs(*inputs: str) -> list[dict[str, Any]]:
        return [
            a_job("index", "index", "raw"),
            a_job("work", "out", *inputs),
            a_job("all", None, "out", "index"),
        ]

    assert found(a_run(jobs("raw", "index"), sums=SUMS), a_run(jobs("raw"), sums=SUMS)) == {
        "dependency_dropped": "unsafe"
    }


def test_a_dropped_input_that_the_command_still_names_is_a_dropped_dependency() -> None:
    jobs = [
        a_job("index", "index", "raw"),
        a_job("work", "out", "raw", "index"),
        a_job("all", None, "out"),
    ]
    hidden = [
        a_job("work", "out", "raw", shellcmd="work raw index > out"),
        a_job("all", None, "out"),
    ]
    assert found(a_run(jobs, sums=SUMS), a_run(hidden, sums=SUMS))["dependency_dropped"] == "unsafe"


def test_an_input_that_arrives_through_another_step_is_not_dropped() -> None:
    jobs = [a_job("work", "out", "raw"), a_job("all", None, "out")]
    staged = [
        a_job("stage", "near", "raw"),
        a_job("work", "out", "near"),
        a_job("all", None, "out"),
    ]
    assert "dependency_dropped" not in found(a_run(jobs), a_run(staged))


@pytest.mark.parametrize("count", [3, 100])
def test_a_cut_step_after_an_aggregation_is_redundant_if_all_its_sources_are_read(
    count: int,
) -> None:
    samples = [str(number) for number in range(count)]
    panel = [
        *(a_job("norm", f"norm/{s}", f"raw/{s}", sample=s) for s in samples),
        a_job("panel", "panel", *(f"norm/{s}" for s in samples)),
    ]
    cut = [a_job("cut", f"cut/{s}", "panel", sample=s) for s in samples]
    ends = a_job("all", None, *(f"call/{s}" for s in samples))

    def call(source: str) -> list[dict[str, Any]]:
        facts = {"shellcmd": "call"}
        return [a_job("call", f"call/{s}", source.format(s), sample=s, **facts) for s in samples]

    before = a_run([*panel, *cut, *call("cut/{}"), ends], sums=SUMS)
    assert found(before, a_run([*panel, *call("panel"), ends], sums=SUMS)) == {
        "steps_cut": "safe",
        "dependency_added": "neutral",
    }
    # the job now reads only one of the samples that the cut step was made from
    other = [*panel, *call("norm/{}"), ends]
    assert claims(before, a_run(other, sums=SUMS), "dependency_dropped") == [
        (
            f"call no longer depends on cut/0 ({count} jobs) but makes the same outputs: Snakemake "
            "will not notice when that input changes"
        )
    ]


def test_a_cut_step_is_not_redundant_if_its_input_has_fewer_sources_now() -> None:
    cut = [
        a_job("panel", "panel", "one", "two"),
        a_job("cut", "cut", "panel"),
        a_job("call", "call", "cut", shellcmd="call"),
        a_job("all", None, "call"),
    ]
    straight = [
        a_job("panel", "panel", "one"),
        a_job("call", "call", "panel", shellcmd="call"),
        a_job("all", None, "call"),
    ]
    assert [
        one.split(" (")[0] for one in claims(a_run(cut), a_run(straight), "dependency_dropped")
    ] == [
        "panel no longer depends on two",
        "call no longer depends on cut",
    ]


def test_two_cut_steps_are_redundant_if_their_source_is_read_instead() -> None:
    cut = [
        a_job("trim", "trim", "raw"),
        a_job("cut", "cut", "trim"),
        a_job("call", "call", "cut", shellcmd="call"),
        a_job("all", None, "call"),
    ]
    straight = [a_job("call", "call", "raw", shellcmd="call"), a_job("all", None, "call")]
    assert found(a_run(cut, sums=SUMS), a_run(straight, sums=SUMS)) == {
        "steps_cut": "safe",
        "dependency_added": "neutral",
    }


# -- logs, benchmarks and outputs --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "which"),
    [
        ({"log": ()}, "log_removed"),
        ({"benchmark": None}, "benchmark_removed"),
        ({"output": ()}, "output_removed"),
    ],
)
def test_a_log_benchmark_or_output_that_is_gone_is_unsafe(
    facts: dict[str, Any], which: str
) -> None:
    jobs = [a_job("work", "out", "raw"), a_job("all", None)]
    assert found(a_run(jobs), a_run(changed(jobs, "work", **facts))) == {which: "unsafe"}


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        ({"out": "not empty"}, {}, {"ensure_removed": "unsafe"}),
        ({"out": "not empty, sha256 ab"}, {"out": "not empty"}, {"ensure_removed": "unsafe"}),
        ({"out": "sha256 ab"}, {"out": "sha256 cd"}, {"ensure_removed": "unsafe"}),
        ({"out": "not empty"}, {"out": "not empty, sha256 ab"}, {}),
        ({"out": "not empty"}, None, {}),
        (None, {"out": "not empty"}, {}),
    ],
)
def test_a_dropped_ensure_condition_is_unsafe(
    before: dict[str, str] | None, after: dict[str, str] | None, kinds: dict[str, str]
) -> None:
    runs = [a_run([a_job("work", "out", "raw", ensured=one)]) for one in (before, after)]
    assert found(*runs) == kinds


def test_an_output_that_becomes_temporary_is_a_neutral_finding() -> None:
    kept, removed, older = (
        a_run([a_job("work", "out", "raw", temp=temp)]) for temp in ((), ("out",), None)
    )
    assert claims(kept, removed, "temp_changed") == ["temporary outputs of work: none → out"]
    assert found(kept, removed) == {"temp_changed": "neutral"}
    assert found(older, removed) == {}


def test_a_renamed_log_is_not_a_finding() -> None:
    jobs = [a_job("work", "out", "raw"), a_job("all", None)]
    assert found(a_run(jobs), a_run(changed(jobs, "work", log=("elsewhere.log",)))) == {}


def test_a_moved_output_is_safe_if_it_is_the_same_bytes() -> None:
    here, there = [a_job("work", "here", "raw")], [a_job("work", "there", "raw")]
    same = {"here": "x", "there": "x"}
    assert found(a_run(here, sums=same), a_run(there, sums=same)) == {"outputs_moved": "safe"}
    assert found(a_run(here), a_run(there)) == {"output_removed": "unsafe"}


def test_unexplained_differences_of_outputs_are_reported_as_such() -> None:
    sums = {path: path for path in ("cut/a", "count/a", "table")}
    answer = claims(
        a_run(a_workflow("a"), sums=sums),
        a_run(a_workflow("a"), sums={**sums, "count/a": "other"}),
        "contents_differ",
    )
    assert answer == [
        (
            "1 of 3 outputs differ: count/a, and nothing in the journals explains it: an unrecorded "
            "helper script, environment or input, or randomness"
        )
    ]


def test_a_changed_workflow_file_explains_outputs_that_differ() -> None:
    sums = {path: path for path in ("cut/a", "count/a", "table")}
    before, after = (
        a_run(a_workflow("a"), sums={**sums, "count/a": state}, sources={"lib/h.py": state})
        for state in ("old", "new")
    )
    assert claims(before, after, "contents_differ") == ["1 of 3 outputs differ: count/a"]


def test_a_changed_snakefile_explains_outputs_that_differ() -> None:
    sums = {path: path for path in ("cut/a", "count/a", "table")}
    stories = []
    for state in ("old", "new"):
        story = a_run(a_workflow("a"), sums={**sums, "count/a": state})
        facts = {
            "git_commit": "c" * 40,
            "git_dirty": False,
            "snakefile_sha256": f"sha256:{state}",
        }
        stories.append(story.add(Provenance(time=at(2), **facts)))
    assert claims(*stories, "contents_differ") == ["1 of 3 outputs differ: count/a"]


# -- jobs ----------------------------------------------------------------------------------------

COMPUTING = [
    ({"code_digest": "sha256:other"}, "code_changed"),
    ({"params_digest": "sha256:other"}, "params_changed"),
    ({"environment_digest": "other"}, "environment_changed"),
    ({"shellcmd": "count harder"}, "command_changed"),
    ({"threads": 4, "shellcmd": None}, "threads_changed"),
    ({"resources": {"tiles": 4}, "shellcmd": None}, "resources_changed"),
]


@pytest.mark.parametrize(("facts", "which"), COMPUTING)
def test_a_change_that_can_alter_results_is_judged_by_the_outputs(
    facts: dict[str, Any], which: str
) -> None:
    other = changed(a_workflow(), "count", **facts)
    assert found(a_run(), a_run(other)) == {which: "unsafe"}
    assert found(a_run(sums=SUMS), a_run(other, sums=SUMS)) == {which: "safe"}


@pytest.mark.parametrize(
    "facts",
    [
        {"threads": 4},
        {"resources": {"tiles": 4}},
        {"resources": {"mem_mb": 4000}, "shellcmd": None},
        {"resources": {"slurm_partition": "long"}, "shellcmd": None},
        {"priority": 10},
        {"local": True},
    ],
)
def test_a_change_that_the_tool_cannot_read_is_safe(facts: dict[str, Any]) -> None:
    other = a_run(changed(a_workflow(), "count", **facts))
    assert set(found(a_run(), other).values()) == {"safe"}
    assert compared(a_run(), other).same_work is True


def capped(threads: int, command: str, **facts: Any) -> list[dict[str, Any]]:
    """Return the workflow with jobs of count that ask for four threads."""
    asks = {"threads": 4} if threads < 4 else {}
    known = {"threads": threads, "requested": asks, "shellcmd": command, **facts}
    return changed(a_workflow(), "count", **known)


def test_threads_that_the_cores_capped_are_a_setting_unless_the_outputs_differ() -> None:
    four, three = (capped(n, f"head -n 4 | sort --parallel={n}") for n in (4, 3))
    assert found(a_run(four), a_run(three)) == {"threads_changed": "safe"}
    assert claims(a_run(four), a_run(three), "threads_changed") == [
        (
            "threads of count: 4 → 3 (3 jobs), of the 4 that it asks for, as --cores allowed; "
            "nothing else in its command changed: safe unless the tool's output depends on its "
            "threads"
        )
    ]
    assert compared(a_run(four), a_run(three)).same_work is True
    assert found(a_run(three), a_run(capped(2, "head -n 4 | sort --parallel=2"))) == {
        "threads_changed": "safe"
    }
    assert claims(a_run(four, sums=SUMS), a_run(three, sums=SUMS), "threads_changed") == [
        (
            "threads of count: 4 → 3 (3 jobs), of the 4 that it asks for, as --cores allowed; "
            "nothing else in its command changed; the outputs are the same bytes"
        )
    ]
    one, other = ({"count/a": each} for each in ("one", "other"))
    assert found(a_run(four, sums=one), a_run(three, sums=other))["threads_changed"] == "unsafe"


@pytest.mark.parametrize(
    ("threads", "command", "facts"),
    [
        (3, "head -n 4 | sort -u --parallel=3", {}),
        (3, "head -n 4 | sort --parallel=3", {"requested": {}}),
        (3, "head -n 4 | sort --parallel=3", {"requested": {"threads": None}}),
        (4, "head -n 5 | sort --parallel=4", {}),
    ],
)
def test_a_command_that_differs_in_more_than_capped_threads_is_another(
    threads: int, command: str, facts: dict[str, Any]
) -> None:
    before = a_run(capped(4, "head -n 4 | sort --parallel=4"))
    assert "unsafe" in found(before, a_run(capped(threads, command, **facts))).values()


def test_a_script_s_path_does_not_matter_if_its_code_is_known() -> None:
    before, after = (changed(a_workflow(), "count", script=path) for path in ("a.py", "b.py"))
    assert found(a_run(before), a_run(after)) == {}


def test_a_changed_script_is_found_though_snakemake_does_not_track_it() -> None:
    jobs = changed(a_workflow(), "count", script="/work/count.py", shellcmd=None)
    before, after = (a_run(jobs, sources={"count.py": text}) for text in ("old", "new"))
    assert found(before, after) == {"setting_changed": "neutral", "code_changed": "unsafe"}
    assert claims(before, after, "code_changed") == [
        (
            "the script of count, count.py, changed (3 jobs), and nothing shows that the outputs are "
            "the same"
        )
    ]


def test_jobs_taken_from_the_cache_are_work_that_was_done_before() -> None:
    before, after = a_run(sums=SUMS), a_run(sums=SUMS, length_s=20)
    for index, event in enumerate(after.events):
        if isinstance(event, AttemptFinished) and event.job_id in (1, 2, 3):
            after.events[index] = event.but(status="cached")
    assert found(before, after) == {"from_cache": "neutral"}
    assert verdict(before, after)[:2] == (f"{SAME_WORK}; B ran 5 of 8 jobs, A 8 of 8", True)
    assert found(after, after) == {}


def test_published_files_are_compared_as_they_are_in_the_folder_now() -> None:
    before, after = a_run(sums=SUMS), a_run(sums=SUMS)
    sums = {"table": "sum of table"}
    altered = compare(party(before, published=sums), party(after, published={"table": "other"}))
    assert "contents_differ" in {finding.id for finding in altered.findings}
    gone = compare(party(before, published=sums), party(after, published={}))
    assert "published_gone" in {finding.id for finding in gone.findings}


# -- hidden dependencies ----------------------------------------------------------------


def test_marking_an_input_as_ancient_is_unsafe() -> None:
    open_to_all = changed(a_workflow("a"), "cut", ancient=())
    hidden = changed(a_workflow("a"), "cut", ancient=("raw/a",))
    before, after = a_run(open_to_all, sums=SUMS), a_run(hidden, sums=SUMS)
    assert found(before, after) == {"hides_changes": "unsafe"}
    assert claims(before, after, "hides_changes") == [
        "cut newly marks raw/a as ancient() (1 job): when they change, nothing runs again"
    ]
    assert found(after, before) == {}
    assert (
        found(a_run(a_workflow("a"), sums=SUMS), after) == {}
    )  # an older journal does not record it


@pytest.mark.parametrize("name", ["/work/raw/a", "./raw/a"])
def test_an_input_by_another_path_is_the_same_dependency(name: str) -> None:
    after = changed(a_workflow("a"), "cut", input=(name,))
    assert found(a_run(a_workflow("a"), sums=SUMS), a_run(after, sums=SUMS)) == {}


def test_outputs_that_differ_after_a_changed_input_are_explained() -> None:
    sums = {path: f"sum of {path}" for path in ("cut/a", "count/a", "table")}
    less = changed(a_workflow("ab"), "join", input=("count/a",))
    before, after = a_run(a_workflow("ab"), sums=sums), a_run(less, sums=sums | {"table": "other"})
    (claim,) = claims(before, after, "contents_differ")
    assert "nothing in the journals explains it" not in claim


# -- settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "kind"),
    [
        ({"rerun_triggers": ["mtime"]}, "unsafe"),
        ({"lock": False}, "unsafe"),
        ({"touch": True}, "unsafe"),
        ({"latency_wait_s": 60}, "safe"),
    ],
)
def test_a_setting_is_judged_by_what_it_can_affect(setting: dict[str, Any], kind: str) -> None:
    other = a_run(settings=setting, sums=SUMS)
    assert list(found(a_run(sums=SUMS), other).values()) == [kind]


def test_a_flag_given_without_values_is_shown_as_set() -> None:
    before, after = (a_run(settings={"cache": value}, sums=SUMS) for value in (None, []))
    assert claims(before, after, "schedule_changed") == ["cache: none → set (--cache)"]


def test_the_switches_of_the_wrapper_are_safe_changes() -> None:
    before, after = a_run(sums=SUMS), a_run(sums=SUMS, quick_exit=True)
    after.add(Wake(time=at(2), on=True))
    assert claims(before, after, "schedule_changed") == [
        "timed_wake: off → on (--timed-wake)",
        "timed_quick_exit: off → on (--timed-quick-exit)",
    ]


def test_removing_a_hiding_setting_is_neutral() -> None:
    hiding = a_run(settings={"lock": False, "rerun_triggers": ["mtime"]})
    assert found(hiding, a_run()) == {"setting_changed": "neutral"}


def test_a_setting_that_one_journal_lacks_is_not_compared() -> None:
    assert found(a_run(), a_run(settings={"until": ["count"]})) == {}


@pytest.mark.parametrize(
    ("name", "claim"),
    [
        ("until", "until: count → none (--until): only A skips everything downstream"),
        (
            "omit_from",
            "omit_from: count → none (--omit-from): only A skips a rule and everything downstream",
        ),
    ],
)
def test_a_part_of_the_work_is_unsafe_and_the_rest_of_it_is_not(name: str, claim: str) -> None:
    part, whole = (a_run(settings={name: value}) for value in (["count"], []))
    assert found(whole, part) == {"meaning_changed": "unsafe"}
    assert found(part, whole) == {"meaning_changed": "neutral"}
    assert claims(part, whole, "meaning_changed") == [claim]


def test_an_unknown_setting_is_judged_by_the_outputs() -> None:
    for sums, kind in ((SUMS, "neutral"), (False, "unsafe")):
        old, new = (a_run(settings={"brand_new": value}, sums=sums) for value in (1, 2))
        assert found(old, new) == {"meaning_changed": kind}


def test_a_setting_that_one_snakemake_version_lacks_is_not_compared() -> None:
    old = a_run(settings={"trust_io_cache": None}, snakemake_version="9.14.6")
    new = a_run(settings={"trust_io_cache": False})
    assert found(new, old) == {"setting_changed": "neutral"}
    assert claims(new, old, "setting_changed") == ["Snakemake: 9.27.1 → 9.14.6"]


def test_a_configuration_read_only_by_commands_is_judged_by_the_jobs() -> None:
    before, after = (a_run(config_digest=d, config_keys={"k": d}) for d in ("1", "2"))
    assert found(before, after) == {"meaning_changed": "neutral"}


def test_a_configuration_that_a_script_can_read_is_judged_by_the_outputs() -> None:
    jobs = changed(a_workflow(), "count", script="count.py", shellcmd=None)
    facts = [{"config_digest": d, "config_keys": {"k": d}} for d in ("1", "2")]
    assert found(*(a_run(jobs, **some) for some in facts)) == {"meaning_changed": "unsafe"}
    assert found(*(a_run(jobs, sums=SUMS, **some) for some in facts)) == {
        "meaning_changed": "neutral"
    }


def test_the_arguments_that_differ_are_shown() -> None:
    before = a_run(command=("/bin/snakemake", "--cores", "2", "all"))
    after = a_run(command=("/usr/bin/snakemake", "all", "--cores", "4"))
    assert claims(before, after, "setting_changed") == ["command line: --cores 2 → --cores 4"]


@pytest.mark.parametrize(
    ("plain", "observed"),
    [
        ("-F", "-F --logger observe --executor timed"),
        ("-F", "--executor=timed -F --logger=observe"),
        ("-F", "-e timed --timed-wraps local -F"),
        ("x.txt", "--logger=observe x.txt"),
        ("x.txt", "--logger-observe-outputs checksums x.txt --logger-observe-tag a=1 b=2"),
        ("--executor slurm x.txt", "--executor timed --timed-wraps slurm x.txt"),
        ("--executor slurm", "--timed-wraps=slurm --executor=timed"),
    ],
)
def test_how_a_run_is_recorded_is_no_change_of_its_command(plain: str, observed: str) -> None:
    one, other = (a_run(command=("snakemake", *words.split())) for words in (plain, observed))
    assert found(one, other) == found(other, one) == {}


@pytest.mark.parametrize(
    ("words", "left", "expected"),
    [
        (
            ("--cores", "4", "--retries", "4"),
            ("--cores", "4"),
            "command line: --retries 4 → none",
        ),
        (
            ("--cores", "4", "--retries", "4"),
            ("--retries", "4"),
            "command line: --cores 4 → none",
        ),
        (("a", "a", "b"), ("b", "a"), "command line: a → none"),
        (
            ("--forceall", "--quiet", "rules"),
            ("--forceall", "--quiet"),
            "command line: --quiet rules → --quiet",
        ),
    ],
)
def test_of_a_repeated_argument_the_surplus_one_is_shown_with_its_flag(
    words: tuple[str, ...], left: tuple[str, ...], expected: str
) -> None:
    before, after = (a_run(command=("snakemake", *some)) for some in (words, left))
    assert claims(before, after, "setting_changed") == [expected]


def test_removed_and_added_inputs_are_listed_once_each_in_order() -> None:
    one, other = (
        a_run([a_job("all", None, *inputs)])
        for inputs in (("c", "a", "a", "b"), ("b", "e", "d", "e"))
    )
    found_changes = {change.what: change for change in compared(one, other).work.changes}
    assert found_changes["input gone"].before == "c, a"
    assert found_changes["input new"].after == "e, d"


# -- properties ----------------------------------------------------------------------------------


@given(
    st.sets(st.sampled_from("abcdef"), min_size=1),
    st.sets(st.sampled_from("abcdef"), min_size=1),
    st.booleans(),
)
def test_every_job_is_matched_gone_or_added(one: set[str], other: set[str], sums: bool) -> None:
    before, after = (a_run(a_workflow("".join(sorted(s))), sums=sums) for s in (one, other))
    answer = compared(before, after)
    match = answer.work.match
    assert len(match.pairs) + len(match.gone) == len(before.run.jobs)
    assert len(match.pairs) + len(match.added) == len(after.run.jobs)
    assert answer.same_work is (one == other or (sums and one < other))
    unsafe = any(finding.kind == "unsafe" for finding in answer.findings)
    assert not (unsafe and answer.same_work)


# -- retries -------------------------------------------------------------------------------------


def with_failures(*codes: int, retries: int = 1, jobs: int = 1) -> Story:
    """Return a run whose jobs fail with each of *codes*, and then succeed."""
    return failing(*[codes] * jobs, retries=retries)


@pytest.mark.parametrize(
    ("codes", "jobs", "kind"),
    [
        ((1, 1), 1, {"failures_masked": "unsafe"}),  # the same twice
        ((1,), 3, {"failures_masked": "unsafe"}),  # the same for each job of the rule
        ((1,), 1, {"attempts_failed": "neutral"}),  # a single failure may be intermittent
        ((1, 2), 1, {"attempts_failed": "neutral"}),
    ],
)
def test_retries_that_hide_a_deterministic_failure_are_unsafe(
    codes: tuple[int, ...], jobs: int, kind: dict[str, str]
) -> None:
    clean = with_failures(jobs=jobs)
    assert found(clean, with_failures(*codes, jobs=jobs)) == kind
    assert found(with_failures(*codes, jobs=jobs), clean) == {}
    assert found(with_failures(*codes, jobs=jobs), with_failures(*codes, jobs=jobs)) == {}


def failing(*codes: tuple[int, ...], retries: int = 3) -> Story:
    """Return a run whose jobs fail, each with its own codes, and then succeed."""
    story = a_run([], settings={"retries": retries})
    story.events.pop()
    for job_id, own in enumerate(codes, 1):
        story.job(job_id, rule="map", wildcards={"n": str(job_id)}, output=(f"out/{job_id}",))
        for number, code in enumerate((*own, 0), 1):
            begin = 3 + 10 * job_id + number
            failed = {"status": "failed", "exit_code": code} if code else {}
            story.quick(job_id, begin, begin, begin + 1, number=number, **failed)
    return story.end(100)


HIDDEN = ": retries hide a deterministic failure"


def claims_on_retries(after: Story) -> list[str]:
    return [one.claim for one in compared(failing((), (), (), ()), after).findings]


def test_the_claim_says_whether_all_failures_or_each_job_s_were_alike() -> None:
    assert claims_on_retries(failing((1, 1), (1, 1), (), ())) == [
        f"2 jobs of map failed 4 times, the same way every time{HIDDEN}"
    ]
    assert claims_on_retries(failing((1, 1), (2, 2), (), ())) == [
        f"2 jobs of map failed 4 times, each job the same way every time{HIDDEN}"
    ]
    assert claims_on_retries(failing((1, 2), (1,), (1,), (1,))) == [
        f"4 jobs of map failed 5 times, each job the same way at first{HIDDEN}"
    ]


def test_of_a_job_that_never_succeeded_retries_hid_nothing() -> None:
    after = failing((1, 1), (), (), ())
    after.events.pop()
    after.events = [one for one in after.events if getattr(one, "attempt", None) != 3]
    assert "1 job of map failed 2 times, the same way every time: retries did not help" in (
        claims_on_retries(after.end(100, "failed"))
    )


def test_intermittent_and_deterministic_failures_are_counted_separately() -> None:
    after = failing((1, 1), (2,), (3,), ())
    assert claims_on_retries(after) == [
        f"1 job of map failed 2 times, the same way every time{HIDDEN}",
        "2 jobs of map failed 2 times, unlike in A",
    ]
    assert found(failing((), (), (), ()), after) == {
        "failures_masked": "unsafe",
        "attempts_failed": "neutral",
    }


def test_a_failed_run_compared_with_itself_has_no_findings() -> None:
    failed = with_failures(1)
    failed.events = [e for e in failed.events if getattr(e, "attempt", 1) == 1]
    assert found(failed, failed) == {}


def test_raised_retries_are_a_neutral_finding() -> None:
    assert found(a_run(settings={"retries": 0}), a_run(settings={"retries": 3})) == {
        "retries_changed": "neutral"
    }


def test_raised_retries_of_a_rule_are_a_finding_unless_all_rules_have_them() -> None:
    few, more = (changed(a_workflow(), "count", retries=retries) for retries in (0, 3))
    assert claims(a_run(few), a_run(more), "retries_changed") == ["retries of count: 0 → 3"]
    before, after = a_run(few, settings={"retries": 0}), a_run(more, settings={"retries": 3})
    assert claims(before, after, "retries_changed") == ["retries: 0 → 3 (--retries)"]


# -- what was published ----------------------------------------------------------------------------


def test_published_files_count_as_products() -> None:
    files = {"site/index": "1", "site/page": "2"}
    before = party(a_run(sums=SUMS), published=files)
    same = compare(before, party(a_run(sums=SUMS), published=files))
    assert (same.same_work, same.checked, len(same.contents.equal)) == (True, "contents", 9)
    fewer = compare(before, party(a_run(sums=SUMS), published={"site/index": "1"}))
    assert [one.claim for one in fewer.findings] == ["1 published file gone: site/page"]
    other = compare(before, party(a_run(sums=SUMS), published={**files, "site/page": "3"}))
    assert [one.id for one in other.findings] == ["contents_differ"]
    assert (fewer.same_work, other.same_work) == (False, False)


def test_a_failed_execution_inside_a_successful_attempt_cites_the_attempt() -> None:
    """Rules' own retries are followed on the node: the attempt as a whole has then succeeded."""
    after = begun().job(1, rule="cut", wildcards={})
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=20, finished=21)
    executions = (
        an_execution("cut", begun=8, tool_started=8, tool_ended=9, status="failed", exit_code=1),
        an_execution("cut", number=2, begun=9, tool_started=9, tool_ended=10, checked=11),
    )
    after.attempt(1, known, level(*executions, started=6, loaded=7, planned=8, ended=12)).end(22)
    before = begun().job(1, rule="cut", wildcards={}).quick(1, 3, 3, 10).end(11)
    (finding,) = [one for one in compared(before, after).findings if one.id == "attempts_failed"]
    assert finding.claim == "1 job of cut failed 1 time, unlike in A"
    assert [one.ref for one in finding.evidence] == ["B:4"]


# -- digests with a key ---------------------------------------------------------------------------


def keyed(key: str, value: str) -> dict[str, Any]:
    return {"config_digest": f"hmac-sha256:{key}:{value}", "config_keys": {"k": f"{key}:{value}"}}


def test_digests_of_one_key_are_compared() -> None:
    before, after = a_run(**keyed("a", "1")), a_run(**keyed("a", "2"))
    assert found(before, after) == {"meaning_changed": "neutral"}
    assert found(before, before) == {}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (keyed("a", "1"), keyed("b", "1")),
        (keyed("a", "1"), keyed("b", "2")),
        ({"config_digest": "sha256:1", "config_keys": {"k": "1"}}, keyed("a", "1")),
    ],
    ids=["the same value", "another value", "an older version"],
)
def test_digests_of_different_keys_cannot_tell(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    one, other = a_run(**before), a_run(**after)
    assert found(one, other) == {"cannot_tell": "neutral"}
    (claim,) = claims(one, other, "cannot_tell")
    assert claim.startswith("cannot tell whether the configuration changed: ")


def test_params_of_another_folder_cannot_tell_and_a_changed_command_is_reported() -> None:
    one = a_run(changed(a_workflow(), "count", params_digest="hmac-sha256:a:1"))
    jobs = changed(a_workflow(), "count", params_digest="hmac-sha256:b:1")
    assert found(one, a_run(jobs)) == {"cannot_tell": "neutral"}
    other = a_run(changed(jobs, "count", shellcmd="count --more"))
    assert found(one, other) == {"cannot_tell": "neutral", "command_changed": "unsafe"}


def test_a_config_file_of_another_folder_is_no_change() -> None:
    files = [
        {"config.yaml": f"hmac-sha256:{key}:1", "Snakefile": text}
        for key, text in (("a", "1"), ("b", "1"), ("b", "2"))
    ]
    runs = [a_run(sources=sources) for sources in files]
    assert found(runs[0], runs[1]) == {}
    changes = compared(runs[1], runs[2]).work.changes
    assert [change.what for change in changes] == ["file Snakefile"]


# -- a sample is added ------------------------------------------------------------------------------


def test_outputs_that_depend_on_those_of_new_jobs_differ_for_a_reason() -> None:
    sums = {path: path for path in ("cut/a", "count/a", "cut/b", "count/b")}
    before = a_run(a_workflow("a"), sums={**sums, "table": "of a"})
    after = a_run(a_workflow("ab"), sums={**sums, "table": "of a and b"})
    assert claims(before, after, "contents_differ") == [
        "1 of 3 outputs differ: table, which depends on the outputs of new jobs now"
    ]
    assert "unsafe" not in found(before, after).values()
    assert compared(before, after).same_work is False


def test_an_output_that_does_not_depend_on_a_new_job_must_not_differ() -> None:
    sums = {path: path for path in ("cut/a", "cut/b", "count/b")}
    before = a_run(a_workflow("a"), sums={**sums, "count/a": "old", "table": "of a"})
    after = a_run(a_workflow("ab"), sums={**sums, "count/a": "new", "table": "of a and b"})
    assert found(before, after)["contents_differ"] == "unsafe"


def test_outputs_that_a_failed_job_did_not_make_are_not_without_checksums() -> None:
    jobs = [a_job("x", "x"), a_job("y", "y", "x")]
    whole, part = a_run(jobs, sums=SUMS), a_run(jobs[:1], sums=SUMS, status="failed")
    part.job(2, (1,), **jobs[1]).quick(2, 90, 90, 95, status="failed", exit_code=1)
    for before, after in ((whole, part), (part, whole)):
        contents = compared(before, after).contents
        assert (contents.equal, contents.unknown, contents.missing) == (("x",), (), ("y",))
        assert not contents.checked


def test_new_jobs_of_a_run_that_failed_are_new_and_not_unreached_in_the_other() -> None:
    before, after = a_run(a_workflow("ab")), a_run(a_workflow("abc")[:-2], status="failed")
    assert claims(before, after, "not_reached") == ["2 jobs not reached in B: join, all"]
    assert claims(before, after, "discovery_widened") == [
        "2 more jobs: 3 values of sample, not 2 (new: sample c)"
    ]


# -- what explains outputs that differ -----------------------------------------------------------

OTHER_INPUT = "Updated input files: raw/a"
THREE = {path: path for path in ("cut/a", "count/a", "table")}


def test_an_updated_input_of_the_same_size_explains_what_is_made_from_it() -> None:
    after = changed(a_workflow("a"), "cut", reason=OTHER_INPUT)
    before, other = a_run(a_workflow("a"), sums=THREE), dict.fromkeys(THREE, "other")
    answer = compared(before, a_run(after, sums=other))
    assert (answer.explanations.unexplained, list(answer.explanations.updated)) == ((), ["raw/a"])
    assert answer.verdict.startswith(
        "not comparable, because raw/a was updated, and what is made from it differs"
    )
    assert {one.id: one.claim for one in answer.findings} == {
        "contents_differ": "3 of 3 outputs differ: cut/a, count/a, table",
        "other_data": "raw/a was updated, and what is made from it differs",
    }


def test_an_updated_input_that_a_job_made_is_explained_by_what_it_is_made_from() -> None:
    after = changed(a_workflow("a"), "cut", reason=OTHER_INPUT)
    after = changed(after, "count", reason="Updated input files: cut/a")
    before, other = a_run(a_workflow("a"), sums=THREE), dict.fromkeys(THREE, "other")
    answer = compared(before, a_run(after, sums=other))
    assert list(answer.explanations.updated) == ["raw/a"]
    later = a_run(after, sums=THREE | {"count/a": "other"})  # cut/a was touched, or edited and back
    assert list(compared(before, later).explanations.updated) == ["raw/a"]


def test_an_input_that_was_updated_in_a_run_between_explains_what_differs_since() -> None:
    between = a_run(changed(a_workflow("a"), "cut", reason=OTHER_INPUT))
    before = party(a_run(a_workflow("a"), sums=THREE))
    after = a_run(a_workflow("a"), sums=dict.fromkeys(THREE, "other"))
    known = compare(before, party(after, between=lambda: [between.run])).explanations
    assert (known.unexplained, list(known.updated)) == ((), ["raw/a"])
    assert compare(before, party(after)).explanations.unexplained == tuple(THREE)


def test_an_input_that_was_only_touched_is_no_other_data() -> None:
    after = changed(a_workflow("a"), "cut", reason=OTHER_INPUT)
    assert found(a_run(a_workflow("a"), sums=SUMS), a_run(after, sums=SUMS)) == {}


def test_an_updated_input_explains_nothing_beside_it() -> None:
    jobs = changed(a_workflow("ab"), "all", reason=None)
    jobs[0] = {**jobs[0], "reason": OTHER_INPUT}
    sums = {path: path for job in jobs for path in job["output"]}
    other = sums | {"cut/a": "x", "count/a": "x", "count/b": "x"}
    before, after = a_run(a_workflow("ab"), sums=sums), a_run(jobs, sums=other)
    assert compared(before, after).explanations.unexplained == ("count/b",)
    (claim,) = claims(before, after, "contents_differ")
    assert claim.startswith(
        "3 of 5 outputs differ: cut/a, count/a, count/b, and nothing in the journals explains "
        "count/b: an unrecorded helper script"
    )


def test_a_changed_rule_is_judged_by_its_own_outputs() -> None:
    def both(code: str, params: str, drawn: str) -> Story:
        jobs = [
            a_job("plain", "plain.txt", code_digest=f"sha256:{code}"),
            a_job("drawn", "drawn.txt", params_digest=f"sha256:{params}"),
        ]
        return a_run(jobs, sums={"plain.txt": "same", "drawn.txt": drawn})

    before, after = both("a", "a", "1"), both("b", "b", "2")
    assert found(before, after) == {
        "contents_differ": "unsafe",
        "params_changed": "unsafe",
        "code_changed": "safe",
    }
    assert claims(before, after, "code_changed") == [
        "code of plain changed; its outputs are the same bytes"
    ]
    assert claims(before, after, "params_changed") == [
        "params of drawn changed, and the outputs differ"
    ]


@pytest.mark.parametrize("sizes", [{}, {"tool.py": 9}])
def test_a_program_that_is_an_input_is_code(sizes: dict[str, int]) -> None:
    job = a_job("work", "out.txt", "tool.py", shellcmd="python3 tool.py > out.txt")
    edited = {
        **job,
        "reason": "Updated input files: tool.py",
        "input_sizes": {path: size + 4 for path, size in sizes.items()},
    }
    before = a_run([{**job, "input_sizes": sizes}], sums={"out.txt": "1"})
    after = a_run([edited], sums={"out.txt": "2"})
    assert claims(before, after, "code_changed") == [
        "tool.py, which work runs, changed, and the outputs differ"
    ]
    assert found(before, after) == {"code_changed": "unsafe", "contents_differ": "unsafe"}
    assert [one.what for one in compared(before, after).work.changes] == [
        f"program {path}" for path in sizes
    ]


def test_a_script_that_is_an_input_too_is_code_once() -> None:
    job = a_job("work", "out.txt", "tool.py", shellcmd=None, script="/work/tool.py")
    edited = {
        **job,
        "code_digest": "sha256:other",
        "reason": "Updated input files: tool.py; Code has changed since last execution",
        "input_sizes": {"tool.py": 13},
    }
    before = a_run([{**job, "input_sizes": {"tool.py": 9}}], sums={"out.txt": "1"})
    after = a_run([edited], sums={"out.txt": "2"})
    assert found(before, after) == {"code_changed": "unsafe", "contents_differ": "unsafe"}
    assert claims(before, after, "code_changed") == ["code of work changed, and the outputs differ"]
