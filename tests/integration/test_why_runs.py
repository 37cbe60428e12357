"""``why`` on real runs: every reason that Snakemake gives, and its root cause."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lab import BOTH, Lab

# a.txt is read by two rules, whose outputs are joined; what comes of "first" is temporary.
_SNAKEFILE = """
    rule all:
        input: "joined.txt", "note.txt"

    rule first:
        input: "in.txt"
        output: temp("a.txt")
        shell: "cp {input} {output}"

    rule left:
        input: "a.txt"
        output: "left.txt"
        params: level=1
        shell: "cp {input} {output}"

    rule right:
        input: "a.txt"
        output: "right.txt"
        shell: "cp {input} {output}"

    rule join:
        input: "left.txt", "right.txt"
        output: "joined.txt"
        shell: "cat {input} > {output}"

    rule note:
        output: "note.txt"
        shell: "echo note > {output}"
"""


@pytest.fixture(scope="module")
def done(new_lab: Callable[[str], Lab]) -> Lab:
    """Return a folder in which everything was made once."""
    lab = new_lab("done")
    lab.snakefile(_SNAKEFILE)
    (lab.folder / "in.txt").write_text("1\n")
    lab.snakemake("--cores", "1", *BOTH)
    return lab


@pytest.fixture
def again(done: Lab, lab: Lab) -> Lab:
    """Return a copy of it: files as old as they are, and no journal but the first run's."""
    shutil.copytree(done.folder, lab.folder, dirs_exist_ok=True)
    return lab


def why_answer(lab: Lab, *words: str) -> dict[str, Any]:
    found = lab.observe("why", *words, "--format", "json")
    assert (found.returncode, found.stderr) == (0, "")
    answer: dict[str, Any] = json.loads(found.stdout)
    assert sum(one["jobs"] for one in answer["reasons"]) == answer["jobs"]
    return answer


def run_again(lab: Lab, *flags: str) -> dict[str, Any]:
    """Run once more, and return why, of the journal that it left."""
    before = set(lab.journals)
    lab.snakemake("--cores", "1", *BOTH, *flags)
    (journal,) = set(lab.journals) - before
    return why_answer(lab, str(journal))


def newest(lab: Lab) -> Path:
    """Return the newest journal: names of one second are in no order."""
    return max(lab.journals, key=os.path.getmtime)


def roots(answer: dict[str, Any]) -> dict[tuple[str, str], int]:
    """Return how many jobs go back to each cause, by its kind and first rule."""
    return {(one["kind"], one["rules"][0]["rule"]): one["jobs"] for one in answer["roots"]}


def reasons(answer: dict[str, Any]) -> dict[str, list[str]]:
    return {one["rule"]: one["kinds"] for one in answer["reasons"]}


def edit(lab: Lab, before: str, after: str) -> None:
    path = lab.folder / "Snakefile"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def test_the_root_cause_of_a_first_run_is_the_missing_targets(done: Lab) -> None:
    answer = why_answer(done)
    assert reasons(answer)["left"] == ["missing_output", "updated_by_job"]
    assert roots(answer) == {("missing_output", "join"): 6}
    (root,) = answer["roots"]
    assert sorted(root["files"]) == ["joined.txt", "note.txt"]
    assert answer["changed"] == {"baseline": None, "changes": []}


def test_a_touched_input_is_the_root_cause_of_everything_downstream(again: Lab) -> None:
    (again.folder / "in.txt").write_text("2\n")
    answer = run_again(again)
    assert roots(answer) == {("updated_input", "first"): 5}
    found = why_answer(again, "in.txt", str(newest(again)))["chain"]
    assert found["relation"] == "updated"


def test_changed_code_is_the_root_cause_of_a_remade_temporary_input(again: Lab) -> None:
    edit(again, 'output: "right.txt"\n    shell: "cp', 'output: "right.txt"\n    shell: "cp -p')
    answer = run_again(again)
    assert reasons(answer)["first"] == ["missing_output"]
    assert roots(answer)["code", "right"] == answer["jobs"]
    found = why_answer(again, "first", str(newest(again)))["chain"]
    steps = {one["rule"]: one for one in found["steps"]}
    assert [one["relation"] for one in steps["first"]["causes"]] == ["needed_by"]
    assert [one["kind"] for one in steps["right"]["causes"] if one["root"]] == ["code"]


def test_changes_since_the_baseline_are_listed(lab: Lab) -> None:
    lab.snakefile("rule all:\n    output: 'a.txt'\n    shell: 'echo 1 > {output}'\n")
    lab.snakemake("--cores", "1", *BOTH)
    edit(lab, "echo 1", "echo 2")
    answer = run_again(lab)
    changed = {(one["subject"], one["what"]): one for one in answer["changed"]["changes"]}
    assert changed["all", "code"]["jobs"] == 1
    assert [one["ref"][:2] for one in changed["all", "code"]["evidence"]] == ["A:", "B:"]
    assert answer["changed"]["baseline"] == str(min(lab.journals, key=os.path.getmtime))
    text = lab.observe("why").stdout
    assert "the code of all changed" in text
    assert "What changed since the run of " in text


def test_changed_params_are_shown_before_and_after(again: Lab) -> None:
    edit(again, "level=1", "level=2")
    answer = run_again(again)
    assert roots(answer)["params", "left"] == answer["jobs"]
    (root,) = [one for one in answer["roots"] if one["kind"] == "params"]
    assert root["text"].endswith("before: 1 now: 2")


