"""Incidents that need a baseline: slow tools and machines, drift, stricter contexts, late outputs."""

from typing import Any

import pytest
from builders import Story, at, begun
from failing import fails
from triaged import ONE, classes, timed, triage_of
from workflows import SETTINGS, a_job, a_run, a_workflow, changed, compared

from snakemake_logger_plugin_observe.journal.events import Planned

# -- tools that take longer ----------------------------------------------------------------------


def test_a_tool_that_takes_longer_for_the_same_work_is_a_slow_tool() -> None:
    (found,) = triage_of(timed(ONE | {"count": 5}), timed(ONE)).incidents
    assert found.id == "slow_tool:count"
    assert found.claim == (
        "the tool of count took 15.0 s in 3 jobs, 5.0 times the 3.0 s of the baseline"
    )
    assert (found.explains, found.rules, found.check) == (
        12_000_000,
        ("count",),
        "rule_compute_s.count <= 1.5",
    )
    assert found.action.escalate  # nothing of the rule has changed
    assert [one.ref[0] for one in found.evidence] == ["B"] * 3


def of_one_rule(rule: str, tool_s: float, planned_s: float = 1) -> Story:
    """Return a run of the jobs of one rule, planned in *planned_s* seconds."""
    story = Story(settings=SETTINGS, targets=("all",)).plan(2, 2 + planned_s)
    at_s = 2 + planned_s
    jobs = [job for job in a_workflow() if job["rule"] == rule]
    for number, job in enumerate(jobs, 1):
        needs = (number - 1,) if number > 1 else ()
        story.job(number, needs, **job).quick(number, at_s, at_s, at_s + tool_s)
        at_s += tool_s
    return story.end(at_s + 1)


def strength(after: Story, before: Story) -> list[str]:
    found = triage_of(after, before).incidents
    return [one.strength for one in found if one.incident_class == "slow_tool"]


def test_a_slow_tool_is_certain_while_other_tools_were_as_fast() -> None:
    assert strength(timed(ONE | {"count": 5}), timed(ONE)) == ["certain"]


def test_a_slow_tool_of_a_single_job_is_likely() -> None:
    assert strength(of_one_rule("join", 20), of_one_rule("join", 2)) == ["likely"]


def test_without_another_tool_planning_shows_whether_the_machine_was_slow() -> None:
    assert strength(of_one_rule("count", 6), of_one_rule("count", 1)) == ["certain"]
    slow_machine = of_one_rule("count", 6, planned_s=12)
    assert strength(slow_machine, of_one_rule("count", 1)) == ["likely"]


def test_a_slow_tool_whose_rule_changed_should_have_the_change_reverted() -> None:
    heavier = changed(a_workflow(), "count", params_digest="sha256:more")
    (found,) = triage_of(timed(ONE | {"count": 5}, heavier), timed(ONE)).incidents
    assert found.action.text.startswith("revert the change of params in count")
    assert not found.action.escalate


@pytest.mark.parametrize(("tools_s", "lost_s", "expected"), [(2.5, 4.5, []), (3, 6, ["slow_tool"])])
def test_a_loss_of_few_seconds_is_not_an_incident_even_beyond_noise(
    tools_s: float, lost_s: float, expected: list[str]
) -> None:
    before, after = timed(ONE), timed(ONE | {"count": tools_s})
    speed = compared(before, after).speed
    assert (speed.verdict, speed.change_s) == ("slower", lost_s)
    assert classes(after, before) == expected


def read(size: int) -> list[dict[str, Any]]:
    """Return the small workflow's jobs; those of count read *size* bytes each."""
    return [
        {**job, "input_sizes": dict.fromkeys(job["input"], size if job["rule"] == "count" else 1)}
        for job in a_workflow()
    ]


def test_a_tool_that_takes_longer_because_it_reads_more_is_not_slow() -> None:
    assert "slow_tool" not in classes(timed(ONE | {"count": 5}, read(50)), timed(ONE, read(10)))


def test_a_tool_that_takes_longer_than_its_data_explains_is_slow() -> None:
    (found,) = triage_of(timed(ONE | {"count": 5}, read(20)), timed(ONE, read(10))).incidents
    assert found.id == "slow_tool:count"
    assert found.claim.endswith("of the baseline, with 2.0 times as much to read")
    assert found.action.why == "it read 2.0 times as much, and took 5.0 times as long"
    assert found.action.escalate


