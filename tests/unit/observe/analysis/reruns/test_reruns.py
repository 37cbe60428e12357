"""What the runs before show about jobs that ran again."""

import pytest
from past import a_run, day_of, found, in_params, kept, kinds, past_run, sources, sums
from whys import CODE, Why, made, missing, newer

# -- params ----------------------------------------------------------------------------------------


def sorting(day: int, reason: str, value: str = "", **facts: str) -> Why:
    """Return a run of one job with one param."""
    one = a_run(day, **facts)
    params = {"params": (f"tmpdir={value}",), "params_digest": value} if value else {}
    one.ran(1, "sort", reason, reads=("in.txt",), makes=("out.txt",), **params)
    return one


def drawn(day: int, **facts: str) -> Why:
    values = ["'srt-k3x9qa'", "'srt-7hd_2m'", "'srt-p0vwu5'", "'srt-zz41ne'"]
    if day == 0:
        return sorting(0, missing("out.txt"), values[0], **facts)
    return sorting(day, in_params(values[day - 1], values[day]), values[day], **facts)


def test_a_param_that_is_another_value_in_three_runs_is_drawn_anew() -> None:
    (one,) = found(drawn(2), drawn(1), drawn(0))
    assert (one.kind, one.runs, one.detail) == (
        *("drawn_anew", 3),
        "'srt-k3x9qa' → 'srt-7hd_2m' → 'srt-p0vwu5'",
    )
    assert one.claim == (
        "param tmpdir of sort is another value in each of the last 3 runs: probably drawn anew when "
        "the Snakefile is read, not changed"
    )
    assert not one.certain
    assert found(drawn(3), drawn(2), drawn(1), drawn(0))[0].runs == 4


def test_one_change_of_a_param_may_be_intended() -> None:
    assert kinds(drawn(1), drawn(0)) == []


def test_params_are_not_drawn_if_the_workflow_was_edited_between_the_runs() -> None:
    assert kinds(drawn(2), drawn(1, config_digest="sha256:other"), drawn(0)) == []
    assert kinds(drawn(2), drawn(1, config_digest="hmac-sha256:key:x"), drawn(0)) == ["drawn_anew"]
    runs = [drawn(day) for day in (2, 1, 0)]
    for one, digest in zip(runs, ("new", "new", "old"), strict=True):
        sources(one, Snakefile=digest)
    assert kinds(*runs) == []


def test_values_that_somebody_may_have_chosen_are_not_drawn() -> None:
    """They come from a file or a variable that the Snakefile reads."""
    runs = [sorting(day, in_params(f"'{day}0'", f"'{day + 1}0'")) for day in (3, 2, 1)]
    assert kinds(*runs, sorting(0, missing("out.txt"))) == []


def test_a_value_that_comes_back_is_not_drawn() -> None:
    back = sorting(2, in_params("'srt-7hd_2m'", "'srt-k3x9qa'"), "'srt-k3x9qa'")
    assert kinds(back, drawn(1), drawn(0)) == []


def test_a_run_with_the_job_up_to_date_ends_the_row() -> None:
    idle = a_run(2)
    kept(idle, ("sort", "out.txt"))
    assert kinds(drawn(2), past_run(idle, "nothing_to_do"), drawn(1), drawn(0)) == []


def test_runs_without_the_job_are_passed_over() -> None:
    other = a_run(1)
    other.ran(1, "plot", missing("plot.png"), makes=("plot.png",))
    assert kinds(drawn(2), other, drawn(1), drawn(0)) == ["drawn_anew"]


def test_a_failure_ends_the_row() -> None:
    failed = a_run(1)
    failed.planned(1, "sort", missing("out.txt"), makes=("out.txt",))
    failed.quick(1, 3, 3, 4, status="failed")
    assert kinds(drawn(2), past_run(failed, "failed"), drawn(1), drawn(0)) == []


def reordered(day: int, before: str = "['a', 'b']", now: str = "['b', 'a']", **facts: str) -> Why:
    return sorting(day, in_params(before, now), **facts)


def test_the_same_items_in_another_order_need_no_second_rerun_to_be_known() -> None:
    (one,) = found(reordered(1), sorting(0, missing("out.txt")))
    assert (one.kind, one.claim) == (
        "reordered",
        "a param of sort: the same items in another order",
    )
    assert one.detail == "['a', 'b'] → ['b', 'a']"


