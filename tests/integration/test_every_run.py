"""Runs that are not the first, full one: what each kind of answer says about them."""

import time
from collections.abc import Callable

import pytest
from daily_runs import HERE, SAMPLES, SUMS, alarms, answer, text
from lab import Lab


def scope(lab: Lab) -> tuple[str, str | None]:
    run = answer(lab, "cost")["run"]
    return run["scope"], run["resumes"] and run["resumes"]["status"]


# -- a sample is added; the table that names it is no input --------------------------------------------


def test_a_run_with_nothing_to_do_is_explained(samples: Lab) -> None:
    assert scope(samples) == ("full", None)
    samples.snakemake(*HERE)
    assert scope(samples) == ("nothing_to_do", None)
    reason = answer(samples, "why")["not_run"]
    assert (reason["kind"], reason["count"]) == ("up_to_date", 4)
    assert [(one["jobs"], one["status"]) for one in reason["made_by"]] == [(4, "success")]
    assert "Nothing ran: all 4 jobs were up to date: sim 2, all 1, collect 1." in text(
        samples, "why"
    )
    assert "sim sample=A did not run: it was up to date." in text(samples, "why", "sim sample=A")


def test_a_file_that_only_the_snakefile_reads_is_no_jobs_input(samples: Lab) -> None:
    (samples.folder / "samples.txt").write_text("A  B")
    samples.snakemake(*HERE)
    found = text(samples, "why", "samples.txt")
    assert "samples.txt is no job's input: no job of this workflow reads or makes it." in found


def test_an_added_sample_is_one_more_value_of_all_and_no_incident(samples: Lab) -> None:
    (samples.folder / "samples.txt").write_text("A B C")
    samples.snakemake(*HERE, *SUMS)
    assert scope(samples) == ("incremental", None)
    assert "2 more jobs of sim did not run: all were up to date." in text(samples, "why", "sim")
    first = samples.observe("why", "samples.txt").stdout.splitlines()[3]
    assert first == "samples.txt is no job's input: no job of this workflow reads or makes it."
    compared = answer(samples, "compare")
    claims = {one["id"]: one["claim"] for one in compared["findings"]}
    assert claims["discovery_widened"] == ("1 more job: 3 values of sample, not 2 (new: sample C)")
    assert not claims.keys() & {"discovery_narrowed", "steps_cut", "outputs_not_made", "up_to_date"}
    triaged = answer(samples, "triage")
    assert alarms(samples) == []
    assert triaged["planned"][0]["claim"] == (
        "3 jobs were planned to run, and 2 were up to date: 5 in all instead of 4 in the baseline: "
        "sim 3 instead of 2"
    )


def test_an_added_sample_that_fails_is_a_failure_first(samples: Lab) -> None:
    samples.snakefile(SAMPLES.replace("echo {w", "[ {wildcards.sample} != C ]; echo {w"))
    (samples.folder / "samples.txt").write_text("A B C")
    samples.snakemake(*HERE, "--rerun-triggers", "mtime", "input", check=False)
    first = answer(samples, "triage")["findings"][0]
    assert (first["incident_class"], first["strength"]) == ("tool_failure", "likely")


SPLIT = """
    SAMPLES = open("samples.txt").read().split()

    checkpoint split:
        output: directory("parts")
        shell: "mkdir -p parts; echo 1 | tee parts/1.txt > parts/2.txt"

    def parts(wildcards):
        found = checkpoints.split.get().output[0]
        return expand("sim/{s}_{i}", s=SAMPLES, i=glob_wildcards(found + "/{i}.txt").i)

    rule sim:
        input: "parts/{i}.txt"
        output: "sim/{s}_{i}"
        shell: "cp {input} {output}"

    rule all:
        default_target: True
        input: parts
        output: "all.txt"
        shell: "cat {input} > {output}"
"""


