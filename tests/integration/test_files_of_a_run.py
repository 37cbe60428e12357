"""Files that change while a run goes on: removed, or gone with a folder, before a job reads them."""

import json
from typing import Any

import pytest
from lab import BOTH, Lab, attempts_of

ALONE = (*BOTH, "--cores", "1", "--latency-wait", "1")


def findings(lab: Lab) -> list[dict[str, Any]]:
    """Return what triage finds in the newest run, but for missing logs and benchmarks."""
    answer = json.loads(lab.observe("triage", "--format", "json").stdout)
    return [one for one in answer["findings"] if one["incident_class"] != "missing_evidence"]


def removed(lab: Lab) -> dict[str, Any]:
    """Return the one finding about removed inputs of the newest run."""
    answer = json.loads(lab.observe("jobs", "--failed", "--format", "json").stdout)
    (found,) = answer["removed_inputs"]
    (incident,) = findings(lab)
    assert (incident["incident_class"], incident["claim"]) == ("removed_input", found["claim"])
    one: dict[str, Any] = found
    return one


PARENT = """
    rule all:
        input: "data/b.done"
    rule a:
        output:
            parent_dir=temp(directory("data/parent")),
            child_dir=temp(directory("data/parent/child")),
            done=temp("data/parent/child/a.done")
        shell: "mkdir -p {output.child_dir}; touch {output.child_dir}/a.done"
    rule b:
        input:
            child_dir="data/parent/child",
            done="data/parent/child/a.done"
        output: touch("data/b.done")
"""


def test_a_temporary_parent_folder_takes_what_it_holds_with_it(lab: Lab) -> None:
    lab.snakefile(PARENT + '        shell: "ls {input.child_dir}"')
    lab.snakemake(*ALONE, check=False)
    one = removed(lab)
    assert (one["how"], one["by"], one["certain"]) == ("folder_temp", "data/parent", True)
    assert one["files"] == ["data/parent/child", "data/parent/child/a.done"]
    assert one["claim"].endswith("data/parent is temp() and holds them")
    assert "were made by a in this run" in one["claim"]


def test_a_job_in_a_process_of_its_own_misses_it_too(lab: Lab) -> None:
    lab.snakefile(PARENT + "        run: print(input.child_dir)")
    lab.snakemake(*ALONE, check=False)
    one = removed(lab)
    assert (one["how"], one["by"], one["certain"]) == ("folder_temp", "data/parent", False)


def test_a_link_to_a_temporary_file_is_named_as_one(lab: Lab) -> None:
    lab.snakefile("""
        rule all:
            input: "c.txt"
        rule a:
            output: temp("tmp/big.txt")
            shell: "echo 1 > {output}"
        rule b:
            input: "tmp/big.txt"
            output: "res/x.txt"
            shell: "ln -sr {input} {output}"
        rule c:
            input: "res/x.txt"
            output: "c.txt"
            shell: "cp {input} {output}"
    """)
    lab.snakemake(*ALONE, check=False)
    one = removed(lab)
    assert (one["how"], one["by"], one["certain"]) == ("link_to_temp", "tmp/big.txt", True)


def test_a_job_that_moves_what_another_one_reads_is_named(lab: Lab) -> None:
    lab.snakefile("""
        rule all:
            input: "c.txt"
        rule a:
            output: "x.txt"
            shell: "echo 1 > {output}"
        rule b:
            input: "x.txt"
            output: "b.txt"
            shell: "mv {input} {output}"
        rule c:
            input: "x.txt", "b.txt"
            output: "c.txt"
            shell: "cat {input} > {output}"
    """)
    lab.snakemake(*ALONE, check=False)
    one = removed(lab)
    assert (one["how"], one["by"], one["certain"]) == ("command", "mv x.txt b.txt", False)


LOG_IN_OUTPUT = """
    rule all:
        input: "d"
    rule a:
        output: directory("d")
        log: "d/a.log"
        {more}
        shell: "mkdir -p d; echo no such sequence > {{log}}; exit 3"
"""


@pytest.mark.parametrize("flags", [BOTH, ("--logger", "observe")], ids=["timed", "logger alone"])
@pytest.mark.parametrize("retries", ["", "retries: 1", 'shadow: "minimal"'])
def test_a_log_that_snakemake_removes_with_its_folder_is_kept(
    lab: Lab, flags: tuple[str, ...], retries: str
) -> None:
    if retries.startswith("shadow") and "timed" not in flags:
        pytest.skip("only the process that runs the tool sees that log")
    lab.snakefile(LOG_IN_OUTPUT.format(more=retries))
    lab.snakemake(*flags, "--cores", "1", check=False)
    assert not (lab.folder / "d").exists()
    attempts = attempts_of(lab.run(), "a")
    assert [[one.lines for one in each.logs] for each in attempts] == [
        [("no such sequence",)] for each in attempts
    ]
    assert len(attempts) == (2 if "retries" in retries else 1)


def test_an_input_that_changes_while_it_is_read_is_said_now_and_in_the_runs_after(lab: Lab) -> None:
    lab.snakefile("""
        rule all:
            input: "out.txt"
        rule map:
            input: "ref.txt"
            output: "out.txt"
            # Once it has gone on for a while, its inputs are looked at; then it changes one.
            shell: "sleep 4; echo more >> ref.txt; sleep 0.2; cp {input} {output}"
    """)
    (lab.folder / "ref.txt").write_text("a\n")
    lab.snakemake(*ALONE)
    (one,) = findings(lab)
    assert one["incident_class"] == "input_changed"
    assert one["claim"] == (
        "input ref.txt was changed while map ran (2 → 7 bytes); its own command writes it "
        "(`echo more >> ref.txt`)"
    )
    told = lab.observe().stdout.split("\n\n")[1]
    assert told.startswith("input ref.txt was changed while map ran")
    lab.snakemake(*ALONE)
    said = lab.observe("why", "map").stdout
    assert "map counts as up to date, but ref.txt was changed while it was made" in said
    assert "--forcerun out.txt  # makes them again" in said