def test_the_order_may_be_meant_if_the_workflow_was_edited() -> None:
    first = sorting(0, missing("out.txt"), config_digest="sha256:other")
    assert kinds(reordered(2), first) == []
    idle = a_run(1, config_digest="sha256:other")
    kept(idle, ("sort", "out.txt"))
    assert kinds(reordered(2), past_run(idle, "nothing_to_do"), first) == []
    again = reordered(3, "['b', 'a']", "['a', 'b']", config_digest="sha256:third")
    assert kinds(again, reordered(2), first) == []
    assert kinds(again, reordered(2), reordered(1)) == ["reordered"]
    assert kinds(reordered(2)) == []


def test_another_order_in_each_run_is_said_to_be() -> None:
    again = reordered(2, "['b', 'a']", "['a', 'b']")
    (one,) = found(again, reordered(1), sorting(0, missing("out.txt")))
    assert one.claim.endswith("the same items in another order, in each of the last 3 runs")


# -- folders ---------------------------------------------------------------------------------------


def in_folder(day: int, reason: str, folder: str = "results") -> Why:
    one = a_run(day)
    one.ran(2, "matrix", reason, reads=(folder,), makes=("results/c1/m.txt",))
    one.ran(
        *(1, "report", made("results/c1/m.txt")),
        needs=(2,),
        reads=("results/c1/m.txt",),
        makes=("results/report.txt",),
    )
    return one


def test_a_folder_that_the_workflow_writes_into_is_no_changed_input() -> None:
    (one,) = found(
        in_folder(2, newer("results")),
        in_folder(1, newer("results")),
        in_folder(0, missing("results/c1/m.txt")),
    )
    assert (one.kind, one.jobs) == ("own_folder", (2, 1))
    assert one.claim == (
        "results, an input of matrix, is the folder into which matrix and report write: newer "
        "after every run"
    )


def test_another_folder_is_a_changed_input() -> None:
    assert kinds(in_folder(1, newer("raw"), "raw"), in_folder(0, missing("x"), "raw")) == []


# -- the same bytes --------------------------------------------------------------------------------


def cleaned(day: int, reason: str, clean: str = "1", fit: str = "2", **more: str) -> Why:
    """Return a run that cleans a file, and fits it in two ways."""
    one = a_run(day)
    one.ran(3, "clean", reason, reads=("raw.txt",), makes=("clean.txt",), **more)
    sums(one, 3, clean_txt=clean)
    for n in (1, 2):
        one.ran(
            *(n, "fit", made("clean.txt")),
            needs=(3,),
            reads=("clean.txt",),
            makes=(f"fit.{n}",),
            wildcards={"n": str(n)},
        )
        sums(one, n, **{f"fit_{n}": fit})
    return one.ran(0, "all", made("fit.1", "fit.2"), needs=(1, 2), reads=("fit.1", "fit.2"))


FIRST = missing("clean.txt")


def test_what_runs_below_equal_bytes_ran_for_nothing() -> None:
    (one,) = found(cleaned(1, newer("raw.txt")), cleaned(0, FIRST))
    assert (one.kind, one.jobs, one.ran_in_vain) == ("same_bytes", (1, 2), True)
    assert one.claim == (
        "clean.txt came out as the same bytes: the 2 jobs of fit ran for nothing (2.0 s)"
    )
    assert "--until clean" in one.fix.text


def test_changed_code_with_the_same_bytes_altered_nothing() -> None:
    (one,) = found(cleaned(1, CODE), cleaned(0, FIRST))
    assert one.claim.startswith("clean.txt came out as the same bytes")


@pytest.mark.parametrize(
    ("now", "before"),
    [
        (cleaned(1, newer("raw.txt"), clean="9"), cleaned(0, FIRST)),
        (cleaned(1, newer("raw.txt")), a_run(0)),
        (cleaned(1, FIRST), cleaned(0, FIRST)),
    ],
)
def test_other_bytes_unknown_bytes_and_missing_outputs_are_no_finding(
    now: Why, before: Why
) -> None:
    assert kinds(now, before) == []