def test_a_checkpoint_that_was_up_to_date_is_not_gone(lab: Lab) -> None:
    lab.snakefile(SPLIT)
    (lab.folder / "samples.txt").write_text("A B")
    lab.snakemake(*HERE, *SUMS)
    (lab.folder / "samples.txt").write_text("A B C")
    lab.snakemake(*HERE, *SUMS)
    compared = answer(lab, "compare")
    assert compared["verdict"].startswith("more work: 3 values of s, not 2 (new: s C)")
    assert compared["work"]["rules_gone"] == []
    assert {one["kind"] for one in compared["findings"]} == {"neutral"}
    assert "split did not run: it was up to date." in text(lab, "why", "split")


# -- a failure, and the run that resumes it ---------------------------------------------------------------

HALF = """
    rule all:
        input: expand("out/{i}.txt", i=range(4))

    rule work:
        output: "out/{i}.txt"
        shell: "cat version.txt > {output}; [ {wildcards.i} != 3 ] || [ ! -e bad ]"
"""


def test_a_run_that_finishes_what_a_failed_one_left_is_a_resumed_run(lab: Lab) -> None:
    lab.snakefile(HALF)
    (lab.folder / "version.txt").write_text("1")
    lab.snakemake(*HERE)
    (lab.folder / "bad").touch()
    lab.snakemake(*HERE, "--keep-going", "-R", "work", check=False)
    counts = answer(lab, "cost")["run"]["jobs"]
    assert {name: counts[name] for name in ("planned", "done", "failed", "not_reached")} == {
        "planned": 5,
        "done": 3,
        "failed": 1,
        "not_reached": 1,
    }
    assert "all was not reached (1 job planned): the run failed before; work i=3 failed." in text(
        lab, "why", "all"
    )
    (lab.folder / "bad").unlink()
    lab.snakemake(*HERE)
    assert scope(lab) == ("resumed", "failed")
    reasons = answer(lab, "why")
    assert [(one["kind"], one["files"]) for one in reasons["roots"]] == [
        ("missing_output", ["out/3.txt"])
    ]
    assert [(one["jobs"], one["status"]) for one in reasons["not_run"]["made_by"]] == [
        (3, "failed")
    ]
    assert "1 job had failed in the run of" in text(lab, "why", "out/3.txt")
    of_the_rule = text(lab, "why", "work")
    assert "work i=3 has one root cause: out/3.txt was missing" in of_the_rule
    assert "3 more jobs of work did not run: all were up to date." in of_the_rule
    assert ", which failed: 3 jobs: work i=0, work i=1, work i=2" in of_the_rule
    of_a_file = text(lab, "why", "out/2.txt")
    assert "out/2.txt was not made: work i=2 did not run: it was up to date." in of_a_file
    assert alarms(lab) == []
    assert answer(lab, "compare")["same_work"] is True


MADE_BEFORE = """
    rule sum:
        input: expand("out/{i}.txt", i=range(3))
        output: "sum.txt"
        shell: "cat {input} > {output}"

    rule work:
        output: "out/{i}.txt"
        shell: "cat version.txt > {output}; [ {wildcards.i} != 2 ] || [ ! -e bad ]"
"""


def test_inputs_that_a_failed_run_made_are_said_to_be_its(lab: Lab) -> None:
    lab.snakefile(MADE_BEFORE)
    (lab.folder / "version.txt").write_text("1")
    lab.snakemake(*HERE)
    (lab.folder / "version.txt").write_text("2")
    (lab.folder / "bad").touch()
    lab.snakemake(*HERE, "--keep-going", "-R", "work", check=False)
    (lab.folder / "bad").unlink()
    lab.snakemake(*HERE)
    found = text(lab, "why")
    assert "were updated (read by sum)" in found
    assert "made by work in the run of" in found.partition(", which failed 1 job")[0]


# -- an input that is newer and no change ----------------------------------------------------------------


