"""``--logger-observe-notify``: one notice of a run, whatever becomes of it, and the run as without."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from lab import BOTH, Lab, without_moments

PLENTY_S = 240
"""A notice comes in its own time; if it does not come, something is broken."""

# What a notice contained, complete as soon as the folder has its name.
SAVE = (
    'mkdir -p new && cat > new/text && cp "$SNAKEMAKE_OBSERVE_JSON" new/json && '
    'echo "$SNAKEMAKE_OBSERVE_STATUS" > new/status && mv new notice-$$'
)
ONE = """
rule all:
    output: "a.txt"
    shell: "touch a.txt"
"""


def until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + PLENTY_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def notices(lab: Lab) -> list[Path]:
    return list(lab.folder.glob("notice-*"))


def the_notice(lab: Lab) -> Path:
    until(lambda: notices(lab))
    (found,) = notices(lab)
    return found


def flags(command: str = SAVE) -> tuple[str, ...]:
    return (*BOTH, "--logger-observe-notify", command, "--cores", "2")


def started(lab: Lab, *arguments: str) -> "subprocess.Popen[str]":
    """Start Snakemake in the background, as a process of its own."""
    return subprocess.Popen(
        lab.command(*arguments),
        cwd=lab.folder,
        env=lab.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
    )


def first_words(text: str) -> str:
    """Return an answer's first paragraphs, whatever the width of the terminal that it was for."""
    return " ".join(text.partition("\nWhere the ")[0].split())


def test_a_run_that_ends_well_has_one_notice_with_the_first_answer(lab: Lab) -> None:
    lab.snakefile(ONE)
    with_one = lab.snakemake(*flags())
    found = the_notice(lab)
    (journal,) = lab.journals
    asked = lab.observe("cost", str(journal.absolute())).stdout
    assert first_words((found / "text").read_text()) == first_words(asked)
    assert json.loads((found / "json").read_text())["run"]["status"] == "success"
    assert (found / "status").read_text() == "success\n"
    assert "notice-" not in journal.read_text()  # an address in a command may be a secret
    assert "--logger-observe-notify" in journal.read_text()
    (lab.folder / "a.txt").unlink()
    without = lab.snakemake(*BOTH, "--cores", "2")
    assert (with_one.returncode, with_one.stdout) == (without.returncode, without.stdout)
    assert without_moments(with_one.stderr) == without_moments(without.stderr)


def test_the_first_failure_is_reported_while_the_run_goes_on(lab: Lab) -> None:
    """The other job ends only when the notice has come; a job that is tried again has none."""
    lab.snakefile(
        """
        rule all:
            input: "a.txt", "b.txt"
        rule bad:
            output: "a.txt"
            retries: 1
            shell: "exit 3"
        rule slow:
            output: "b.txt"
            shell: "until ls -d notice-*; do sleep 0.1; done; touch b.txt"
        """
    )
    done = lab.snakemake(*flags(), check=False)
    assert done.returncode == 1
    found = the_notice(lab)
    told = json.loads((found / "json").read_text())
    assert told["run"]["status"] == (found / "status").read_text().strip() == "running"
    assert told["jobs"]["failed_attempts"] == 2
    assert "exit code 3" in (found / "text").read_text()


def test_a_job_that_succeeds_when_it_is_tried_again_is_no_failure(lab: Lab) -> None:
    lab.snakefile(
        """
        rule all:
            output: "a.txt"
            retries: 1
            shell: "test -e tried && touch a.txt || (touch tried; exit 1)"
        """
    )
    lab.snakemake(*flags())
    assert (the_notice(lab) / "status").read_text() == "success\n"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("no-such-program", "ended with exit code 127"),
        ("yes | head -c 3000000; exit 4", "ended with exit code 4"),
    ],
)
def test_a_command_that_fails_changes_nothing_and_leaves_a_report(
    lab: Lab, command: str, why: str
) -> None:
    lab.snakefile(ONE)
    lab.snakemake(*flags(command))
    (journal,) = lab.journals
    report = journal.with_name(f"{journal.stem}.notice.txt")
    until(lambda: report.exists() and report.read_text())
    assert report.read_text().startswith(f"The command of --logger-observe-notify {why}.\n")
    assert len(report.read_text()) < 5000


def test_the_run_does_not_wait_for_a_command_that_hangs(lab: Lab) -> None:
    """Snakemake has ended, with its pipes closed, while the command still goes on."""
    lab.snakefile(ONE)
    lab.snakemake(*flags("echo $$ > pid.new; mv pid.new pid; exec sleep 1000"))
    until((lab.folder / "pid").exists)
    pid = int((lab.folder / "pid").read_text())
    try:
        assert Path(f"/proc/{pid}/comm").read_text() in ("sleep\n", "sh\n")
    finally:
        os.kill(pid, signal.SIGKILL)


WAITS = """
rule all:
    output: "a.txt"
    shell: "touch began; sleep 600; touch a.txt"
"""


@pytest.mark.parametrize(
    ("how", "status"), [(signal.SIGINT, "interrupted"), (signal.SIGKILL, "killed")]
)
def test_a_run_that_is_cut_off_has_its_notice(lab: Lab, how: signal.Signals, status: str) -> None:
    lab.snakefile(WAITS)
    process = started(lab, *flags())
    until((lab.folder / "began").exists)
    os.killpg(process.pid, how)  # Ctrl-C reaches the whole group
    process.wait()
    found = the_notice(lab)
    assert (found / "status").read_text() == f"{status}\n"
    assert status in (found / "text").read_text()


def test_a_dry_run_has_none(lab: Lab) -> None:
    lab.snakefile(ONE)
    lab.snakemake(*flags(), "--dry-run")
    lab.snakemake(*flags())
    the_notice(lab)  # that of the run, and no other


def test_a_run_that_fails_before_its_workflow_starts_has_its_notice(lab: Lab) -> None:
    (lab.folder / ".snakemake").mkdir()
    lab.snakefile("rule all:\n    output: 'a.txt'\n    shell 'no colon'\n")
    done = lab.snakemake(*flags(), check=False)
    assert done.returncode == 1
    assert (the_notice(lab) / "status").read_text() == "failed\n"
