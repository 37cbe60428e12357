"""A fake executor that ends jobs at once, and the real recorder that it reports to.

``python burst_run.py FOLDER JOBS`` sends what Snakemake and its wrapped cluster executor send of so
many jobs, at a given pace, from a thread of its own: log records through the filter on Snakemake's
logger, notes into the recorder's queue, and for each submission a fragment as its node writes one.
Jobs are selected in batches; those of a batch have ended when the next is selected. Some fail once,
and are retried. Each job needs one of a batch before.

It prints JSON lines: samples of the queue and of the memory, and what was sent of each kind.
"""

import argparse
import json
import logging
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final, NamedTuple

from snakemake_executor_plugin_timed.fragments import Fragments
from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.console import SNAKEMAKE_LOGGER
from snakemake_logger_plugin_observe.recording import notes
from snakemake_logger_plugin_observe.recording.log_listener import LogListener
from snakemake_logger_plugin_observe.recording.options import JournalSettings
from snakemake_logger_plugin_observe.recording.recorder import Recorder
from snakemake_logger_plugin_observe.recording.run_start import RunStart

_BATCHES_PER_S: Final = 20
_FAILS: Final = 200
"""One job out of so many fails once."""
_BEFORE: Final = 1000
"""How many jobs before it the job is that a job needs."""
_SAMPLED_EACH_S: Final = 0.02
_FRAGMENT: Final = (
    '{"v":1,"clock":"node:n1","host":"n1","pid":%d,"wraps":"local","started":%d,"loaded":%d,'
    '"planned":%d,"ended":%d,"waits":[],"executions":[{"number":1,"rule":"step",'
    '"wildcards":{"i":"%d"},"status":"%s","begun":%d,"tool_started":%d,"tool_ended":%d,'
    '"checked":%d}]}\n'
)


class _Submission(NamedTuple):
    """An attempt that is out."""

    job_id: int
    number: int
    accepted: int
    count: int
    """How many were submitted until then; its fragment is called so."""


