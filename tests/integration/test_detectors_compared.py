"""Detectors that compare a run with a baseline, with real runs: what fires, and what must not."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from lab import BOTH, Lab

pytestmark = pytest.mark.slow

HERE = ("--cores", "3", "--forceall", "--logger-observe-outputs", "checksums")

TOOLS = """
rule all:
    input: expand("out/{n}.txt", n=range(3))

rule other:
    input: "raw/{n}.txt"
    output: "mid/{n}.txt"
    log: "logs/other/{n}.log"
    benchmark: "benchmarks/other/{n}.txt"
    shell: "cp {input} {output} 2> {log}"

rule work:
    input: "mid/{n}.txt"
    output: "out/{n}.txt"
    log: "logs/work/{n}.log"
    benchmark: "benchmarks/work/{n}.txt"
    params: text=config.get("text", "a")
    shell: "echo begun > {log}; sh tool.sh {input} {params.text} > {output} 2>> {log}"
"""
QUICK = "sleep 0.2; echo $2\n"
BY_SIZE = "sleep $(($(wc -c < $1) / 2)); echo $2\n"


def observed_run(lab: Lab, *words: str, check: bool = True, **environment: str) -> Path:
    """Run Snakemake with both plugins, and return the run's journal."""
    return lab.new_run(*BOTH, *HERE, *words, check=check, **environment)


def triaged(lab: Lab, after: Path, before: Path) -> dict[str, Any]:
    """Return what triage answers of *after*; each journal's line that it cites is looked up."""
    done = lab.observe("triage", str(after), "--baseline", str(before), "--format", "json")
    assert done.returncode == 0, done.stderr
    answer = dict(json.loads(done.stdout))
    for one in (e for finding in answer["findings"] for e in finding["evidence"]):
        name, _colon, number = one["ref"].rpartition(":")
        if one["kind"] == "journal":
            assert Path(answer["journals"][name]).read_text().splitlines()[int(number) - 1]
        else:
            assert (lab.folder / (name or one["ref"])).exists()
    return answer


def classes(answer: dict[str, Any]) -> list[str]:
    return [one["incident_class"] for one in answer["findings"]]


def data(lab: Lab, size: int) -> None:
    (lab.folder / "raw").mkdir(exist_ok=True)
    for n in range(3):
        (lab.folder / "raw" / f"{n}.txt").write_text("x" * size)


@pytest.fixture
def tools(lab: Lab) -> Lab:
    lab.snakefile(TOOLS)
    (lab.folder / "tool.sh").write_text(QUICK)
    data(lab, 2)
    return lab


def test_a_tool_that_got_slower_is_named_and_a_rule_that_waits_is_not(tools: Lab) -> None:
    before = observed_run(tools)
    waits = observed_run(tools, "--cores", "1", "--set-threads", "work=1")
    assert "slow_tool" not in classes(triaged(tools, waits, before))
    (tools.folder / "tool.sh").write_text("sleep 6; echo $2\n")
    answer = triaged(tools, observed_run(tools), before)
    first = answer["findings"][0]
    assert (first["id"], first["strength"]) == ("slow_tool:work", "certain")
    assert "the tool of work took" in first["claim"]
    assert "rule_compute_s.work" in first["check"]


def test_tools_that_are_all_slower_alike_point_to_the_machine(lab: Lab) -> None:
    """What the tools wait for here is no input of theirs, as another machine's load is none."""
    lab.snakefile("""
        rule all:
            input: "b.txt"

        rule one:
            output: "a.txt"
            log: "a.log"
            benchmark: "a.tsv"
            shell: "sh machine.sh > {output} 2> {log}"

        rule other:
            input: "a.txt"
            output: "b.txt"
            log: "b.log"
            benchmark: "b.tsv"
            shell: "sh machine.sh > {output} 2> {log}"
    """)
    (lab.folder / "machine.sh").write_text("sleep 1; echo done\n")
    before = observed_run(lab)
    (lab.folder / "machine.sh").write_text("sleep 5; echo done\n")
    first = triaged(lab, observed_run(lab), before)["findings"][0]
    assert (first["id"], first["strength"]) == ("slow_host", "likely")
    assert first["claim"].startswith("the tools of all 2 rules took ")


def test_a_tool_with_larger_inputs_is_not_a_slow_tool(tools: Lab) -> None:
    (tools.folder / "tool.sh").write_text(BY_SIZE)
    before = observed_run(tools)
    data(tools, 16)
    answer = triaged(tools, observed_run(tools), before)
    assert "slow_tool" not in classes(answer)
    assert any("slower than the baseline" in one["claim"] for one in answer["symptoms"])


