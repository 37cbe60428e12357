"""The work whose instructions ``short.py`` counts; a mark stands before and after each piece.

``python short_work.py imports``, ``recording`` or ``reading FEW MANY`` with two journals.
``os.getloadavg`` is the mark, see ``counting.py``.
"""

import argparse
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

# Found at the first look, however this project is installed: each other costs instructions.
sys.path.insert(0, str(Path(__file__).parents[1]))

FEW, MANY = 10, 50
"""How many jobs are recorded: the difference is what 40 take."""
_ROOTS = ("snakemake_logger_plugin_observe", "snakemake_executor_plugin_timed")
_EPOCH = 1_700_000_000_000_000
_SECOND = 1_000_000


def _counted(piece: Callable[[], object]) -> None:
    os.getloadavg()
    piece()
    os.getloadavg()


def imports() -> None:
    """Import and register both roots and add their flags, with all that is not ours loaded."""
    from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry
    from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry

    registries = (LoggerPluginRegistry(), ExecutorPluginRegistry())  # they load all plugins

    def both() -> None:
        parser = argparse.ArgumentParser()
        for name, registry in zip(_ROOTS, registries, strict=True):
            registry.register_plugin(name, import_module(name))
            plugin = registry.plugins[name.rpartition("_")[2]]
            plugin.register_cli_args(parser, registry.get_plugin_type())

    both()
    for name in [one for one in sys.modules if one.startswith(_ROOTS)]:
        del sys.modules[name]
    _counted(both)


def recording() -> None:
    """Record a run of a few local jobs, and one of more, from the notes of both plugins.

    All in this thread, as where no other can be started: else what is counted would depend on how
    many notes come in one burst.
    """
    for name in ("recorder", "input_watch", "provenance"):
        module = import_module(f"{_ROOTS[0]}.recording.{name}")
        module.in_background = lambda work, name: False  # noqa: ARG005
    with tempfile.TemporaryDirectory() as folder:
        for number, jobs in enumerate((FEW, FEW, MANY)):
            here = Path(folder) / str(number)
            here.mkdir()
            for job in range(jobs):
                (here / f"{job}.done").touch()
            taken = _notes(jobs)
            if number:
                _counted(lambda here=here, taken=taken: _record(here, taken))  # type: ignore[misc]
            else:
                _record(here, taken)  # what is imported once, and compiled


def _record(folder: Path, taken: list[Any]) -> None:
    from snakemake_logger_plugin_observe.recording.options import JournalSettings
    from snakemake_logger_plugin_observe.recording.recorder import Recorder
    from snakemake_logger_plugin_observe.recording.run_start import RunStart

    facts = {"plugins": ("observe", "timed"), "kind": "run", "executor": "timed", "wraps": "local"}
    start = RunStart(_EPOCH, folder, facts)
    recorder = Recorder(JournalSettings(quiet=True), start, fault=sys.exit)
    for note in taken:
        recorder.put(note)
    recorder.finish(taken[-1].time + _SECOND)


def _notes(jobs: int) -> list[Any]:
    """Return what both plugins hand to the recorder in a run of *jobs* trivial local jobs."""
    from snakemake_logger_plugin_observe.recording import notes

    found: list[Any] = [
        notes.ExecutorTimed(_EPOCH, None),
        notes.DagReady(_EPOCH),
        notes.DagCounts(_EPOCH, {"touch": jobs}, {}),
    ]
    for job in range(jobs):
        begun, key = _EPOCH + (job + 1) * _SECOND // 10, (job, 1)
        times = {name: begun + 1000 * at for at, name in enumerate(_STAGES)}
        found += [
            _described(notes.JobInfo, begun, job),
            notes.Accepted(begun + 500, key, {"submitting": begun + 100}),
            notes.IterationEnded(
                begun, begun + 600, ((begun, begun + 50),), ready=jobs - job, selected=(job,)
            ),
            notes.ExecutionStages(begun + 600, key, {name: times[name] for name in _STAGES[:4]}),
            notes.ExecutionStages(begun + 9000, key, times, "success"),
            notes.FilesWait(begun + 9500, key, "latency_wait", begun + 9600),
            notes.Finished(begun + 9800, key, "success", {"reported": begun + 9400}),
        ]
    return found


_STAGES = ("begun", "prepared", "running", "tool_started", "tool_ended", "reported", "checked")


def _described(kind: Any, begun: int, job: int) -> Any:
    return kind(
        begun + 50,
        job_id=job,
        rule="touch",
        attempt=1,
        wildcards={"i": str(job)},
        local=False,
        output=(f"{job}.done",),
        reason=f"Missing output files: {job}.done",
        resources={"_cores": 1, "_nodes": 1, "tmpdir": "/tmp"},  # noqa: S108 - as Snakemake logs it
        threads=1,
        priority=0,
        shellcmd=f"touch {job}.done",
        dependencies=(),
        code_digest="sha256:" + 64 * "0",
        params_digest="sha256:" + 64 * "1",
        environment_digest="d41d8cd98f00b204e9800998ecf8427e",
        retries=0,
    )


def reading(few: str, many: str) -> None:
    """Read two journals with ``json.loads``, with ``cost --format json`` and with ``path``."""
    from snakemake_logger_plugin_observe.__main__ import main

    def loads(path: str) -> None:
        with Path(path).open("rb") as lines:
            for line in lines:
                json.loads(line)

    def command(*words: str) -> None:
        with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
            main(list(words))

    for work in (
        loads,
        lambda path: command("cost", path, "--format", "json"),
        lambda path: command("path", path),
    ):
        work(few)  # what is imported once, and compiled
        _counted(lambda work=work: work(few))  # type: ignore[misc]
        _counted(lambda work=work: work(many))  # type: ignore[misc]


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
