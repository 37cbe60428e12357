"""A day with one workflow, run by run, and what each command says of each run."""

import json
import os
import signal
from dataclasses import dataclass
from typing import Any

import pytest
from daily_runs import alarms
from harness import started, wait_until
from lab import BOTH, Lab

HERE = (*BOTH, "--cores", "2", "--logger-observe-outputs", "checksums")
ALARMS = ("escalate", "Traceback", "discovery", " gone:", "rule gone", "not allowed")
"""Words that no answer about a day without incidents contains."""
WORKFLOW = """
    configfile: "config.yaml"

    rule all:
        input: "report.txt"

    rule align:
        input: "{sample}.fq"
        output: "bam/{sample}.bam"
        params: extra=config["extra"]
        priority: 1  # so that all are done before one waits in count
        shell: "echo {params.extra} > {output}; cat {input} >> {output}"

    rule count:
        input: "bam/{sample}.bam"
        output: "count/{sample}.txt"
        shell: "cat wait; wc -c < {input} > {output}"

    rule report:
        input: expand("count/{sample}.txt", sample=config["samples"])
        output: "report.txt"
        shell: "cat {input} > {output}"
"""


@dataclass(frozen=True)
class Answers:
    """What the commands say of one run, each in one line."""

    cost: str
    why: str
    compare: str
    triage: str
    facts: dict[str, Any]
    """The run, from the JSON of ``cost``."""
    alarms: list[str]
    """What triage finds, but for what depends on how busy the machine is."""
    end: str = ""
    """The line at the run's end."""

    @property
    def scope(self) -> tuple[str, str | None]:
        return self.facts["scope"], self.facts["resumes"] and self.facts["resumes"]["status"]

    def raise_no_alarm(self) -> None:
        assert self.alarms == []
        calm = () if "slower" in self.triage else (self.triage,)
        for text in (self.cost, self.why, self.compare, *calm):
            assert [word for word in ALARMS if word in text] == []


