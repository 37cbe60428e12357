"""Real runs whose jobs run again each time, or for nothing: why, and what to do."""

import json
import time
from typing import Any

import pytest
from daily_runs import OF_SPEED
from lab import BOTH, REPO, Lab
from pairs import verdict

SUMS = ("--logger-observe-outputs", "checksums")


def run(lab: Lab, *flags: str, check: bool = True) -> None:
    """Run Snakemake; then wait until files and journals of the next second are newer."""
    lab.snakemake("--cores", "2", *BOTH, *flags, check=check)
    time.sleep(1.1)


def why(lab: Lab, *what: str) -> list[dict[str, Any]]:
    """Return what the runs before show, of the newest run."""
    found = lab.observe("why", *what, "--format", "json")
    assert (found.returncode, found.stderr) == (0, "")
    reruns: list[dict[str, Any]] = json.loads(found.stdout)["reruns"]
    return reruns


def incidents(lab: Lab) -> list[str]:
    found = lab.observe("triage", "--format", "json")
    assert (found.returncode, found.stderr) == (0, "")
    classes = (one["incident_class"] for one in json.loads(found.stdout)["findings"])
    return [one for one in classes if one not in {"missing_evidence", *OF_SPEED}]


def test_a_temporary_folder_in_params_is_drawn_anew_each_time(lab: Lab) -> None:
    lab.snakefile(
        """
        import tempfile
        rule all:
            input: expand("out/{s}", s=["a", "b"])
        rule sort:
            output: "out/{s}"
            params: tmpdir=tempfile.mkdtemp(prefix="srt-", dir=".")
            shell: "sort -T {params.tmpdir} /dev/null > {output}"
        """
    )
    run(lab, *SUMS)
    assert why(lab) == []
    run(lab, *SUMS)
    assert [one["kind"] for one in why(lab)] == ["same_bytes"]
    assert incidents(lab) == []
    run(lab, *SUMS)
    (one,) = why(lab)
    assert (one["kind"], one["runs"], one["same_bytes"]) == ("drawn_anew", 3, True)
    assert one["claim"].startswith("param tmpdir of sort is another value in each of the last 3")
    assert one["values"].count("srt-") == 3
    assert incidents(lab) == ["same_rerun"]
    assert "drawn anew, not changed" in lab.observe("why", "sort").stdout
    first_screen = " ".join(lab.observe().stdout.split())
    assert "3 of 3 jobs ran again, the same bytes, " in first_screen
    assert "What to do: move it out of params" in first_screen
    assert "What to change" not in first_screen


def test_a_set_in_params_has_another_order_each_time(lab: Lab) -> None:
    lab.snakefile(
        """
        NAMES = {"common", "tutorial", "hydro", "cutouts", "buildings", "stats"}
        rule retrieve:
            output: "done"
            params: names=list(NAMES), sizes={name: len(name) for name in NAMES}
            shell: "echo {params.names} > {output}"
        """
    )
    for seed in ("1", "2", "3"):
        lab.snakemake("--cores", "1", *BOTH, PYTHONHASHSEED=seed, PYTHONPATH=str(REPO))
        time.sleep(1.1)
    (one,) = why(lab)
    assert one["kind"] == "reordered"
    assert one["claim"] == (
        "params names and sizes of retrieve: the same items in another order, in each of the last "
        "3 runs"
    )
    assert incidents(lab) == ["same_rerun"]


def test_a_folder_that_the_workflow_writes_into_is_newer_after_each_run(lab: Lab) -> None:
    lab.snakefile(
        """
        rule all:
            input: "results/c1/m.txt", "results/report.txt"
        rule matrix:
            input: "results"
            output: "results/c1/m.txt"
            shell: "echo 1 > {output}"
        rule report:
            input: "results/c1/m.txt"
            output: "results/report.txt"
            shell: "cat {input} > {output}"
        """
    )
    (lab.folder / "results").mkdir()
    time.sleep(1.1)
    for _ in range(2):
        run(lab, *SUMS)
    (one,) = why(lab, "results")
    assert (one["kind"], one["same_bytes"]) == ("own_folder", True)
    assert "the folder into which matrix and report write" in one["claim"]


