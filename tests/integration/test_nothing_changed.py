"""The plugins never change the run: same console, exit code, files and log as without them."""

import re
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest
from comparison import pair, same
from lab import BOTH, Lab, without_moments
from packaging.version import parse as parse_version
from snakefiles import FAILING

pytestmark = pytest.mark.cold

OLD = parse_version(version("snakemake")) < parse_version("9.21")
WORKFLOW = """
    onsuccess:
        shell("echo {log} | wc -w > hook.txt")
    onerror:
        shell("echo {log} | wc -w > hook.txt")

    rule all:
        input: "b.txt", "c.txt"

    rule a:
        output: "a.txt"
        log: "a.log"
        benchmark: "a.bench"
        shell: "echo hello > {output} 2> {log}"

    rule b:
        input: "a.txt"
        output: "b.txt"
        priority: 1  # one order of jobs, whatever else
        run:
            open(output[0], "w").write(open(input[0]).read() * 2)

    rule c:
        input: "a.txt"
        output: temp("t.txt"), "c.txt"
        shadow: "minimal"
        retries: 1
        shell: "cp {input} {output[0]}; cp {input} {output[1]}"
"""


@pytest.mark.parametrize("snakefile", [WORKFLOW, FAILING], ids=["success", "failure"])
@pytest.mark.parametrize("quiet", [[], ["--quiet", "rules", "progress"]], ids=["loud", "quiet"])
def test_on_one_machine_everything_equals_the_bare_run(
    tmp_path: Path, snakefile: str, quiet: list[str]
) -> None:
    bare, observed = pair(tmp_path, snakefile)
    # Before 9.21 it is random which of two ready jobs comes first, priorities or not.
    same(bare, observed, ["--cores", "1", *quiet], [], list(BOTH), unordered=OLD)


def test_on_a_cluster_everything_equals_the_bare_run(tmp_path: Path) -> None:
    bare, observed = pair(tmp_path, FAILING)
    for lab in (bare, observed):
        lab.cluster()
    flags = ["--jobs", "1", "--seconds-between-status-checks", "1"]
    flags += ["--cluster-generic-submit-cmd", "./submit.sh 0 0 -"]
    same(
        bare,
        observed,
        flags,
        ["--executor", "cluster-generic"],
        [*BOTH, "--timed-wraps", "cluster-generic"],
    )


def test_the_next_run_has_nothing_to_do(lab: Lab) -> None:
    """Neither the plugins nor their absence make Snakemake run anything again."""
    lab.snakefile(WORKFLOW)
    lab.snakemake("--cores", "1", *BOTH)
    hooks_were_given = (lab.folder / "hook.txt").read_text()
    assert hooks_were_given.strip() == "1"  # Snakemake's log, and none of ours
    again = lab.snakemake("--cores", "1")
    assert "Nothing to be done" in again.stderr


def test_quiet_all_suppresses_the_summary_line(lab: Lab) -> None:
    lab.snakefile(FAILING)
    done = lab.snakemake("--cores", "1", "--quiet", "all", *BOTH, check=False)
    assert done.stderr == "no\n"  # the tool's own output
    assert lab.run().status() == "failed"


def test_switched_off_plugins_do_nothing(lab: Lab) -> None:
    lab.snakefile(FAILING)
    flags = (*BOTH, *lab.cluster(), "--keep-going")
    done = lab.snakemake(*flags, check=False, SNAKEMAKE_OBSERVE="off")
    assert done.returncode == 1
    assert (lab.folder / "y.txt").exists()
    assert "snakemake-observe" not in done.stderr
    assert not (lab.folder / ".snakemake" / "observe").exists()


def test_the_submitted_command_grows_by_less_than_300_characters(lab: Lab) -> None:
    lab.snakefile("rule all:\n    output: 'a.txt'\n    shell: 'touch a.txt'\n")
    keep = "cp $1 kept.sh; sh $1 > /dev/null 2>&1 & echo 1"
    (lab.folder / "keep.sh").write_text(keep)
    flags = ["--jobs", "1", "--seconds-between-status-checks", "1"]
    flags += ["--cluster-generic-submit-cmd", "sh keep.sh"]
    lab.snakemake("--executor", "cluster-generic", *flags)
    bare = (lab.folder / "kept.sh").read_text()
    (lab.folder / "a.txt").unlink()
    lab.snakemake(*BOTH, "--timed-wraps", "cluster-generic", *flags)
    ours = (lab.folder / "kept.sh").read_text()
    where = str(lab.folder / ".snakemake" / "observe")
    paths = sum(map(len, re.findall(rf"{re.escape(where)}/\w{{32}}(?:/1\.fragment)?", ours)))
    assert 0 < len(ours) - len(bare) - paths < 300


def test_a_job_prints_the_same_even_if_it_cannot_be_stamped(tmp_path: Path) -> None:
    printed = []
    bare, observed = pair(tmp_path, FAILING)
    for lab, words in (
        (bare, ["--executor", "cluster-generic"]),
        (observed, [*BOTH, "--timed-wraps", "cluster-generic"]),
    ):
        (lab.folder / "submit.sh").write_text(
            'rm -rf .snakemake/observe; sh "$1" > job.out 2>&1 & echo 1\n'
        )
        flags = ["--jobs", "1", "--seconds-between-status-checks", "1"]
        flags += ["--cluster-generic-submit-cmd", "sh submit.sh"]
        lab.snakemake(*words, *flags, "y.txt")
        printed.append((lab.folder / "job.out").read_text().replace(str(lab.folder), "here"))
    assert without_moments(printed[1]) == without_moments(printed[0])


def test_querying_git_does_not_touch_the_index(lab: Lab) -> None:
    lab.snakefile("rule all:\n    output: 'a.txt'\n    shell: 'sleep 0.5; touch a.txt'\n")
    git = ["git", "-C", str(lab.folder), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for words in (["init", "-q"], ["add", "Snakefile"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *words], check=True)
    index = lab.folder / ".git" / "index"
    before = index.stat().st_mtime_ns
    (lab.folder / "Snakefile").touch()
    lab.snakemake("--cores", "1", *BOTH)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    provenance = lab.run().provenance
    assert provenance is not None
    assert provenance.git_commit == head.stdout.strip()
    assert provenance.git_dirty is False
    assert index.stat().st_mtime_ns == before
