"""Real runs that were slow for one reason each, held against one that was not."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lab import BOTH, Lab

SNAKEFILE = """
    import time
    time.sleep(float(config.get("parse", 0)))

    rule all:
        input: expand("out/{n}.txt", n=range(6))

    rule work:
        input: "in/{n}.txt"
        output: "out/{n}.txt"
        shell:
            "sleep " + str(config.get("tool", 0)) + "; "
            "(sleep " + str(config.get("late", 0)) + "; touch {output}) > /dev/null 2>&1 < /dev/null &"
"""


class Slow:
    """A workflow that can be run slowly in several ways, and its quick runs."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        lab.snakefile(SNAKEFILE)
        (lab.folder / "in").mkdir()
        for n in range(6):
            (lab.folder / "in" / f"{n}.txt").write_text(f"{n}\n")
        self.here = self.run("--cores", "6")
        self.cluster = self.run(*lab.cluster())

    def run(self, *words: str, force: bool = True) -> Path:
        known = set(self.lab.journals)
        forced = ["--forceall"] if force else []
        self.lab.snakemake(*BOTH, "--latency-wait", "10", *forced, *words)
        (journal,) = set(self.lab.journals) - known
        return journal

    def found(self, journal: Path, baseline: Path) -> list[str]:
        """Return the classes found, the first first, when each citation has been looked up."""
        words = (str(journal), "--baseline", str(baseline), "--format", "json")
        done = self.lab.observe("triage", *words)
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        for one in (e for finding in answer["findings"] for e in finding["evidence"]):
            name, _colon, line = one["ref"].partition(":")
            assert json.loads(
                Path(answer["journals"][name]).read_text().splitlines()[int(line) - 1]
            )
        return [finding["incident_class"] for finding in answer["findings"]]


@pytest.fixture(scope="module")
def slow(new_lab: Callable[[str], Lab]) -> Slow:
    return Slow(new_lab("slow"))


def test_a_run_held_against_another_as_quick_has_no_incident(slow: Slow) -> None:
    assert slow.found(slow.run("--cores", "6"), slow.here) == []


def test_jobs_that_waited_in_the_queue(slow: Slow) -> None:
    queued = slow.run(*slow.lab.cluster(hold="6"))
    assert slow.found(queued, slow.cluster)[0] == "busy_cluster"


def test_jobs_that_one_place_let_through_one_by_one(slow: Slow) -> None:
    limited = slow.run(*slow.lab.cluster(), "--jobs", "1")
    assert slow.found(limited, slow.cluster)[0] == "idle_slots"


def test_one_core_that_is_busy_all_the_time_is_no_idle_slot(slow: Slow) -> None:
    busy = slow.run("--cores", "1", "--config", "tool=1")
    assert slow.found(busy, slow.here)[0] == "slow_tool"


def test_start_up_that_is_more_than_the_tools(slow: Slow) -> None:
    assert "node_startup" in slow.found(slow.cluster, slow.here)


def test_outputs_that_were_waited_for(slow: Slow) -> None:
    late = slow.run("--cores", "6", "--config", "late=4")
    assert slow.found(late, slow.here) == ["slow_metadata"]


def test_a_snakefile_that_takes_long_to_read(slow: Slow) -> None:
    planned = slow.run("--cores", "6", "--config", "parse=4")
    assert slow.found(planned, slow.here) == ["slow_planning"]


def test_jobs_that_ran_again_because_files_were_touched(slow: Slow) -> None:
    """Against the run before, in which one output alone was made again."""
    sleeping = ("--cores", "2", "--config", "tool=1")
    slow.run(*sleeping)
    (slow.lab.folder / "out" / "1.txt").unlink()
    before = slow.run(*sleeping, force=False)
    moment = time.time()
    for path in (slow.lab.folder / "in").iterdir():
        path.touch()
    assert time.time() > moment
    assert slow.found(slow.run(*sleeping, force=False), before)[0] == "surprise_reruns"
    assert "surprise_reruns" not in slow.found(slow.run(*sleeping), before)


CHECKPOINTS = """
    import time

    def slowly(path):
        def inputs(wildcards):
            time.sleep(0.3)  # as a function that reads a large table would
            return path
        return inputs

    rule all:
        input: [lambda w, n=n: checkpoints.ask.get(n=n).output[0] for n in range(int(config["many"]))]

    checkpoint ask:
        input: slowly("start.txt")
        output: "ask/{n}.txt"
        shell: "touch {output}"
"""


def test_checkpoints_that_have_the_dag_planned_again_and_again(lab: Lab) -> None:
    lab.snakefile(CHECKPOINTS)
    (lab.folder / "start.txt").touch()
    for many in ("1", "6"):
        lab.snakemake(*BOTH, "--cores", "1", "--forceall", "--config", f"many={many}")
    one, storm = lab.journals
    slow = Slow.__new__(Slow)
    slow.lab = lab
    assert slow.found(storm, one)[0] == "checkpoint_storm"
    assert slow.found(one, one.with_name(one.name)) == [] if one.samefile(storm) else True