def test_a_touched_input_with_the_same_checksum_is_said_to_be_no_change(lab: Lab) -> None:
    lab.snakefile("""
        rule result:
            input: "raw.txt"
            output: "result.txt"
            shell: "cp {input} {output}"
    """)
    (lab.folder / "raw.txt").write_text("data")
    lab.snakemake(*HERE)
    (lab.folder / "raw.txt").write_text("data")
    lab.snakemake(*HERE)
    assert scope(lab) == ("nothing_to_do", None)
    assert (
        "raw.txt is newer than result.txt, but has the checksum that it had when result read it."
        in text(lab, "why")
    )


# -- runs that never got to a job ---------------------------------------------------------------------------


def test_a_run_that_failed_while_parsing_is_the_newest_and_knows_no_executor(lab: Lab) -> None:
    lab.snakefile(HALF)
    (lab.folder / "version.txt").write_text("1")
    lab.snakemake(*HERE)
    lab.snakefile(HALF + "\n    rule broken\n")
    lab.snakemake(*HERE, check=False)
    run = answer(lab, "cost")["run"]
    assert (run["status"], run["scope"], run["jobs"]["planned"]) == ("failed", None, None)
    changed = {one["what"] for one in answer(lab, "compare")["work"]["changes"]}
    assert not changed & {"Snakefile", "executor", "cores", "targets", "Snakemake"}


# -- the first screen after a failed run --------------------------------------------------------------------


FAILING = """
    rule all:
        input: expand("out/{patient}.txt", patient=["12", "13", "14"])

    rule align:
        output: "out/{patient}.txt"
        log: "logs/{patient}.log"
        shell:
            "if [ {wildcards.patient} = 13 ]; then"
            " echo truncated file > {log}; exit 1; fi; touch {output}"
"""


def test_the_line_at_a_failed_run_s_end_and_the_bare_command_begin_with_the_failure(
    lab: Lab,
) -> None:
    lab.snakefile(FAILING)
    done = lab.snakemake(*HERE, "--retries", "1", "--keep-going", check=False)
    failed = "FAILED: align patient=13: exit code 1 after 2 attempts: truncated file"
    (ours,) = [one for one in done.stderr.splitlines() if one.startswith("snakemake-observe: ")]
    assert ours == (
        f"snakemake-observe: {failed} · 2 of 4 jobs done, 1 failed, 1 not reached → "
        "snakemake-observe jobs --failed"
    )
    screen = text(lab)
    before, _, after = screen.partition(
        f"{failed} 2 of 4 jobs done, 1 failed, 1 not reached · 2 failures, retries included, cost "
    )
    assert before.startswith("run ")
    assert before.endswith(".jsonl ")
    to_do = "fix what align reported last (logs/13.log:1); if that is no error, run it again as"
    assert f"time What to do: {to_do}" in after
    assert "What to change:" not in screen


def test_the_line_at_the_end_names_the_journal_if_it_is_not_where_the_command_looks(
    lab: Lab,
) -> None:
    lab.snakefile(FAILING)
    done = lab.snakemake(*HERE, "--directory", "run", check=False)
    (ours,) = [one for one in done.stderr.splitlines() if one.startswith("snakemake-observe: ")]
    (journal,) = (lab.folder / "run/.snakemake/observe").glob("*.jsonl")
    assert ours.endswith(f"→ snakemake-observe jobs --failed {journal.relative_to(lab.folder)}")


def test_the_line_at_the_end_of_an_idle_run_counts_what_is_up_to_date(lab: Lab) -> None:
    lab.snakefile(HALF)
    (lab.folder / "version.txt").write_text("1")
    lab.snakemake(*HERE)
    done = lab.snakemake(*HERE)
    assert (
        "snakemake-observe: nothing to do: 5 jobs up to date → .snakemake/observe/" in done.stderr
    )


# -- a part of the workflow is no full run ---------------------------------------------------------