class Day:
    """A lab whose workflow is edited, and run again; ``runs`` are the answers about each run."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.runs: dict[str, Answers] = {}
        (lab.folder / "wait").touch()
        for sample in "ABCD":
            (lab.folder / f"{sample}.fq").write_text(f"data of {sample}\n")

    def edit(self, samples: str, extra: str, workflow: str = WORKFLOW) -> None:
        config = {"samples": list(samples), "extra": extra}
        (self.lab.folder / "config.yaml").write_text(json.dumps(config))
        self.lab.snakefile(workflow)

    def run(self, name: str, *flags: str, check: bool = True) -> None:
        done = self.lab.snakemake(*HERE, *flags, check=check)
        self._ask(name, done.stderr)

    def kill(self, name: str) -> None:
        """Begin a run, and kill it and its jobs once two counts are in flight."""
        known = len(self.lab.journals)
        waits = self.lab.folder / "wait"
        waits.unlink()
        os.mkfifo(waits)
        with started(self.lab, *HERE) as process:
            wait_until(lambda: len(self.lab.journals) > known)
            wait_until(lambda: self.lab.journals[-1].read_text().count('"attempt_started"') == 6)
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        waits.unlink()
        waits.touch()
        self._ask(name, "")

    def _ask(self, name: str, stderr: str) -> None:
        cost, why, compare, triage = map(self._said, ([], ["why"], ["compare"], ["triage"]))
        facts = json.loads(self.lab.observe("cost", "--format", "json").stdout)["run"]
        end = next((x for x in stderr.splitlines() if x.startswith("snakemake-observe")), "")
        found = alarms(self.lab)
        self.runs[name] = Answers(cost, why, compare, triage, facts, found, end)

    def _said(self, words: list[str]) -> str:
        return " ".join(self.lab.observe(*words).stdout.split())


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answers]:
    one = Day(Lab(tmp_path_factory.mktemp("day")))
    one.edit("AB", "-k1")
    one.run("first")
    one.edit("ABC", "-k1")
    one.run("sample added")
    one.edit("ABC", "-k2")
    one.run("param changed")
    one.edit("ABCD", "-k2", WORKFLOW.replace("wc -c", "wc --no-such-option"))
    one.run("failure", "--keep-going", check=False)
    one.edit("ABCD", "-k2")
    one.run("fix")
    one.edit("ABCD", "-k3")
    one.kill("kill")
    one.lab.snakemake("--unlock")
    one.run("after the kill", "--rerun-incomplete")
    one.run("no change")
    return one.runs


@pytest.mark.parametrize(
    "name", ["first", "sample added", "param changed", "fix", "after the kill", "no change"]
)
def test_a_run_without_an_incident_raises_no_alarm(day: dict[str, Answers], name: str) -> None:
    day[name].raise_no_alarm()
    calm = "No incident found. 1 symptom none" in day[name].triage
    assert calm or "slower" in day[name].triage


@pytest.mark.parametrize("name", ["failure", "kill"])
def test_an_incident_of_a_known_class_is_not_escalated(day: dict[str, Answers], name: str) -> None:
    assert "escalate" not in day[name].triage


def test_a_first_run_has_nothing_to_compare_with(day: dict[str, Answers]) -> None:
    run = day["first"]
    assert run.scope == ("full", None)
    assert "What changed is unknown: there is no earlier successful run" in run.why
    assert "The 6 jobs that ran have 1 root cause" in run.why
    assert run.compare == ""


def test_an_added_sample_is_more_work_and_nothing_unsafe(day: dict[str, Answers]) -> None:
    run = day["sample added"]
    assert run.scope == ("incremental", None)
    assert "4 jobs, 4 attempts, 4 up to date" in run.cost
    assert "4 jobs were up to date." in run.why
    assert 'config samples: "C" is new (in a list of 3)' in run.why
    assert run.compare.startswith(
        "more work: 3 values of sample, not 2 (new: sample C); B ran 4 of 8 jobs, A 6 of 6"
    )
    differing = "1 of 5 outputs differ: report.txt, which depends on the outputs of new jobs now"
    assert differing in run.compare
    assert " unsafe " not in run.compare
    assert "4 jobs were planned to run, and 4 were up to date: 8 in all" in run.triage


def test_a_changed_param_is_all_that_changed_since_the_last_run(day: dict[str, Answers]) -> None:
    run = day["param changed"]
    assert run.scope == ("full", None)
    assert "The 8 jobs that ran have 1 root cause" in run.why
    assert "the params of align changed 8" in run.why
    assert "params of align: extra='-k1' → extra='-k2' (3 jobs)" in run.why
    assert "samples" not in run.why
    assert "8 → 8 jobs, the same ones" in run.compare
    changed = "unsafe params of align changed (3 jobs): extra='-k1' → extra='-k2', and the outputs"
    assert changed in run.compare
    assert "8 jobs were planned to run, the same as in the baseline" in run.triage


def test_of_a_failed_run_the_failure_comes_first(day: dict[str, Answers]) -> None:
    run = day["failure"]
    assert "and 3 more jobs: exit code 1 · 1 of 7 jobs done, 4 failed, 2 not reached" in run.end
    assert "3 up to date · local through timed · failed" in run.cost
    assert run.cost.index("FAILED: count sample=") < run.cost.index("Where the ")
    assert "the code of count changed 3" in run.why
    assert "count/D.txt was missing (made by count) 2" in run.why
    assert run.compare.startswith("not comparable, because B failed")
    assert "2 more jobs: 4 values of sample, not 3 (new: sample D)" in run.compare
    assert "2 jobs not reached in B: report, all" in run.compare
    assert "not reached in A" not in run.compare
    assert "tool_failure (likely): 4 jobs of count failed with exit code 1: likely, " in run.triage


def test_the_run_after_a_fix_finishes_what_had_failed(day: dict[str, Answers]) -> None:
    run = day["fix"]
    assert run.scope == ("resumed", "failed")
    for text in (run.cost, run.why, run.triage):
        assert "resumes the run of" in text
    assert "4 jobs had failed in the run of" in run.why
    assert "which failed: 1 job: align sample=D" in run.why
    assert "up to date in B: 4 jobs, made by 2 runs" in run.compare
    assert " unsafe " not in run.compare


def test_a_killed_run_has_no_shares_of_a_length_that_nobody_knows(day: dict[str, Answers]) -> None:
    run = day["kill"]
    assert "The run was killed after" in run.cost
    assert "s at least; count sample=" in run.cost
    assert "%" not in run.cost
    assert "the params of align changed" in run.why
    assert run.compare.startswith("not comparable, because B was killed")
    assert "killed_run (certain): the run was killed after" in run.triage
    assert "with 2 jobs in flight: count sample=" in run.triage


def test_the_run_after_a_kill_takes_up_what_was_in_flight(day: dict[str, Answers]) -> None:
    run = day["after the kill"]
    assert run.scope == ("resumed", "killed")
    assert "2 jobs had not ended when the run of" in run.why
    assert "was killed: 4 jobs: align sample=" in run.why


def test_a_run_without_a_change_says_that_all_was_up_to_date(day: dict[str, Answers]) -> None:
    run = day["no change"]
    assert run.scope == ("nothing_to_do", None)
    assert "10 up to date · local through timed · nothing to do" in run.cost
    every = "Nothing ran: all 10 jobs were up to date: align 4, count 4, all 1, report 1."
    assert every in run.why
    assert run.compare.startswith(
        "B had nothing to do: all 10 jobs were up to date; its outputs' checksums are those of A"
    )
    assert "nothing had to run: 10 jobs were up to date" in run.triage