def test_the_same_reason_and_the_same_bytes_three_times_need_no_known_cause() -> None:
    runs = [cleaned(2, newer("raw.txt")), cleaned(1, newer("raw.txt")), cleaned(0, FIRST)]
    (one,) = found(*runs)
    assert (one.kind, one.runs, one.same_bytes) == ("every_time", 3, True)
    assert one.claim == (
        "raw.txt was updated in each of the last 3 runs, and the bytes were the same each time"
    )


def test_a_script_declared_as_an_input_is_code() -> None:
    command = {"shellcmd": "python3 -u raw.txt > clean.txt"}
    found_here = found(cleaned(1, newer("raw.txt"), clean="9", **command), cleaned(0, FIRST))
    assert [one.claim for one in found_here] == [
        "the code of clean changed: raw.txt, which is declared as an input"
    ]
    data = {"shellcmd": "python3 clean.py raw.txt > clean.txt"}
    assert kinds(cleaned(1, newer("raw.txt"), clean="9", **data), cleaned(0, FIRST)) == []


def test_a_source_file_that_was_only_touched_is_said_to_be() -> None:
    now, before = cleaned(1, newer("raw.txt"), clean="9"), cleaned(0, FIRST)
    for one in (now, before):
        sources(one, raw_txt="digest")
    assert [one.claim for one in found(now, before)] == [
        "raw.txt, a part of the code of clean, has a newer time and the same text"
    ]


def test_only_what_lies_below_equal_bytes_ran_for_nothing() -> None:
    def samples(day: int, reason: str, *values: str) -> Why:
        one = a_run(day)
        for n, value in enumerate(values):
            one.ran(10 + n, "clean", reason, makes=(f"{n}.c",), wildcards={"n": str(n)})
            sums(one, 10 + n, **{f"{n}_c": value})
            fit = {"needs": (10 + n,), "reads": (f"{n}.c",), "makes": (f"{n}.f",)}
            one.ran(n, "fit", made(f"{n}.c"), wildcards={"n": str(n)}, **fit)
        return one

    now = samples(1, newer("raw.txt"), "1", "2", "9")
    (one,) = found(now, samples(0, missing("x"), "1", "2", "3"))
    assert (one.jobs, one.claim) == (
        (0, 1),
        (
            "the outputs of 2 of 3 jobs of clean came out as the same bytes: the 2 jobs of fit ran "
            "for nothing (2.0 s)"
        ),
    )


def coded(day: int, code: str, reason: str = CODE) -> Why:
    one = a_run(day)
    sources(one, Snakefile="same")
    return one.ran(1, "sort", reason, makes=("out.txt",), code_digest=code)


def test_code_that_differs_in_each_run_of_the_same_files_is_drawn_anew() -> None:
    (one,) = found(coded(2, "c"), coded(1, "b"), coded(0, "a", missing("out.txt")))
    assert (one.kind, one.runs, one.certain) == ("drawn_anew", 3, False)
    assert one.claim == (
        "the code of sort is another text in each of the last 3 runs, though no recorded file of "
        "the workflow changed: drawn anew when the Snakefile is read"
    )
    assert kinds(coded(2, "a"), coded(1, "b"), coded(0, "a", missing("out.txt"))) == []


def test_a_log_that_is_an_input_is_no_changed_input() -> None:
    def logged(day: int, reason: str) -> Why:
        one = a_run(day)
        one.ran(2, "fit", missing("f.txt"), makes=("f.txt",), log=("logs/fit.log",))
        return one.ran(1, "sum", reason, reads=("logs/fit.log",), makes=("s.txt",))

    (one,) = found(logged(1, newer("logs/fit.log")), logged(0, missing("s.txt")))
    assert one.claim == (
        "logs/fit.log, an input of sum, is the file into which fit writes: newer whenever it "
        "is written"
    )


# -- temporary files -------------------------------------------------------------------------------


def first_part() -> Why:
    one = a_run(0)
    one.ran(2, "ruleA", missing("a.tmp"), makes=("a.tmp",), temp=("a.tmp",))
    return one.ran(
        *(3, "ruleB", f"{missing('b.txt')}; {made('a.tmp')}"),
        needs=(2,),
        reads=("a.tmp",),
        makes=("b.txt",),
    )


