"""Groups of every kind, on a cluster and here: each member's compute is around its own dates."""

from pathlib import Path

import pytest
from lab import BOTH, Lab, attempts_of, phases_s

from snakemake_logger_plugin_observe.analysis.cost.validation import validate
from snakemake_logger_plugin_observe.journal.reading import read_journal

WORKFLOW = """
    localrules: all

    rule all:
        input: expand("dated/{i}.txt", i=range(2)), "second.txt"

    rule dated:
        output: "dated/{i}.txt"
        shell: "date +%s.%N > {output}; sleep 1; date +%s.%N >> {output}"

    rule first:
        output: "first.txt"
        group: "both"
        shell: "date +%s.%N > {output}; sleep 0.5; date +%s.%N >> {output}"

    rule second:
        input: "first.txt"
        output: "second.txt"
        group: "both"
        shell: "date +%s.%N > {output}; sleep 0.7; date +%s.%N >> {output}"
"""
GROUPS = ("--groups", "dated=several", "--group-components", "several=2")
FAILING = """
    localrules: all

    rule all:
        input: expand("{i}.txt", i=range(3)), "after.txt"

    rule some:
        output: "{i}.txt"
        group: "both"
        shell: "test {wildcards.i} != 1 && touch {output}"

    rule after:
        input: "1.txt"
        output: "after.txt"
        group: "both"
        shell: "touch {output}"
"""


@pytest.mark.parametrize("on_cluster", [True, False], ids=["cluster-generic", "local"])
def test_each_member_computes_around_its_own_dates(tmp_path: Path, on_cluster: bool) -> None:
    lab = Lab(tmp_path)
    lab.snakefile(WORKFLOW)
    flags = lab.cluster() if on_cluster else ("--cores", "2")
    lab.snakemake(*BOTH, *flags, *GROUPS)
    run = lab.run()
    for rule in ("dated", "first", "second"):
        for attempt in attempts_of(run, rule):
            assert attempt.is_member == on_cluster
            written = (lab.folder / run.jobs[attempt.job_id or 0].output[0]).read_text().split()
            (compute,) = (one for one in attempt.segments if one.phase == "compute")
            begun, ended = (float(moment) for moment in written)
            assert compute.start / 1e6 <= begun <= ended <= compute.end / 1e6
            assert "stage_in" in phases_s(attempt)
    # What a member waits for the one before it is not its own time.
    (first,), (second,) = attempts_of(run, "first"), attempts_of(run, "second")
    begins = [one.start for one in second.segments if one.phase in ("stage_in", "compute")]
    assert min(begins) >= max(one.end for one in first.segments if one.phase == "compute")
    reading = read_journal(lab.journals[-1])
    assert validate(reading, reading.problems).sound


def test_a_group_that_failed_takes_all_its_jobs_with_it(tmp_path: Path) -> None:
    """Snakemake removes what the others had made, so it is not done."""
    lab = Lab(tmp_path)
    lab.snakefile(FAILING)
    together = ("--group-components", "both=4")
    assert lab.snakemake(*BOTH, *lab.cluster(), *together, check=False).returncode == 1
    assert not list(tmp_path.glob("?.txt"))
    said = lab.observe("jobs", "--failed").stdout
    assert "1 job failed: 1 failure" in said
    assert "did not run because of it, in the same group: after" in said
    assert "had succeeded in the same group" in said
    assert "0 of 5 jobs done, 1 failed, 3 cancelled, 1 not reached" in lab.observe("cost").stdout