def test_a_rule_that_waits_has_no_slow_tool() -> None:
    assert "slow_tool" not in classes(timed(ONE, wait_s=5), timed(ONE))


def test_a_tool_that_is_slower_within_noise_is_not_an_incident() -> None:
    assert classes(timed(ONE | {"count": 1.3}), timed(ONE)) == []


def test_tools_that_are_all_slower_show_a_slow_host() -> None:
    (found,) = triage_of(timed(dict.fromkeys(ONE, 4)), timed(ONE)).incidents
    assert (found.incident_class, found.where) == ("slow_host", "operating context")
    assert found.claim == (
        "the tools of all 3 rules took 4.0 times as long as in the baseline, in the same 7 jobs"
    )
    assert found.explains == 21_000_000


def test_a_rule_that_runs_only_a_moment_does_not_show_a_slow_host() -> None:
    gathers = {"join": 0.01}
    (found,) = triage_of(timed({"cut": 4, "count": 4} | gathers), timed(ONE | gathers)).incidents
    assert found.claim.startswith("the tools of all 2 rules took 4.0 times as long")


@pytest.mark.parametrize("slow_s", [{"cut": 30, "count": 1.8}, {"cut": 4, "count": 4}])
def test_a_tool_with_added_work_does_not_show_a_slow_host(
    slow_s: dict[str, float],
) -> None:
    gathers = {"join": 0.01}
    heavier = changed(a_workflow(), "cut", code_digest="sha256:more")
    after, before = timed(slow_s | gathers, heavier), timed(ONE | gathers)
    assert classes(after, before)[0] == "slow_tool"


def test_tools_that_are_slower_by_different_factors_do_not_show_a_slow_host() -> None:
    gathers = {"join": 0.01}
    after, before = timed({"cut": 30, "count": 1.8} | gathers), timed(ONE | gathers)
    assert [one.id for one in triage_of(after, before).incidents] == ["slow_tool:cut"]


def one_after_the_other(*tools_s: float) -> Story:
    """Return a run of one rule whose jobs take *tools_s*, one after the other."""
    story = begun(settings=SETTINGS, targets=("all",))
    at_s = 3.0
    for number, took_s in enumerate(tools_s, 1):
        needs = (number - 1,) if number > 1 else ()
        story.job(number, needs, **a_job("cut", f"cut/{number}", f"raw/{number}", n=str(number)))
        story.quick(number, at_s, at_s, at_s + took_s)
        at_s += took_s
    return story.end(at_s + 1)


@pytest.mark.parametrize(("longest_s", "check"), [(10, "rule_compute_s.cut <= 15.0"), (100, None)])
def test_a_check_is_proposed_only_if_this_run_breaks_it(
    longest_s: float, check: str | None
) -> None:
    before = one_after_the_other(longest_s, *[1] * 20)
    (found,) = triage_of(one_after_the_other(longest_s, *[16] * 20), before).incidents
    assert (found.id, found.check) == ("slow_tool:cut", check)


def test_two_slow_tools_among_others_are_two_incidents() -> None:
    slow = ONE | {"cut": 5, "count": 5}
    others = {"join": 9.0}
    found = triage_of(timed(slow | others), timed(ONE | others)).incidents
    assert {one.id for one in found} == {"slow_tool:cut", "slow_tool:count"}


def test_more_jobs_of_a_rule_are_not_a_slow_tool() -> None:
    assert "slow_tool" not in classes(timed(ONE, a_workflow("abcdefghi")), timed(ONE))


# -- outputs that differ -------------------------------------------------------------------------

SUMS = {
    path: f"sum of {path}"
    for path in ("cut/a", "cut/b", "cut/c", "count/a", "count/b", "count/c", "table")
}
DRIFTED = SUMS | dict.fromkeys(("count/a", "count/b", "count/c", "table"), "other")
HELPER = {"scripts/helper.py": "1"}