def second_part(**temp: tuple[str, ...]) -> Why:
    one = a_run(1)
    one.ran(2, "ruleA", missing("a.tmp"), makes=("a.tmp",), **temp)
    one.ran(3, "ruleB", made("a.tmp"), needs=(2,), reads=("a.tmp",), makes=("b.txt",))
    return one.ran(
        *(1, "ruleC", f"{missing('c.txt')}; {made('a.tmp', 'b.txt')}"),
        needs=(2, 3),
        reads=("a.tmp", "b.txt"),
        makes=("c.txt",),
    )


def test_a_temporary_file_made_again_for_one_more_job_is_named() -> None:
    (one,) = found(second_part(temp=("a.tmp",)), first_part())
    assert (one.kind, one.jobs, one.ran_in_vain) == ("temp_again", (2, 3), True)
    assert one.claim == (
        f"ruleB ran again because a.tmp is temp(), was removed when the run of {day_of(0)} UTC "
        "ended, and had to be made again for ruleC"
    )


def test_files_that_are_not_temporary_or_were_never_made_are_not() -> None:
    assert kinds(second_part(), first_part()) == []
    assert kinds(second_part(temp=("a.tmp",)), a_run(0)) == []


# -- leftovers -------------------------------------------------------------------------------------


def failing(status: str = "failed", *, keep: bool = True) -> Why:
    one = a_run(0, settings={"keep_incomplete": keep})
    one.planned(1, "half", missing("half.txt"), makes=("half.txt",))
    one.quick(1, 3, 3, 4, status=status)
    return one


def reading(day: int = 1) -> Why:
    return a_run(day).ran(
        1, "final", missing("final.txt"), reads=("half.txt",), makes=("final.txt",)
    )


def test_an_input_that_a_failed_job_left_is_named() -> None:
    (one,) = found(reading(), past_run(failing(), "failed"))
    assert (one.kind, one.jobs, one.files) == ("leftover", (1,), ("half.txt",))
    assert one.claim == (
        f"final read half.txt, which half left when it failed in the run of {day_of(0)} UTC "
        "(--keep-incomplete), and which was not made since"
    )


def test_an_input_that_was_made_since_or_was_not_left_is_not() -> None:
    since = a_run(1).ran(1, "half", missing("half.txt"), makes=("half.txt",))
    assert kinds(reading(2), since, past_run(failing(), "failed")) == []
    assert kinds(reading(), past_run(failing(keep=False), "failed")) == []
    assert kinds(reading(), past_run(failing("success"), "failed")) == []
    both = reading().ran(2, "half", missing("half.txt"), makes=("half.txt",))
    assert kinds(both, past_run(failing(), "failed")) == []


def test_what_failed_jobs_left_and_now_counts_as_up_to_date_is_named() -> None:
    idle = a_run(1)
    kept(idle, ("half", "half.txt"), ("other", "other.txt"))
    (one,) = found(idle, past_run(failing(), "failed"))
    assert (one.kind, one.jobs, one.rules) == ("leftover", (), ("half",))
    assert one.claim == (
        "half.txt counts as up to date, but half left it when it failed in the run of "
        f"{day_of(0)} UTC (--keep-incomplete), and it was not made since"
    )
    since = a_run(1).ran(1, "half", missing("half.txt"), makes=("half.txt",))
    later = a_run(2)
    kept(later, ("half", "half.txt"))
    assert kinds(later, since, past_run(failing(), "failed")) == []


def test_the_failed_jobs_of_one_rule_are_one_finding() -> None:
    before = a_run(0, settings={"keep_incomplete": True})
    now = a_run(1)
    for n in (1, 2):
        before.planned(
            n, "half", missing(f"{n}.half"), makes=(f"{n}.half",), wildcards={"n": str(n)}
        )
        before.quick(n, 3, 3, 4, status="failed")
    files = ("1.half", "2.half")
    now.ran(3, "sum", missing("sum.txt"), reads=files, makes=("sum.txt",))
    (one,) = found(now, past_run(before, "failed"))
    assert one.claim.startswith("sum read 1.half, 2.half, which half n=1, half n=2 left when they")
