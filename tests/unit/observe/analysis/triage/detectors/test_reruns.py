"""Jobs that ran again though the work is the same are incidents, without a baseline."""

import pytest
from builders import at
from past import a_run, found, in_params, kept, past_run, sums
from triaged import triage_of
from whys import Why, made, missing, newer

from snakemake_logger_plugin_observe.analysis.triage.incident import Incident
from snakemake_logger_plugin_observe.journal.events import Planned


def incident(now: Why, *before: object) -> Incident:
    """Return the only incident of a run, from what the runs before show."""
    (one,) = triage_of(now, reruns=found(now, *before)).incidents  # type: ignore[arg-type]
    assert one.id.partition(":")[0] == one.incident_class
    return one


def sorting(day: int, reason: str, *, same: bool = True) -> Why:
    one = a_run(day)
    for n in (1, 2):
        one.ran(n, "sort", reason, makes=(f"{n}.txt",), wildcards={"n": str(n)})
        sums(one, n, **{f"{n}_txt": "same" if same else f"of day {day}"})
    one.end(one.at_s + 1)
    return one


FIRST = missing("1.txt", "2.txt")


def test_the_same_rerun_every_time_says_how_many_jobs_how_often_and_its_cost() -> None:
    runs = [
        sorting(2, in_params("'7hd_2m'", "'p0vwu5'")),
        sorting(1, in_params("'k3x9qa'", "'7hd_2m'")),
        sorting(0, FIRST),
    ]
    one = incident(*runs)
    assert (one.incident_class, one.strength) == ("same_rerun", "certain")
    assert one.claim == (
        "2 of 2 jobs ran again, the same bytes, 2.0 s: a param of sort is another value in each of "
        "the last 3 runs: drawn anew when the Snakefile is read, not changed"
    )


def test_other_bytes_are_not_called_the_same() -> None:
    reasons = [in_params("'7hd_2m'", "'p0vwu5'"), in_params("'k3x9qa'", "'7hd_2m'"), FIRST]
    days = zip((2, 1, 0), reasons, strict=True)
    one = incident(*(sorting(day, reason, same=False) for day, reason in days))
    assert one.claim.startswith("2 of 2 jobs ran again, 2.0 s: ")
    assert (one.strength, "probably drawn anew" in one.claim) == ("likely", True)


def test_the_same_items_in_another_order_are_certain_in_the_third_run() -> None:
    """Until then, they may have been changed on purpose in a file that the Snakefile reads."""
    second, first = sorting(1, in_params("['a', 'b']", "['b', 'a']")), sorting(0, FIRST)
    third = sorting(2, in_params("['b', 'a']", "['a', 'b']"))
    assert incident(third, second, first).strength == "certain"
    one = incident(second, first)
    assert (one.incident_class, one.strength) == ("same_rerun", "likely")
    assert one.action.text.startswith("sort them")


def test_equal_bytes_with_nothing_below_are_no_incident() -> None:
    now = sorting(1, newer("raw.txt"))
    assert triage_of(now, reruns=found(now, sorting(0, FIRST))).incidents == ()


@pytest.mark.parametrize("again", [True, False])
def test_a_temporary_file_is_an_incident_if_finished_jobs_ran_again(again: bool) -> None:
    before = a_run(0)
    before.ran(2, "first", missing("a.tmp"), makes=("a.tmp",), temp=("a.tmp",))
    if again:
        before.ran(3, "second", made("a.tmp"), needs=(2,), reads=("a.tmp",), makes=("b.txt",))
    now = a_run(1)
    now.ran(2, "first", missing("a.tmp"), makes=("a.tmp",), temp=("a.tmp",))
    if again:
        now.ran(3, "second", made("a.tmp"), needs=(2,), reads=("a.tmp",), makes=("b.txt",))
    now.ran(
        *(1, "third", f"{missing('c.txt')}; {made('a.tmp')}"),
        needs=(2,),
        reads=("a.tmp",),
        makes=("c.txt",),
    )
    now.end(now.at_s)
    if again:
        assert incident(now, before).incident_class == "temp_made_again"
    else:
        assert triage_of(now, reruns=found(now, before)).incidents == ()


def test_what_a_failed_job_left_is_an_incident_of_a_run_that_succeeded() -> None:
    before = a_run(0, settings={"keep_incomplete": True})
    before.planned(1, "half", missing("half.txt"), makes=("half.txt",))
    before.quick(1, 3, 3, 4, status="failed")
    now = a_run(1, command=("snakemake", "-c1"))
    now.ran(1, "use", missing("use.txt"), reads=("half.txt",), makes=("use.txt",))
    now.end(now.at_s)
    one = incident(now, past_run(before, "failed"))
    assert (one.incident_class, one.rules) == ("leftover_input", ("half",))
    assert one.action.text.startswith("make it again, and run without --keep-incomplete")
    assert [each.line for each in one.action.commands] == ["snakemake -c1 --forcerun half.txt"]


def test_what_a_failed_job_left_is_an_incident_of_a_run_with_nothing_to_do() -> None:
    before = a_run(0, settings={"keep_incomplete": True})
    before.planned(1, "half", missing("half.txt"), makes=("half.txt",))
    before.quick(1, 3, 3, 4, status="failed")
    now = a_run(1)
    kept(now, ("half", "half.txt"))
    now.add(Planned(time=at(3), to_run={}, up_to_date={"half": 1}))
    now.end(now.at_s, "nothing_to_do")
    assert incident(now, past_run(before, "failed")).incident_class == "leftover_input"


def test_its_note_confirms_it_with_why_and_calls_the_run_not_healthy() -> None:
    now = sorting(1, in_params("['a', 'b']", "['b', 'a']"))
    note = triage_of(now, reruns=found(now, sorting(0, FIRST))).note
    (confirming,) = note.first_confirming_command
    assert [str(one) for one in confirming.commands] == ["snakemake-observe why"]
    assert [one.text for one in note.symptom] == ["none in the run itself (success)"]