class FakeExecutor:
    """Submits jobs in batches to nothing, and says of each batch that it has ended."""

    def __init__(self, folder: Path, jobs: int) -> None:
        """Start recording a run in *folder*."""
        self._jobs = jobs
        now = clock.now()
        facts = {
            "kind": "run",
            "plugins": ("observe", "timed"),
            "executor": "timed",
            "wraps": "cluster-generic",
            "plugin_loaded": now,
            "workflow_started": now,
            "jobs": 2 * _BEFORE,
        }
        self.faults: list[str] = []
        self.recorder = Recorder(
            JournalSettings(), RunStart(now, folder, facts), fault=self.faults.append
        )
        self.sent: Counter[str] = Counter()
        self.ended = 0
        self._logger = logging.getLogger(SNAKEMAKE_LOGGER)
        self._logger.setLevel(logging.INFO)
        self._logger.propagate = False
        LogListener(self)
        self.recorder.folder.mkdir(parents=True, exist_ok=True)
        self._fragments = Fragments(self.recorder.folder)
        self._fragments.make_folder()
        self._submissions = 0
        self._out: list[_Submission] = []
        self._to_retry: list[int] = []

    # -- what the log listener calls: as the session does, all goes to the recorder --------------

    def record_note(self, note: notes.FromRecord) -> None:
        """Take a note that was made of a log record."""
        self.put(note)

    def put(self, note: notes.AnyNote) -> None:
        """Send a note, and count it."""
        self.sent[type(note).__name__] += 1
        self.recorder.put(note)

    def fault(self, error: BaseException) -> None:
        """Take an internal error."""
        self.faults.append(repr(error))

    # -- the run -----------------------------------------------------------------------------------

    def run(self, jobs_per_s: int, settle: int) -> None:
        """Send all jobs.

        Args:
            jobs_per_s: how many in a second.
            settle: after how many jobs to wait until all is written.

        """
        self._log("Building DAG of jobs...")
        self.put(notes.ExecutorTimed(clock.now(), self._fragments))
        self.put(notes.DagReady(clock.now()))
        self.put(notes.DagCounts(clock.now(), {"step": self._jobs}, {}))
        size = max(1, jobs_per_s // _BATCHES_PER_S)
        due, settled, first = time.monotonic(), 0, 0
        while first < self._jobs or self._out or self._to_retry:
            last = min(self._jobs, first + size)
            self._iteration(range(first, last))
            first = last
            if settle and self.ended - settled >= settle:
                settled = self.ended
                self.settle()
                due = time.monotonic()
            due += 1 / _BATCHES_PER_S
            time.sleep(max(0.0, due - time.monotonic()))

    def settle(self) -> float:
        """Wait until the recorder has handled all that was sent; return the seconds."""
        begun, done = time.monotonic(), threading.Event()
        self.recorder.put(notes.Drain(clock.now(), done))
        done.wait()
        return time.monotonic() - begun

    def _iteration(self, new: range) -> None:
        """Do what the main loop does when it wakes: end what was out, and submit what is ready."""
        woke = clock.now()
        out, self._out = self._out, []
        retried, self._to_retry = self._to_retry, []
        for one in out:
            self._end(woke, one)
        chosen = [(job_id, 2) for job_id in retried] + [(job_id, 1) for job_id in new]
        if not chosen:
            self.put(notes.IterationEnded(woke, clock.now()))
            return
        ids = tuple(job_id for job_id, _ in chosen)
        self._log("Select jobs to execute...")
        selecting = clock.now()
        self.put(notes.Selected(clock.now(), ids))
        selections = ((selecting, clock.now()),)
        for job_id, number in chosen:
            self._submit(job_id, number)
        self.put(notes.IterationEnded(woke, clock.now(), selections, len(ids), ids))

    def _submit(self, job_id: int, number: int) -> None:
        output = f"results/step/{job_id:06d}/calls.vcf.gz"
        needs = (job_id - _BEFORE,) if job_id >= _BEFORE else ()
        read = tuple(f"results/step/{one:06d}/calls.vcf.gz" for one in needs)
        self.put(
            notes.JobInfo(
                clock.now(),
                job_id,
                "step",
                number,
                {"i": str(job_id)},
                local=False,
                input=read,
                output=(output,),
                log=(f"logs/step/{job_id:06d}.log",),
                reason=f"Missing output files: {output}",
                resources={"tmpdir": "<TBD>", "mem_mb": 2000, "runtime": 30},
                threads=1,
                priority=0,
                shellcmd=f"bcftools call --threads 1 -o {output} {' '.join(read)}",
                dependencies=needs,
                code_digest="sha256:" + "c" * 64,
                params_digest="sha256:" + "d" * 64,
                environment_digest="e" * 32,
                retries=1,
            )
        )
        self._submissions += 1
        name, external = str(self._submissions), str(70_000 + self._submissions)
        submitting = clock.now()
        self._log(f"Submitted job {job_id} with external jobid '{external}'.")
        accepted = clock.now()
        stamps = {"submitting": submitting}
        self.put(notes.Accepted(accepted, (job_id, number), stamps, external, (name,)))
        self._out.append(_Submission(job_id, number, accepted, self._submissions))

    def _end(self, woke: int, one: _Submission) -> None:
        job_id, number, accepted, count = one
        failed = number == 1 and job_id % _FAILS == _FAILS - 1
        status: Any = "failed" if failed else "success"
        step = max(1, (woke - accepted) // 10)
        at = [accepted + step * count for count in range(10)]
        moments = (*at[1:4], at[8], job_id, status, *at[4:8])
        name = str(count)
        with open(f"{self._fragments.folder}/{name}.fragment", "w", encoding="ascii") as file:
            file.write(_FRAGMENT % (count, *moments))
        key, stamps = (job_id, number), {"reported": clock.now()}
        if not failed:
            begun = clock.now()
            self.put(notes.FilesWait(begun, key, "latency_wait", clock.now()))
        message = "exit code 1" if failed else None
        self.put(
            notes.Finished(clock.now(), key, status, stamps, message, (name,), poll_interval_s=1.0)
        )
        if failed:
            self._to_retry.append(job_id)
            self._log(f"Trying to restart job {job_id}.")
        else:
            self.ended += 1
            self._log(f"Finished jobid: {job_id}", event="job_finished", job_id=job_id)

    def _log(self, text: str, **more: Any) -> None:
        self._logger.info(text, extra=more)


class Sampler(threading.Thread):
    """Prints, again and again, how long the queue is and how much memory the process has."""

    def __init__(self, executor: FakeExecutor) -> None:
        """Sample the recorder of *executor*."""
        super().__init__(daemon=True)
        self._executor = executor
        self._begun = time.monotonic()
        self._over = threading.Event()

    def run(self) -> None:
        """Sample until ``stop`` is called."""
        while not self._over.wait(_SAMPLED_EACH_S):
            self.sample()

    def sample(self) -> None:
        """Print one sample."""
        self.say(
            {
                "at_s": round(time.monotonic() - self._begun, 3),
                "ended": self._executor.ended,
                "queue": self._executor.recorder.waiting,
                "rss_kb": _rss_kb(),
            }
        )

    def say(self, values: dict[str, Any]) -> None:
        """Print *values* as a line."""
        print(json.dumps(values), flush=True)

    def stop(self) -> None:
        """Print no more."""
        self._over.set()
        self.join()


def _rss_kb() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4


def main() -> None:
    """Run one burst."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("jobs", type=int)
    parser.add_argument("--rate", type=int, default=2000, help="jobs a second (default: 2000)")
    parser.add_argument("--settle", type=int, default=0, help="wait after each so many jobs")
    words = parser.parse_args()
    executor = FakeExecutor(words.folder, words.jobs)
    sampler = Sampler(executor)
    sampler.start()
    thread = threading.Thread(target=executor.run, args=(words.rate, words.settle))
    thread.start()
    thread.join()
    written_s = executor.settle()
    sampler.stop()
    before_kb, cpu, begun = _rss_kb(), time.process_time(), time.perf_counter()
    said = executor.recorder.finish(clock.now())
    sampler.say(
        {
            "sent": executor.sent,
            "written_s": round(written_s, 3),
            "end_s": round(time.perf_counter() - begun, 3),
            "end_cpu_s": round(time.process_time() - cpu, 3),
            "rss_kb": before_kb,
            "rss_at_the_end_kb": _rss_kb(),
            "faults": executor.faults,
            "said": said,
        }
    )
    sys.exit(bool(executor.faults))


if __name__ == "__main__":
    main()