def test_a_temporary_file_is_made_again_for_one_more_job(lab: Lab) -> None:
    lab.snakefile(
        """
        rule all:
            input: "res_c.txt"
        rule ruleA:
            output: temp("res_a.tmp")
            shell: "date > {output}"
        rule ruleB:
            input: "res_a.tmp"
            output: "res_b.txt"
            shell: "cp {input} {output}"
        rule ruleC:
            input: "res_a.tmp", "res_b.txt"
            output: "res_c.txt"
            shell: "cat {input} > {output}"
        """
    )
    run(lab, "--until", "ruleB")
    run(lab)
    (one,) = why(lab)
    assert one["kind"] == "temp_again"
    assert one["claim"].startswith("ruleB ran again because res_a.tmp is temp(), was removed when")
    assert one["claim"].endswith("ended, and had to be made again for ruleC")
    assert incidents(lab) == ["temp_made_again"]
    compared = json.loads(lab.observe("compare", "--format", "json").stdout)
    assert verdict(compared).startswith("the same plan and more")


CALLED = """
    rule all:
        input: expand({targets}, s=["A", "B"])
    rule align:
        output: temp("{{s}}.bam")
        shell: "echo {{wildcards.s}} > {{output}}"
    rule call:
        input: "{{s}}.bam"
        output: "{{s}}.called"
        shell: "cp {{input}} {{output}}"
    rule stats:
        input: "{{s}}.bam"
        output: "{{s}}.stats"
        shell: "cp {{input}} {{output}}"
"""


def test_a_rule_that_came_later_made_the_temporary_files_again(lab: Lab) -> None:
    lab.snakefile(CALLED.format(targets='["{s}.called"]'))
    run(lab)
    lab.snakefile(CALLED.format(targets='["{s}.called", "{s}.stats"]'))
    run(lab)
    (one,) = why(lab)
    assert one["claim"].startswith(
        "call s=A, call s=B ran again because A.bam, B.bam are temp(), were removed when"
    )
    assert incidents(lab) == ["temp_made_again"]
    chain = " ".join(lab.observe("why", "call").stdout.split())
    assert "its output A.bam was missing, needed by stats s=A" in chain
    compared = json.loads(lab.observe("compare", "--format", "json").stdout)
    assert {one["kind"] for one in compared["findings"]} == {"neutral"}


def test_what_a_failed_job_left_was_read(lab: Lab) -> None:
    lab.snakefile(
        """
        rule all:
            input: "final.txt"
        rule failtest:
            output: "fail.txt"
            shell: "echo half > {output}; [ -e ok ] || exit 1; echo whole > {output}"
        rule final:
            input: "fail.txt"
            output: "final.txt"
            shell: "cp {input} {output}"
        """
    )
    run(lab, "--keep-incomplete", check=False)
    (lab.folder / "ok").touch()
    run(lab)
    assert (lab.folder / "final.txt").read_text() == "half\n"
    (one,) = why(lab, "fail.txt")
    assert one["claim"].startswith("final read fail.txt, which failtest left when it failed in the")
    assert incidents(lab) == ["leftover_input"]
    assert lab.observe().stdout.splitlines()[4].startswith("final read fail.txt, which failtest")
    run(lab)  # nothing to do
    (one,) = why(lab, "failtest")
    assert one["claim"].startswith("fail.txt counts as up to date, but failtest left it when it")
    assert incidents(lab) == ["leftover_input"]
    run(lab, "--forcerun", "failtest")  # the fix
    assert (lab.folder / "final.txt").read_text() == "whole\n"
    assert why(lab) == []