def test_a_changed_helper_is_drift_and_a_changed_param_is_not(tools: Lab) -> None:
    before = observed_run(tools)
    other = observed_run(tools, "--config", "text=b")
    assert "environment_drift" not in classes(triaged(tools, other, before))
    (tools.folder / "tool.sh").write_text("sleep 0.2; echo drifted\n")
    first = triaged(tools, observed_run(tools), before)["findings"][0]
    assert first["incident_class"] == "environment_drift"
    assert "although nothing recorded of work and its inputs changed" in first["claim"]


def test_a_random_tool_is_possible_drift_to_be_confirmed_by_a_second_run(tools: Lab) -> None:
    (tools.folder / "tool.sh").write_text("date +%N\n")
    before = observed_run(tools)
    first = triaged(tools, observed_run(tools), before)["findings"][0]
    assert (first["incident_class"], first["strength"]) == ("environment_drift", "possible")


PICKY = """
rule all:
    output: "out.txt"
    log: "logs/all.log"
    benchmark: "benchmarks/all.txt"
    shell: 'test -n "${{SITE:-}}" || {{ echo no site > {log}; exit %s; }}; echo made > {log}; echo 1 > {output}'
"""


def profile(lab: Lab, name: str) -> tuple[str, str]:
    (lab.folder / name).mkdir(exist_ok=True)
    (lab.folder / name / "config.yaml").write_text("printshellcmds: true\n")
    return ("--profile", name)


def test_a_job_that_passed_in_another_profile_met_a_stricter_context(lab: Lab) -> None:
    lab.snakefile(PICKY % 3)
    before = observed_run(lab, *profile(lab, "desk"), SITE="1")
    strict = observed_run(lab, *profile(lab, "strict"), check=False)
    first = triaged(lab, strict, before)["findings"][0]
    assert first["incident_class"] == "stricter_context"
    assert "desk → strict" in first["claim"]
    same = observed_run(lab, *profile(lab, "desk"), check=False)
    assert "stricter_context" not in classes(triaged(lab, same, before))
    lab.snakefile(PICKY % 4)
    rewritten = observed_run(lab, *profile(lab, "strict"), check=False)
    assert "stricter_context" not in classes(triaged(lab, rewritten, before))


def test_a_failed_job_s_evidence_is_from_its_own_run(lab: Lab) -> None:
    """It wrote no benchmark, and its log was overwritten: the files there are from other runs."""
    lab.snakefile(PICKY % 3)
    before = observed_run(lab, SITE="1")
    failed = observed_run(lab, check=False)

    def excerpts() -> dict[str, tuple[str | None, str | None]]:
        quotes = triaged(lab, failed, before)["files"]
        return {one["path"]: (one["text"], one["problem"]) for one in quotes}

    earlier = (None, "it was written before this run began")
    later = (None, "it was written after the next run here began")
    assert excerpts() == {"logs/all.log": ("no site", None), "benchmarks/all.txt": earlier}
    observed_run(lab, SITE="1")
    assert excerpts() == {"logs/all.log": later, "benchmarks/all.txt": later}
    assert lab.observe("triage", str(failed), "--save", "kept").returncode == 0
    assert not (lab.folder / "kept" / "files").exists()
    index = (lab.folder / "kept" / "INDEX.txt").read_text()
    assert "not saved: logs/all.log log of all: it was written after the next run" in index


LATE = """
rule all:
    output: "out.txt"
    log: "logs/all.log"
    benchmark: "benchmarks/all.txt"
    shell: "echo made > {log}; %s"
"""
SOON = "setsid sh -c 'sleep 10; echo 1 > {output}' > /dev/null 2>&1 < /dev/null &"


def test_late_outputs_are_distinguished_from_missing_ones(lab: Lab) -> None:
    lab.snakefile(LATE % SOON.replace("sleep 10; echo 1 > {output}", "echo 1 > {output}"))
    before = observed_run(lab, "--latency-wait", "5")
    lab.snakefile(LATE % SOON)
    late = observed_run(lab, "--latency-wait", "1", check=False)
    assert classes(triaged(lab, late, before))[0] != "late_outputs"  # not there yet
    while not (lab.folder / "out.txt").exists():
        time.sleep(0.1)
    first = triaged(lab, late, before)["findings"][0]
    assert first["incident_class"] == "late_outputs"
    assert "did not appear within the 1 s of --latency-wait" in first["claim"]
    lab.snakefile(LATE % "true")
    never = observed_run(lab, "--latency-wait", "1", check=False)
    assert "late_outputs" not in classes(triaged(lab, never, before))
    lab.snakefile(LATE % "echo 1 > {output}")
    observed_run(lab)
    assert "late_outputs" not in classes(triaged(lab, never, before))  # a later run made it
