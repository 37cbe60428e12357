"""The list of real runs, and their journals pruned."""

import os
import signal

from daily_runs import answer, text
from harness import journal_says, started, wait_until
from lab import BOTH, Lab

from snakemake_logger_plugin_observe.journal.folders import SUBFOLDER

HERE = (*BOTH, "--cores", "2")
WORKFLOW = """
    rule all:
        input: "b.txt"
    rule a:
        output: "a.txt"
        shell: "echo > {output}"
    rule b:
        input: "a.txt"
        output: "b.txt"
        shell: "test -e go && cp {input} {output}"
    rule slow:
        output: "slow.txt"
        shell: "sleep 60"
"""


def test_each_kind_of_run_is_listed_for_what_it_was_and_old_ones_are_pruned(lab: Lab) -> None:
    lab.snakefile(WORKFLOW)
    lab.snakemake(*HERE, "--dry-run")
    lab.snakemake(*HERE, "--logger-observe-tag", "try=first", check=False)
    (lab.folder / "go").touch()
    lab.snakemake(*HERE)
    lab.snakemake(*HERE)
    lab.snakemake(*HERE, "--forceall", "--config", "depth=3")
    lab.snakemake(*HERE, "--forcerun", "b")
    with started(lab, *HERE, "slow.txt") as process:
        wait_until(journal_says(lab, '"rule":"slow"'))
        (running, *_) = answer(lab, "runs")["workflows"][0]["runs"]
        assert running["state"] == "running"
        kept = answer(lab, "runs", "--keep", "1")["kept"]
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert running["journal"] not in [one["journal"] for one in kept]  # it is the newest

    (workflow,) = answer(lab, "runs")["workflows"]
    runs = workflow["runs"]
    assert [(one["state"], one["scope"]) for one in runs] == [
        ("killed", "full"),
        ("success", "incremental"),
        ("success", "full"),
        ("nothing_to_do", "nothing_to_do"),
        ("success", "resumed"),
        ("failed", "full"),
        ("dry_run", "dry_run"),
    ]
    assert [(one["job_count"], one["failed"]) for one in runs[1:]] == [
        *((2, 0), (3, 0), (0, 0), (2, 0), (2, 1), (3, 0)),
    ]
    assert runs[0]["part"] == "only slow.txt was asked for"
    assert runs[5]["tags"] == {"try": "first"}
    assert "config depth none → 3" in runs[2]["changed"]
    assert workflow["trend"]["full_runs"] == 1
    assert "7 runs of Snakefile in " in text(lab, "runs")

    found = answer(lab, "runs", "--keep", "1", "--gzip", "--prune")
    baseline = runs[2]["journal"]
    assert [one["journal"] for one in found["kept"]] == [baseline]
    packed = [f"{runs[n]['journal']}.gz" for n in (6, 3, 5, 4, 1)]
    assert [f"{one['journal']}.gz" for one in found["pruned"]] == packed
    for journal in packed:
        lab.run(lab.folder / journal)
        assert (lab.folder / journal).stat().st_mode & 0o777 == 0o600
    again = answer(lab, "runs")["workflows"][0]["runs"]
    assert [(one["state"], one["scope"]) for one in again] == [
        (one["state"], one["scope"]) for one in runs
    ]
    assert "FAILED" in text(lab, "jobs", "--failed", packed[2]) or "exit code" in text(
        lab, "jobs", "--failed", packed[2]
    )
    assert answer(lab, "compare", packed[4], baseline)["schema_version"] == 1

    answer(lab, "runs", "--keep", "1", "--prune")
    left = {path.name for path in (lab.folder / SUBFOLDER).glob("*.jsonl*")}
    assert left == {os.path.basename(runs[n]["journal"]) for n in (0, 2)}