PARTS = """
    rule all:
        input: "b.txt", "qc.txt"

    rule a:
        output: "a.txt"
        shell: "echo a > {output}"

    rule b:
        input: "a.txt"
        output: "b.txt"
        shell: "cp {input} {output}"

    rule qc:
        output: "qc.txt"
        shell: "echo qc > {output}"
"""


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (("-F", "--until", "a"), "--until a left out jobs"),
        (("-F", "--omit-from", "qc"), "--omit-from qc left out jobs"),
        (("-F", "--", "a.txt"), "only a.txt was asked for"),
    ],
)
def test_limits_and_runbooks_come_from_runs_of_the_whole_workflow(
    lab: Lab, asked: tuple[str, ...], why: str
) -> None:
    lab.snakefile(PARTS)
    lab.snakemake(*HERE, *asked)
    proposed = lab.observe("check", "--init", "part.toml")
    assert "the newest run of all jobs" not in proposed.stdout
    limits = (lab.folder / "part.toml").read_text()
    assert f"No run of all jobs was found ({why} in this one)" in " ".join(limits.split())
    assert "jobs_planned" not in limits
    lab.snakemake(*HERE, "-F", "--", "all")
    lab.snakemake(*HERE, *asked)
    assert "the newest run of all jobs" in text(lab, "check", "--init", "whole.toml")
    assert "jobs_planned = 4" in (lab.folder / "whole.toml").read_text()
    judged = text(lab, "check", "whole.toml")
    assert why in judged
    assert "FAIL" not in judged
    assert "(4 typical)" in lab.observe("runbook", "--out", "-").stdout


def test_a_runbook_s_commands_force_nothing(lab: Lab) -> None:
    lab.snakefile(PARTS)
    lab.snakemake(*HERE, "-R", "a", "--until", "b")
    shown = lab.observe("runbook", "--out", "-").stdout
    assert "snakemake --rerun-incomplete --snakefile" in shown
    assert not {"--forcerun", "--until"} & set(shown.split())


# -- an input that was edited, with checksums --------------------------------------------------------------


@pytest.mark.parametrize("edited", ["2", "222"])
def test_an_edited_input_explains_the_outputs_that_differ(lab: Lab, edited: str) -> None:
    lab.snakefile("""
        rule all:
            input: "sum.txt", "apart.txt"
        rule work:
            input: "in.txt"
            output: "mid.txt"
            shell: "cp {input} {output}"
        rule sum:
            input: "mid.txt"
            output: "sum.txt"
            shell: "cp {input} {output}"
        rule apart:
            output: "apart.txt"
            shell: "echo 1 > {output}"
    """)
    (lab.folder / "in.txt").write_text("1")
    lab.snakemake(*HERE, *SUMS)
    (lab.folder / "in.txt").write_text(edited)
    lab.snakemake(*HERE, *SUMS)
    assert alarms(lab) == []
    compared = answer(lab, "compare")
    (why,) = compared["reasons"]
    assert why.startswith(
        ("in.txt was updated, and what is made from it differs", "the input data")
    )
    assert compared["same_work"] is None
    assert "nothing in the journals explains" not in text(lab, "compare")
    lab.snakemake(*HERE, *SUMS, "-F")
    assert alarms(lab) == []  # the baseline is the first run


# -- why what is asked about is none of this run's jobs ---------------------------------------------

SAMPLED = """
    import os
    SAMPLES = os.environ["SAMPLES"].split()

    rule all:
        input: "sum.txt"

    rule raw:
        output: "raw/{s}.txt"
        shell: "echo {wildcards.s} > {output}"

    rule align:
        input: "raw/{s}.txt"
        output: "align/{s}.txt"
        script: "align.py"

    rule sum:
        input: expand("align/{s}.txt", s=SAMPLES)
        output: "sum.txt"
        shell: "cat {input} > {output}"
"""


def why_text(lab: Lab, *words: str) -> str:
    """Return the answer of ``why``, without what it says of the run."""
    done = lab.observe("why", *words)
    assert done.returncode == 0, done.stderr
    return " ".join(done.stdout.split("\n\n", 1)[1].split())


