"""Files that a job was making when its run was killed, and that count as whole."""

from builders import stamps
from past import a_run, day_of, found, kept, kinds, past_run
from whys import Why, missing


def killed(*, began: bool = True, ended: bool = False) -> Why:
    """Return a run in which job half was running when the run was killed."""
    one = a_run(0)
    one.planned(1, "half", missing("half.txt"), makes=("half.txt",))
    if ended:
        return one.quick(1, 3, 3, 4)
    one.submitted(1, stamps(ready=3, selected=3, submitting=3, accepted=3))
    if began:
        one.started(1, 3)
    return one


def reading(**settings: bool) -> Why:
    one = a_run(1, settings=settings)
    return one.ran(1, "final", missing("final.txt"), reads=("half.txt",), makes=("final.txt",))


def test_what_was_being_made_when_a_run_was_killed_and_is_read_now_is_named() -> None:
    (one,) = found(reading(ignore_incomplete=True), past_run(killed(), "killed"))
    assert (one.kind, one.files, one.certain) == ("leftover", ("half.txt",), False)
    assert one.claim == (
        f"final read half.txt, which half was making when the run of {day_of(0)} UTC was killed, "
        "and which was not made since"
    )
    assert one.fix.why.endswith("--ignore-incomplete lets it count as whole")


def test_without_that_flag_the_mark_is_gone() -> None:
    (one,) = found(reading(), past_run(killed(), "killed"))
    assert one.fix.why.endswith("Snakemake marks that as incomplete, and the mark is gone")


def test_what_counts_as_up_to_date_is_named_too() -> None:
    idle = a_run(1)
    kept(idle, ("half", "half.txt"))
    (one,) = found(idle, past_run(killed(), "killed"))
    assert one.claim == (
        "half.txt counts as up to date, but half was making it when the run of "
        f"{day_of(0)} UTC was killed, and it was not made since"
    )


def test_what_had_been_made_by_then_is_whole() -> None:
    assert kinds(reading(), past_run(killed(ended=True), "killed")) == []


def test_of_a_job_that_is_not_known_to_have_begun_nothing_is_said() -> None:
    assert kinds(reading(), past_run(killed(began=False), "killed")) == []


def test_what_was_made_since_is_whole() -> None:
    since = a_run(1).ran(1, "half", missing("half.txt"), makes=("half.txt",))
    now = a_run(2)
    kept(now, ("half", "half.txt"))
    assert kinds(now, since, past_run(killed(), "killed")) == []