@pytest.fixture
def fitted(lab: Lab) -> Lab:
    """Return a folder in which a file was cleaned and fitted, and then got another comment."""
    lab.snakefile(
        """
        rule all:
            input: expand("fit/{i}.txt", i=range(2))
        rule prepare:
            input: "raw.txt"
            output: "clean.txt"
            shell: "grep -v '^#' {input} > {output}"
        rule fit:
            input: "clean.txt"
            output: "fit/{i}.txt"
            shell: "cp {input} {output}"
        """
    )
    (lab.folder / "raw.txt").write_text("# v1\n1\n")
    run(lab, *SUMS)
    (lab.folder / "raw.txt").write_text("# v2: a comment\n1\n")
    return lab


def test_jobs_below_one_that_made_the_same_bytes_ran_for_nothing(fitted: Lab) -> None:
    run(fitted, *SUMS)
    (one,) = why(fitted)
    assert (one["kind"], one["jobs"]) == ("same_bytes", 2)
    assert one["claim"].startswith("clean.txt came out as the same bytes: the 2 jobs of fit ran ")
    assert incidents(fitted) == ["same_rerun"]
    changed = fitted.observe("why").stdout
    assert "data of raw.txt: 7 bytes → 18 bytes" in changed
    compared = json.loads(fitted.observe("compare", "--format", "json").stdout)
    assert "the same work (outputs' checksums equal)" in compared["verdict"]  # at whatever speed
    assert compared["same_work"] is True


def test_its_fix_leaves_them_alone(fitted: Lab) -> None:
    run(fitted, *SUMS, "--until", "prepare")
    done = fitted.snakemake("--cores", "2", *BOTH)
    assert "Nothing to be done" in done.stderr + done.stdout


def test_an_edited_script_that_is_an_input_is_code(lab: Lab) -> None:
    lab.snakefile(
        """
        rule count:
            input: "count.sh", "in.txt"
            output: "n.txt"
            shell: "bash {input[0]} {input[1]} > {output}"
        """
    )
    script = lab.folder / "count.sh"
    script.write_text("wc -l < $1\n")
    (lab.folder / "in.txt").write_text("1\n")
    run(lab)
    script.write_text("wc -c < $1\n")
    run(lab)
    (one,) = why(lab)
    assert (one["kind"], one["claim"]) == (
        "edited_script",
        "the code of count changed: count.sh, which is declared as an input",
    )


def test_strict_mode_taken_away_is_a_finding_of_compare(lab: Lab) -> None:
    rule = 'rule one:\n    output: "one.txt"\n    shell: "echo 1 | cat > {output}"\n'
    lab.snakefile(rule)
    run(lab)
    lab.snakefile(f'shell.prefix("true; ")\n{rule}')
    run(lab, "--forceall")
    found = lab.observe("compare", "--format", "json")
    findings = {one["id"]: one["kind"] for one in json.loads(found.stdout)["findings"]}
    assert findings["strict_mode_lost"] == "unsafe"


GENES = """
    configfile: "c.yaml"
    rule work:
        output: "{s}.txt"
        params: genes=config["genes"], factor=open("factor.txt").read().strip()
        shell: "echo {params.genes} {params.factor} > {output}"
"""


def test_what_was_edited_on_purpose_is_no_rerun_that_comes_again(lab: Lab) -> None:
    lab.snakefile(GENES)
    (lab.folder / "factor.txt").write_text("10")
    (lab.folder / "c.yaml").write_text("genes: [x, y]")
    run(lab, "a.txt")
    run(lab, "a.txt")
    (lab.folder / "c.yaml").write_text("genes: [y, x]")
    run(lab, "a.txt")
    assert (why(lab), incidents(lab)) == ([], [])
    for factor in ("20", "30", "40"):
        (lab.folder / "factor.txt").write_text(factor)
        run(lab, "a.txt")
    assert (why(lab), incidents(lab)) == ([], [])