def test_names_that_are_none_of_the_run_s_are_answered_from_earlier_runs(lab: Lab) -> None:
    script = lab.folder / "align.py"
    lab.snakefile(SAMPLED)
    script.write_text("boom\n")
    lab.snakemake(*HERE, check=False, SAMPLES="A C")
    assert why_text(lab, "sum.txt").startswith(
        "Unknown: sum.txt is no file of the jobs that the journal of this run describes. "
        "It may be of the jobs that were not reached: "
    )
    script.write_text("open(snakemake.output[0], 'w').write('1')\n")
    lab.snakemake(*HERE, SAMPLES="A C")
    script.write_text("open(snakemake.output[0], 'w').write('2')\n")
    lab.snakemake(*HERE, SAMPLES="A C")
    changed = why_text(lab, "align.py")
    assert changed.startswith("align.py is the script of align s=")
    assert "So the code of align changed, and its jobs ran again." in changed

    lab.snakemake(*HERE, SAMPLES="A")
    assert why_text(lab, "align", "s=C").startswith(
        "align s=C is no job of this run: its targets (all) do not need it. it was in the run of"
    )
    gone = why_text(lab, "raw/C.txt")
    assert gone.startswith("No job of this run makes raw/C.txt: its targets (all) do not need it.")
    assert "it was an output of raw s=C" in gone

    (lab.folder / "raw" / "A.txt").unlink()
    lab.snakemake(*HERE, SAMPLES="A")
    assert "raw/A.txt is not there now. Snakemake makes a missing file" in why_text(
        lab, "raw/A.txt"
    )

    lab.snakemake(*HERE, "-F", "--until", "align", SAMPLES="A")
    assert why_text(lab, "sum").startswith(
        "sum is no job of this run: --until align left out jobs."
    )

    lab.snakefile("boom(")
    lab.snakemake(*HERE, check=False)
    for name in ("align.py", "Snakefile", "sum", "other"):
        assert why_text(lab, name).startswith("Unknown: nothing is known of the jobs of this run")
    assert "it was in the run of" in why_text(lab, "align s=A")


# -- what was up to date, but was made by nobody who is known ----------------------------------------------

TWO_FILES = """
    rule all:
        input: "out.txt", "other.txt"
    rule work:
        input: "in.txt"
        output: "out.txt"
        shell: "cp {input} {output}"
    rule other:
        output: "other.txt"
        shell: "echo 1 > {output}"
"""


def without_a_journal(lab: Lab) -> None:
    (lab.folder / "in.txt").write_text("2")
    lab.snakemake("--cores", "2")


def by_hand(lab: Lab) -> None:
    (lab.folder / "out.txt").write_text("by hand")


def journal_removed(lab: Lab) -> None:
    (lab.folder / "in.txt").write_text("2")
    lab.snakemake(*HERE, *SUMS)
    max((lab.folder / ".snakemake/observe").glob("*.jsonl")).unlink()


@pytest.mark.parametrize("changed_by", [without_a_journal, by_hand, journal_removed])
def test_outputs_that_something_else_wrote_are_not_said_to_be_the_same(
    lab: Lab, changed_by: Callable[[Lab], None]
) -> None:
    lab.snakefile(TWO_FILES)
    (lab.folder / "in.txt").write_text("1")
    lab.snakemake(*HERE, *SUMS)
    assert lab.observe("check", "--init", "check.toml").returncode == 0
    time.sleep(1.1)
    changed_by(lab)
    lab.snakemake(*HERE, *SUMS)
    assert scope(lab) == ("nothing_to_do", None)
    compared = answer(lab, "compare")
    assert "checksums are those of A" not in compared["verdict"]
    assert compared["contents"]["unknown"] == ["out.txt"]
    (line,) = [one for one in answer(lab, "check", "check.toml")["lines"] if one["key"] == "sha256"]
    assert line["ok"] is None
    assert "since something without a journal here wrote their files" in text(lab, "why")


# -- what up-to-date jobs have not seen -------------------------------------------------------------

UNSEEN = """
    configfile: "c.yaml"

    rule o:
        input: ancient("data"), "mid.txt"
        output: "o.txt"
        script: "o.py"

    rule mid:
        output: "mid.txt"
        shell: "echo 1 > {output}"
"""


