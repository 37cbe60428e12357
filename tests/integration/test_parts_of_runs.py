"""Runs of a part of the work, dry runs, and runs of which not all was recorded."""

import textwrap

import pytest
from daily_runs import HERE, SAMPLES, SUMS, answer, text
from lab import Lab
from pairs import verdict


def test_a_dry_run_whose_jobs_were_done_since_is_not_the_plan_of_a_later_run(samples: Lab) -> None:
    (samples.folder / "samples.txt").write_text("A B C")
    samples.snakemake(*HERE, "-n")
    samples.snakemake(*HERE)
    assert "a dry run before the run planned 3 jobs" in text(samples, "triage")
    samples.snakemake(*HERE)
    assert "dry run" not in text(samples, "triage")


@pytest.mark.parametrize("part", [("--omit-from", "collect"), ("--until", "sim")])
def test_the_rest_of_the_work_is_no_unsafe_change(lab: Lab, part: tuple[str, ...]) -> None:
    lab.snakefile(SAMPLES)
    (lab.folder / "samples.txt").write_text("A B")
    one = lab.new_run(*HERE, *part)
    two = lab.new_run(*HERE)
    compared = answer(lab, "compare", str(one), str(two))
    assert verdict(compared).startswith("the same plan and more")
    assert {one["kind"] for one in compared["findings"]} == {"neutral"}


def test_two_parts_of_the_work_have_no_lengths_to_compare(lab: Lab) -> None:
    lab.snakefile(
        SAMPLES.replace(
            '"summary.txt"\n\n    rule sim',
            'expand("sim/{s}.txt", s=SAMPLES), "k"\n\n    rule k:\n        output: "k"\n        shell: "touch k"\n\n    rule sim',
        )
    )
    (lab.folder / "samples.txt").write_text("A B C")
    lab.snakemake(*HERE)
    one = lab.new_run(*HERE, "-R", "sim")
    (lab.folder / "samples.txt").write_text("A B")
    two = lab.new_run(*HERE, "-R", "sim")
    speed = answer(lab, "compare", str(one), str(two))["speed"]
    assert (speed["verdict"], speed["why_not"]) == (None, "B ran 3 of 4 jobs, A 4 of 5")


def test_without_the_timed_executor_no_phases_are_compared(samples: Lab) -> None:
    samples.snakemake("--logger", "observe", "--cores", "2", "-F")
    compared = answer(samples, "compare")
    speed = compared["speed"]
    assert (speed["untimed"], speed["by_class_s"], speed["moved"]) == ("B", {}, [])
    assert "what the time went to: unknown of B (no --executor timed)" in text(samples, "compare")
    changed = {one["what"]: one["after"] for one in compared["work"]["changes"]}
    assert changed.get("command line") == "-F"


def test_what_a_failed_job_did_not_make_is_not_said_to_lack_a_checksum(samples: Lab) -> None:
    (samples.folder / "Snakefile").write_text(
        textwrap.dedent(SAMPLES).replace("cat {input}", "test -e ok; cat {input}")
    )
    samples.snakemake(*HERE, *SUMS, "-F", check=False)
    contents = answer(samples, "compare")["contents"]
    assert (contents["unknown"], contents["missing"]) == ([], ["summary.txt"])
    assert "without a checksum" not in text(samples, "compare")


@pytest.mark.parametrize("given", ['""', "${NO_FOLDER}"])
def test_an_empty_folder_name_is_as_if_it_was_not_given(lab: Lab, given: str) -> None:
    lab.snakefile('rule all:\n    output: "o"\n    shell: "touch {output}"\n')
    profile = lab.folder / "profile"
    profile.mkdir()
    (profile / "config.yaml").write_text(
        f"logger: observe\nlogger-observe-dir: {given}\ncores: 1\n"
    )
    lab.snakemake("--profile", "profile", NO_FOLDER="")
    lab.snakemake(*HERE, "-F", "--logger-observe-dir", "")
    assert len(lab.journals) == 2
    assert not [*profile.glob("*.jsonl"), *lab.folder.glob("*.jsonl")]
