"""Recorders that tests feed with notes, and the journals that they write."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from builders import an_execution, at, level

from snakemake_logger_plugin_observe.journal.node_reports import NodeReport
from snakemake_logger_plugin_observe.journal.reading import read_journal
from snakemake_logger_plugin_observe.recording import notes
from snakemake_logger_plugin_observe.recording.options import JournalSettings
from snakemake_logger_plugin_observe.recording.recorder import Recorder
from snakemake_logger_plugin_observe.recording.run_start import RunStart
from snakemake_logger_plugin_observe.run.attempt import Key
from snakemake_logger_plugin_observe.run.fold import fold
from snakemake_logger_plugin_observe.run.model import Run

SECRET = "hunter22-hunter22"  # noqa: S105 - made to be found


NODE_LEVEL = level(
    an_execution(
        begun=8, prepared=8, running=8, tool_started=9, tool_ended=11, reported=11, checked=12
    ),
    started=6,
    loaded=7,
    planned=8,
    ended=13,
)


COMPLETE = NodeReport(starts=(at(6),), levels=(NODE_LEVEL,), complete=True)


class Reports:
    """Node reports: a list for each submission, read one after the other; the last one stays."""

    folder = Path("observe") / ("0" * 32)

    def __init__(self, **by_submission: Any) -> None:
        self.by_submission = {
            name.lstrip("s"): list(reports) for name, reports in by_submission.items()
        }
        self.removed = []

    def read(self, submission: tuple[str, ...]) -> NodeReport:
        reports = self.by_submission.get(submission[0], [NodeReport()])
        return reports.pop(0) if len(reports) > 1 else reports[0]

    def remove(self, submission: tuple[str, ...]) -> None:
        self.removed.extend(submission)

    def remove_left_over(self) -> None:
        return

    def close(self) -> None:
        return


class Recording:
    """One recorded run, its moments given in seconds."""

    def __init__(
        self,
        folder: Path,
        *,
        secrets: tuple[str, ...] = (),
        reports: Reports | None = None,
        wrapped: bool = True,
        planned: bool = True,
        settings: Any = None,
        run_settings: Any = None,
        allocation: str | None = None,
        **facts: Any,
    ) -> None:
        self.faults = []
        self.folder = folder
        self.recorder = Recorder(
            settings or JournalSettings(folder=folder / "journals"),
            RunStart(
                at(2),
                folder,
                {
                    "kind": "run",
                    "plugins": ("observe", "timed") if wrapped else ("observe",),
                    "executor": "timed" if wrapped else "slurm",
                    "wraps": "slurm" if wrapped else None,
                    "plugin_loaded": at(1),
                    "workflow_started": at(2),
                    "settings": run_settings or {},
                    **facts,
                },
                secrets=secrets,
                allocation=allocation,
            ),
            fault=self.faults.append,
        )
        self.message(2, "building_dag", "Building DAG of jobs...")
        if wrapped:
            self.put(notes.ExecutorTimed, 3, reports=reports)
        if planned:
            self.put(notes.DagReady, 3)

    def put(self, kind: type[notes.Note], moment_s: float, /, **fields: Any) -> Self:
        self.recorder.put(kind(at(moment_s), **fields))
        return self

    def message(self, moment_s: float, kind: str, text: str = "", level: str = "info") -> Self:
        return self.put(notes.LogMessage, moment_s, level=level, kind=kind, text=text)

    def job(self, job_id: Any, needs: tuple[int, ...] = (), **more: Any) -> Self:
        known = {"job_id": job_id, "rule": "map", "dependencies": needs}
        return self.put(notes.JobInfo, 3, **{**known, **more})

    def selected(self, moment_s: float, *job_ids: int | str) -> Self:
        return self.put(notes.Selected, moment_s, job_ids=job_ids)

    def stages(
        self,
        moment_s: float,
        key: Key,
        *,
        status: str | None = None,
        exit_code: int | None = None,
        message: str | None = None,
        **moments_s: float,
    ) -> Self:
        """Put an execution in the main process, with its moments so far."""
        return self.put(
            notes.ExecutionStages,
            moment_s,
            key=key,
            moments={name: at(value) for name, value in moments_s.items()},
            status=status,
            exit_code=exit_code,
            message=message,
        )

    def remote(
        self,
        job_id: Any,
        number: int = 1,
        begin_s: float = 4,
        *,
        status: str = "success",
        submission: str = "1",
    ) -> Self:
        """Put an attempt on a node, from its selection at *begin_s* to its end 11 s later."""
        key = (job_id, number)
        self.selected(begin_s, job_id)
        self.accepted(begin_s + 1, key, f"7{number}", submission, submitting=begin_s)
        return self.finished(begin_s + 11, key, status, submission, reported=begin_s + 10)

    def accepted(
        self, moment_s: float, key: Key, external: str, submission: str, **stamps_s: float
    ) -> Self:
        return self.put(
            notes.Accepted,
            moment_s,
            key=key,
            stamps={name: at(value) for name, value in stamps_s.items()},
            external_jobid=external,
            submission=(submission,),
        )

    def finished(
        self,
        moment_s: float,
        key: Key,
        status: str = "success",
        submission: str | None = None,
        message: str | None = None,
        **stamps_s: float,
    ) -> Self:
        return self.put(
            notes.Finished,
            moment_s,
            key=key,
            status=status,
            stamps={name: at(value) for name, value in stamps_s.items()},
            message=message,
            submission=() if submission is None else (submission,),
        )

    def settle(self) -> None:
        """Wait until the recorder has taken all notes in."""
        done = threading.Event()
        self.put(notes.Drain, 0, done=done)
        assert done.wait(10)

    def finish(self, moment_s: float = 20) -> Self:
        self.answer = self.recorder.finish(at(moment_s))
        return self

    @property
    def path(self) -> Path:
        (path,) = (self.folder / "journals").glob("*.jsonl")
        return path

    @property
    def events(self) -> list[Any]:
        return list(read_journal(self.path))

    @property
    def run(self) -> Run:
        return fold(read_journal(self.path))

    def kinds(self) -> list[str]:
        return [event.event for event in self.events]


Record = Callable[..., Recording]