def test_what_up_to_date_jobs_have_not_seen_is_said(lab: Lab) -> None:
    (lab.folder / "c.yaml").write_text("beta: x\n")
    (lab.folder / "o.py").write_text("open(snakemake.output[0], 'w').write('1')\n")
    (lab.folder / "data").mkdir()
    lab.snakefile(UNSEEN)
    lab.snakemake(*HERE, *SUMS)

    (lab.folder / "c.yaml").write_text("beta: y\n")
    (lab.folder / "data" / "new").touch()
    lab.snakemake(*HERE, *SUMS)
    assert "data is newer than o.txt, but o reads it as ancient()" in text(lab, "why")
    assert "config beta changed, and o, mid did not run because of it" in text(lab, "triage")
    compared = text(lab, "compare")
    assert "mid, o were up to date, and did not see it" in compared
    assert "the outputs are the same bytes" not in compared

    lab.snakefile(UNSEEN.replace("echo 1", "echo 2"))
    lab.snakemake(*HERE, "--touch")
    assert "that were touched, and not made, have 1 root cause" in text(lab, "why")
    lab.snakemake(*HERE, *SUMS)
    assert "marked as new since by the --touch run of" in text(lab, "why", "mid.txt")
    assert "o, mid: marked as new by a --touch run, which made nothing" in text(lab, "triage")


def test_a_renamed_rule_s_output_is_known_to_be_made_under_the_old_name(lab: Lab) -> None:
    lab.snakefile(TWO_FILES)
    (lab.folder / "in.txt").write_text("1")
    lab.snakemake(*HERE)
    lab.snakefile(TWO_FILES.replace("rule work", "rule renamed"))
    lab.snakemake(*HERE)
    reason = answer(lab, "why", "out.txt")["not_run"]
    assert [(one["jobs"], one["journal"] is None) for one in reason["made_by"]] == [(1, False)]
    assert text(lab, "why").count("renamed") == 2
    assert "the others" not in text(lab, "why")


def test_what_a_run_whose_end_is_lost_may_have_made_is_said(lab: Lab) -> None:
    lab.snakefile(TWO_FILES)
    (lab.folder / "in.txt").write_text("1")
    journal = lab.new_run(*HERE)
    lines = journal.read_text().splitlines(True)
    kept = [one for one in lines if '"rule":"work"' not in one and '"run_finished"' not in one]
    journal.write_text("".join(kept))
    lab.snakemake(*HERE)
    assert "may have made what is of unknown origin: its journal has no end" in text(lab, "why")


# -- a leftover of --keep-incomplete was made whole since -------------------------------------------

LEFT = """
    rule all:
        input: "z.txt", "late.txt"

    rule x:
        output: "x.txt"
        shell: "echo part > {output}; test ! -e break_x; echo whole >> {output}"

    rule z:
        input: "x.txt"
        output: "z.txt"
        shell: "cp {input} {output}"

    rule late:
        output: "late.txt"
        shell: "test ! -e break_late; echo late > {output}"
"""


def test_outputs_that_were_made_of_a_leftover_differ_once_it_is_whole(lab: Lab) -> None:
    lab.snakefile(LEFT)
    (lab.folder / "break_x").touch()
    lab.snakemake(*HERE, *SUMS, "--keep-incomplete", "-k", check=False)
    lab.snakemake(*HERE, *SUMS, "--ignore-incomplete")
    (lab.folder / "break_x").unlink()
    (lab.folder / "break_late").touch()
    lab.snakemake(*HERE, *SUMS, "-F", "-k", check=False)
    (lab.folder / "break_late").unlink()
    lab.snakemake(*HERE, *SUMS)
    assert alarms(lab) == []
    compared = text(lab, "compare")
    assert "in A, x.txt was what a failed job had left (--keep-incomplete)" in compared
    assert "nothing in the journals explains" not in compared