def test_a_changed_set_of_inputs_is_a_root_cause(again: Lab) -> None:
    edit(again, 'input: "left.txt", "right.txt"', 'input: "left.txt"')
    answer = run_again(again)
    assert roots(answer) == {("input_set", "join"): 2}
    assert reasons(answer) == {"join": ["input_set"], "all": ["updated_by_job"]}


def test_a_forced_rule_is_the_root_cause_of_what_reads_its_output(again: Lab) -> None:
    answer = run_again(again, "--forcerun", "note")
    assert roots(answer) == {("forced", "note"): 2}


def test_everything_forced_is_one_cause(again: Lab) -> None:
    answer = run_again(again, "--forceall")
    assert roots(answer) == {("forced", "all"): 6}


def test_an_output_of_a_killed_run_is_incomplete(lab: Lab) -> None:
    lab.snakefile("""
        rule slow:
            output: "a.txt"
            shell: "echo 1 > {output}; test -e quick || sleep 600"

        rule after:
            input: "a.txt"
            output: "b.txt"
            shell: "cp {input} {output}"
    """)
    command = lab.command("--cores", "1", *BOTH, "b.txt")
    process = subprocess.Popen(
        command,
        cwd=lab.folder,
        env=lab.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 600
        while not (lab.folder / "a.txt").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    (lab.folder / "quick").touch()
    lab.snakemake("--unlock")
    answer = run_again(lab, "--rerun-incomplete", "b.txt")
    assert reasons(answer) == {"slow": ["incomplete"], "after": ["updated_by_job"]}
    assert roots(answer) == {("incomplete", "slow"): 2}


def test_jobs_found_by_a_checkpoint_have_its_root_cause(lab: Lab) -> None:
    lab.snakefile("""
        rule all:
            input: "joined.txt"

        checkpoint split:
            input: "in.txt"
            output: directory("parts")
            shell: "mkdir -p parts; for i in $(cat {input}); do echo $i > parts/$i.txt; done"

        rule work:
            input: "parts/{i}.txt"
            output: "done/{i}.txt"
            shell: "cp {input} {output}"

        def collected(wildcards):
            folder = checkpoints.split.get().output[0]
            return expand("done/{i}.txt", i=glob_wildcards(folder + "/{i}.txt").i)

        rule join:
            input: collected
            output: "joined.txt"
            shell: "cat {input} > {output}"
    """)
    (lab.folder / "in.txt").write_text("a b\n")
    lab.snakemake("--cores", "1", *BOTH)
    assert roots(why_answer(lab)) == {("missing_output", "join"): 5}
    (lab.folder / "in.txt").write_text("a b c\n")
    answer = run_again(lab)
    assert roots(answer)["updated_input", "split"] == answer["jobs"]
    found = why_answer(lab, "work i=c", str(newest(lab)))["chain"]
    assert [one["relation"] for one in found["steps"][0]["causes"]] == [
        *("needed_by", "made_by", "brought_by"),
    ]
    assert [one["kind"] for one in found["roots"]] == ["updated_input"]


def test_a_dry_run_s_journal_shows_why_jobs_would_run(again: Lab) -> None:
    edit(again, "level=1", "level=3")
    before = set(again.journals)
    again.snakemake("--cores", "1", "--logger", "observe", "--dry-run")
    (journal,) = set(again.journals) - before
    answer = why_answer(again, str(journal))
    assert (answer["planned"], answer["time_s"]) == (True, 0.0)
    assert roots(answer) == {("params", "left"): 5}
    text = again.observe("why", str(journal)).stdout
    assert "The 5 jobs that would run have 1 root cause" in text
    assert "1 → 3" in text


def test_a_run_with_nothing_to_do_is_reported_as_up_to_date(again: Lab) -> None:
    before = set(again.journals)
    again.snakemake("--cores", "1", *BOTH)
    (journal,) = set(again.journals) - before
    found = again.observe("why", str(journal))
    assert found.returncode == 0
    assert "Nothing ran: all 6 jobs were up to date" in found.stdout


def test_a_rule_without_output_always_runs(lab: Lab) -> None:
    lab.snakefile("rule all:\n    shell: 'true'\n")
    lab.snakemake("--cores", "1", *BOTH)
    assert roots(why_answer(lab)) == {("no_output", "all"): 1}


def test_why_works_with_the_logger_alone(lab: Lab) -> None:
    lab.snakefile(_SNAKEFILE)
    (lab.folder / "in.txt").write_text("1\n")
    lab.snakemake("--cores", "1", "--logger", "observe")
    assert roots(why_answer(lab)) == {("missing_output", "join"): 6}


def test_a_file_of_no_job_is_refused(done: Lab) -> None:
    found = done.observe("why", "joind.txt")
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr.count("\n") == 1
    assert "similar: joined.txt" in found.stderr


def test_the_root_cause_of_a_pipes_writer_is_its_reader(lab: Lab) -> None:
    lab.snakefile("""
        rule reader:
            input: "a.fifo"
            output: "b.txt"
            shell: "cat {input} > {output}"

        rule filler:
            output: pipe("a.fifo")
            shell: "echo 1 > {output}"
    """)
    lab.snakemake("--cores", "2", *BOTH)
    run = lab.run()
    assert sorted(job.rule for job in run.jobs.values()) == ["filler", "reader"]
    assert roots(why_answer(lab)) == {("missing_output", "reader"): 2}
