"""A lab: a fresh folder for real Snakemake runs and their journals."""

import io
import os
import re
import subprocess
import sys
import textwrap
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
import warm
from screens import both_texts

from snakemake_logger_plugin_observe.__main__ import main
from snakemake_logger_plugin_observe.analysis.cost.validation import validate
from snakemake_logger_plugin_observe.journal.folders import SUBFOLDER, journals_in
from snakemake_logger_plugin_observe.journal.reading import read_journal
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.fold import fold
from snakemake_logger_plugin_observe.run.model import Run

REPO = Path(__file__).parents[2]
PATIENCE_S = 600
"""However busy the machine is, a run ends sooner, or never."""
BOTH = ("--logger", "observe", "--executor", "timed")

# Submits a job as a cluster would: SUBMIT HOLD DELAY HIDE JOBSCRIPT takes DELAY seconds to
# answer, holds the job for HOLD seconds, and hides the file HIDE from it (unless it is "-")
# until 1.5 s after the job's Snakemake has begun to wait for it.
_SUBMIT = r"""#!/bin/sh
sleep "$2"
setsid sh -c '
    sleep "$1"
    if [ "$3" != - ]; then
        mv "$3" "$3.hidden"
        (until grep -q "Waiting at most" "$4.out"; do sleep 0.02; done; sleep 1.5; mv "$3.hidden" "$3") &
    fi
    exec sh "$4"
' submit "$@" > "$4.out" 2>&1 < /dev/null &
echo $!
"""


@dataclass
class Lab:
    """One folder; ``snakefile`` writes its Snakefile."""

    folder: Path
    warm: ClassVar[bool] = False
    """Whether Snakemake runs are forked from a process that has imported it; see ``warm``."""

    def snakefile(self, text: str) -> None:
        (self.folder / "Snakefile").write_text(textwrap.dedent(text))

    def share_digest_key(self) -> None:
        """Give the folder the key that all labs share, so that their runs' digests compare."""
        file = self.folder / SUBFOLDER / f".digest-key-{os.geteuid()}"
        file.parent.mkdir(parents=True)
        file.write_bytes(b"k" * 32)
        file.chmod(0o600)

    def cluster(self, hold: str = "0", delay: str = "0", hide: str = "-") -> tuple[str, ...]:
        """Return the flags of a small cluster that runs its jobs on this machine."""
        script = self.folder / "submit.sh"
        script.write_text(_SUBMIT)
        script.chmod(0o755)
        return (
            *("--jobs", "8", "--timed-wraps", "cluster-generic", "--seconds-between-status-checks"),
            *("1", "--cluster-generic-submit-cmd", f"{script} {hold} {delay} {hide}"),
        )

    def snakemake(
        self, *arguments: str, check: bool = True, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run Snakemake in the folder; with *check*, it must succeed."""
        env = self.environment(**environment)
        if self.warm and "PYTHONPATH" not in environment:
            done = warm.snakemake(arguments, self.folder, env)
        else:
            done = subprocess.run(
                self.command(*arguments),
                cwd=self.folder,
                env=env,
                capture_output=True,
                text=True,
                timeout=PATIENCE_S,
                check=False,
            )
        if check:
            assert done.returncode == 0, done.stderr
        return done

    def new_run(self, *arguments: str, check: bool = True, **environment: str) -> Path:
        """Run Snakemake in the folder, and return the journal of that run."""
        known = set(self.journals)
        self.snakemake(*arguments, check=check, **environment)
        (journal,) = set(self.journals) - known
        return journal

    def command(self, *arguments: str) -> list[str]:
        """Return Snakemake's command as a terminal starts it: in the background Ctrl-C is ignored, under nohup a hang-up."""
        return ["env", "--default-signal=INT,HUP", sys.executable, "-m", "snakemake", *arguments]

    def environment(self, **more: str) -> dict[str, str]:
        known = {k: v for k, v in os.environ.items() if not k.startswith("SNAKEMAKE")}
        return {**known, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", **more}

    def observe(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run the reader in the folder, in this process: starting Python takes longer than it does."""
        stdout, stderr = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        with (
            chdir(self.folder),
            redirect_stdout(stdout),
            redirect_stderr(stderr),
            Path(os.devnull).open() as nothing,
            pytest.MonkeyPatch.context() as patch,
        ):
            patch.setattr(sys, "stdin", nothing)
            try:
                code = main(args)
            except SystemExit as end:  # argparse's
                code = int(end.code or 0)
        return subprocess.CompletedProcess(args, code, _written(stdout), _written(stderr))

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a script in the folder."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    @property
    def journals(self) -> list[Path]:
        return journals_in(self.folder)

    def run(self, journal: Path | None = None) -> Run:
        """Return the run of the only journal here, after validating it.

        Its first screen is the same from its last line as from all lines.
        """
        if journal is None:
            (journal,) = self.journals
        reading = read_journal(journal)
        found = validate(reading, reading.problems)
        assert found.disagreements == ()
        assert found.problems == ()
        if found.run.finished is not None:
            texts = both_texts(fold(read_journal(journal)))
            assert texts is None or texts[0] == texts[1]
        return fold(read_journal(journal))

    def fragments(self) -> list[Path]:
        return list(self.folder.glob(".snakemake/observe/*/*.fragment"))


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return stream.buffer.getvalue().decode()  # type: ignore[attr-defined]  # a BytesIO


def attempts_of(run: Run, rule: str) -> list[Attempt]:
    """Return the attempts of *rule*'s jobs, in the order of jobs and attempts."""
    found = [attempt for attempt in run.attempts.values() if run.rule_of(attempt) == rule]
    return sorted(found, key=lambda attempt: (attempt.job_id or 0, attempt.number))


def the_attempt(run: Run, rule: str) -> Attempt:
    """Return the only attempt of *rule*'s only job."""
    (attempt,) = attempts_of(run, rule)
    return attempt


def waits(attempt: Attempt) -> set[str]:
    """Return the phases that a submission must have between its processes and Snakemake's.

    One that began before its submission was answered did not wait in the queue, and one that ended
    while a status check went on, which found that, did not wait for it.
    """
    levels = [one.started for one in attempt.levels if not one.in_main]
    begun = [one for one in (*attempt.node_starts, *levels) if one is not None]
    check, found = attempt.status_check, {"submit"}
    if min(begun) > (attempt.stamps.accepted or 0):
        found.add("queue_wait")
    if check is None or check.begun > (attempt.node_ended or 0):
        found.add("poll_wait")
    return found


def phases_s(attempt: Attempt) -> dict[str, float]:
    return {phase: micros / 1e6 for phase, micros in attempt.phases.items()}


def without_moments(text: str) -> str:
    """Return console text without what differs between runs: times, ids, the plugins' line."""
    lines = [line for line in text.splitlines() if not line.startswith("snakemake-observe: ")]
    text = "\n".join(lines)
    text = re.sub(r"\w{3} \w{3} +\d+ [\d:]+ \d{4}", "time", text)
    text = re.sub(r"\d{4}-\d\d-\d\d[T ][\d:.]+", "time", text)
    text = re.sub(r"Elapsed time: [\d:.]+", "Elapsed time", text)
    text = re.sub(r"Writing \d+ bytes", "Writing bytes", text)  # a notebook's, moments included
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "uuid", text)
    text = re.sub(r"external[ _]jobid:? '?\d+'?", "external jobid", text)
    text = re.sub(r"jobid: \d+", "jobid", text)  # older versions number jobs at random
    text = re.sub(r"(?m)^  Command: .*$", "  Command", text)
    return re.sub(r"time\d*\.snakemake\.log|\S+\.snakemake\.log", "log", text)