def test_outputs_that_differ_with_a_changed_helper_are_drift_in_the_first_rule_that_differs() -> (
    None
):
    before = a_run(sums=SUMS, sources=HELPER)
    after = a_run(sums=DRIFTED, sources={"scripts/helper.py": "2"})
    (found,) = triage_of(after, before).incidents
    assert (found.incident_class, found.strength) == ("environment_drift", "likely")
    assert found.rules == ("count",)  # join only passes on what it read
    assert found.claim == (
        "count/a and 2 more differ, although nothing recorded of count and its inputs changed; "
        "what else changed: file scripts/helper.py"
    )


def test_outputs_that_differ_without_any_recorded_change_are_possible_drift() -> None:
    (found,) = triage_of(a_run(sums=DRIFTED), a_run(sums=SUMS)).incidents
    assert (found.incident_class, found.strength) == ("environment_drift", "possible")
    assert found.action.escalate


def test_drift_of_forced_jobs_may_be_what_they_were_forced_for() -> None:
    forced = changed(a_workflow(), "count", reason="Forced execution")
    (found,) = triage_of(a_run(forced, sums=DRIFTED), a_run(sums=SUMS)).incidents
    assert found.claim.endswith(
        "although nothing recorded of count and its inputs changed; count was forced"
    )
    assert not found.action.escalate
    assert "declare that as an input" in found.action.text


@pytest.mark.parametrize("what", ["code_digest", "params_digest", "shellcmd"])
def test_outputs_of_a_rule_that_was_changed_are_not_drift(what: str) -> None:
    after = a_run(changed(a_workflow(), "count", **{what: "sha256:new"}), sums=DRIFTED)
    assert classes(after, a_run(sums=SUMS)) == []


def test_outputs_after_an_updated_input_are_no_drift() -> None:
    after = changed(a_workflow(), "cut", reason="Updated input files: raw/a")
    sums = dict.fromkeys(SUMS, "other")
    assert classes(a_run(after, sums=sums), a_run(sums=SUMS)) == []


def test_the_script_of_another_rule_is_no_reason_for_drift() -> None:
    jobs = changed(a_workflow(), "cut", script="/work/scripts/helper.py")
    before = a_run(jobs, sums=SUMS, sources=HELPER)
    after = a_run(jobs, sums=DRIFTED, sources={"scripts/helper.py": "2"})
    (found,) = triage_of(after, before).incidents
    assert (found.incident_class, found.strength) == ("environment_drift", "possible")
    assert "what else changed" not in found.claim


# -- renamed rules: changes refer to the old name -------------------------------------------------


def renamed(rule: str, name: str, **facts: Any) -> list[dict[str, Any]]:
    jobs = changed(a_workflow(), rule, **facts)
    return [{**job, "rule": name} if job["rule"] == rule else job for job in jobs]


def test_a_renamed_rule_whose_code_changed_is_not_drift() -> None:
    after = a_run(renamed("count", "tally", code_digest="sha256:new"), sums=DRIFTED)
    assert classes(after, a_run(sums=SUMS)) == []


def test_a_renamed_rule_whose_params_changed_has_added_work() -> None:
    jobs = renamed("count", "tally", params_digest="sha256:more")
    (found,) = triage_of(timed({"cut": 1, "tally": 5, "join": 1}, jobs), timed(ONE)).incidents
    assert found.id == "slow_tool:tally"
    assert found.action.text.startswith("revert the change of params in tally")


def test_a_renamed_rule_whose_code_changed_failed_in_no_stricter_context() -> None:
    jobs = renamed("join", "gather", code_digest="sha256:new")
    before = a_run(profiles=("profiles/local",))
    assert "stricter_context" not in classes(failing(jobs, **STRICT), before)


def test_outputs_of_other_inputs_are_not_drift() -> None:
    sized = [
        {**job, "input_sizes": dict.fromkeys(job["input"], size)}
        for size, job in ((1, job) for job in a_workflow())
    ]
    grown = [
        {**job, "input_sizes": dict.fromkeys(job["input"], 2 if job["rule"] == "cut" else 1)}
        for job in a_workflow()
    ]
    other = dict.fromkeys(SUMS, "other")
    assert "environment_drift" not in classes(a_run(grown, sums=other), a_run(sized, sums=SUMS))


# -- contexts ------------------------------------------------------------------------------------


def failing(jobs: list[dict[str, Any]] | None = None, **more: Any) -> Story:
    """Return a run of the small workflow in which ``join`` failed."""
    story = begun(settings=SETTINGS, targets=("all",), **more)
    jobs = a_workflow() if jobs is None else jobs
    for number, job in enumerate(jobs, 1):
        story.job(number, **job)
        if job["rule"] in ("join", "gather"):
            fails(story, number, "join: too few rows", start_s=10, rule=job["rule"])
        elif job["rule"] != "all":
            story.quick(number, 3, 3, 4)
    return story.end(12, "failed")


STRICT = {"profiles": ("profiles/strict",)}


def test_a_job_that_passed_in_another_profile_failed_in_a_stricter_context() -> None:
    before = a_run(profiles=("profiles/local",))
    (found, *others) = triage_of(failing(**STRICT), before).incidents
    assert (found.incident_class, found.failures, found.jobs) == ("stricter_context", 1, (7,))
    assert found.claim == (
        "join passed in the baseline and failed here: join: too few rows "
        "(the context changed: profile local → strict)"
    )
    assert found.action.escalate
    assert "stricter_context" not in [one.incident_class for one in others]


def test_a_job_that_fails_in_the_same_context_failed_in_no_stricter_one() -> None:
    assert "stricter_context" not in classes(failing(), a_run())


def test_a_job_that_fails_after_a_change_of_its_code_failed_in_no_stricter_context() -> None:
    new = changed(a_workflow(), "join", code_digest="sha256:new")
    before = a_run(profiles=("profiles/local",))
    assert "stricter_context" not in classes(failing(new, **STRICT), before)


def test_a_job_that_did_not_pass_before_failed_in_no_stricter_context() -> None:
    before = a_run(a_workflow()[:-2], profiles=("profiles/local",))
    assert "stricter_context" not in classes(failing(**STRICT), before)


# -- late outputs --------------------------------------------------------------------------------

MISSING = "Job 1 completed successfully, but some output files are missing. {} (missing locally)"


def without(missing: str, **settings: Any) -> Story:
    """Return a run whose only job failed because outputs are reported *missing*."""
    story = begun(settings={**SETTINGS, **settings})
    story.job(1, **{**a_job("join", "joined.tsv"), "output": ("joined.tsv", "side.tsv")})
    facts = {"code": None, "message": f"MissingOutputException: {MISSING.format(missing)}"}
    return fails(story, 1, rule="join", **facts).end(10, "failed")


def test_missing_outputs_that_exist_now_were_late() -> None:
    (found,) = triage_of(without("joined.tsv"), files_present=frozenset({"joined.tsv"})).incidents
    assert (found.incident_class, found.strength, found.failures) == ("late_outputs", "likely", 1)
    assert found.claim == (
        "join failed because joined.tsv did not appear within the 5 s of --latency-wait, but exists now"
    )
    assert [one.ref for one in found.evidence if one.kind == "file"] == ["joined.tsv"]
    assert found.action.text.endswith("or write these outputs to a local disk")  # it has no nodes


def test_outputs_that_never_appeared_are_a_failure_of_the_tool() -> None:
    assert classes(without("joined.tsv")) == ["tool_failure"]


def test_other_outputs_that_exist_do_not_make_the_missing_one_late() -> None:
    assert classes(without("joined.tsv"), files_present=frozenset({"side.tsv"})) == ["tool_failure"]


def test_a_tool_of_a_run_that_ran_some_jobs_is_compared_with_its_last_attempt() -> None:
    jobs = [job for job in a_workflow() if job["rule"] in ("join", "all")]
    slow = timed({"join": 30.0}, jobs)
    slow.add(Planned(time=at(3), to_run={"join": 1, "all": 1}, up_to_date={"cut": 3, "count": 3}))
    (incident,) = triage_of(slow, timed({**ONE, "join": 10.0})).incidents
    assert incident.incident_class == "slow_tool"
    assert incident.claim == (
        "the tool of join took 30.0 s in 1 job, 3.0 times the 10.0 s when they last ran"
    )
    quick = timed({"join": 10.0}, jobs)
    quick.add(Planned(time=at(3), to_run={"join": 1, "all": 1}, up_to_date={"cut": 3, "count": 3}))
    assert classes(quick, timed({**ONE, "join": 10.0})) == []
