"""One run of Snakemake in a fresh folder, with a peer switched on, and what it has recorded."""

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from measuring import NotMeasured, run

from bench.environments import BUILD, Environment
from bench.peers import BOTH, OURS, Peer, Record
from bench.results import BARE

WITH_TIMED = "observe + timed"
"""Our variant with both plugins."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to run Snakemake: an environment, and what is switched on in it."""

    name: str
    environment: Environment
    flags: tuple[str, ...]

    @property
    def peer(self) -> Peer | None:
        """What is switched on, if anything."""
        return self.environment.peer


def local_variants(environments: dict[str, Environment]) -> list[Variant]:
    """Return bare, ours with one plugin and with both, and the peers."""
    found = []
    for name, environment in environments.items():
        peer = environment.peer
        found.append(Variant(name, environment, peer.flags if peer is not None else ()))
        if peer is OURS:
            found.append(Variant(WITH_TIMED, environment, BOTH))
    return sorted(found, key=lambda one: one.name != BARE)


@contextmanager
def fresh_folder() -> Iterator[Path]:
    """Yield an empty folder next to the environments, and remove it afterwards."""
    place = BUILD / "runs"
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        yield Path(folder)


def workflow_run(
    variant: Variant,
    snakefile: str,
    arguments: Sequence[str],
    jobs: int | None,
    *,
    read: Callable[[Path], dict[str, float]] = lambda folder: {},  # noqa: ARG005  # by default
    prepare: Callable[[Path], None] = lambda folder: None,  # noqa: ARG005  # as above
) -> dict[str, float]:
    """Run a workflow to its end; return what it used and recorded, and what *read* adds.

    Args:
        variant: what is switched on.
        snakefile: the text of the Snakefile.
        arguments: Snakemake's arguments, apart from what switches the peer on.
        jobs: how many jobs end in it, so that a peer that recorded fewer is noticed; None: a dry
            run, in which none does, and not every peer says anything.
        read: reads more values from the folder after the run.
        prepare: puts more than the Snakefile into the folder.

    Raises:
        NotMeasured: if the run fails, or if the peer did not record all of it.

    """
    with fresh_folder() as folder:
        (folder / "Snakefile").write_text(snakefile)
        prepare(folder)
        before = _record(variant, folder)
        with _server(variant.peer, folder) as port:
            variables = {k: v.format(port=port) for k, v in _variables(variant.peer)}
            flags = [flag.format(port=port) for flag in variant.flags]
            used = run(
                [variant.environment.program("snakemake"), *arguments, *flags],
                folder,
                variant.environment.variables(**variables),
            )
            ended = time.time()
        after = _record(variant, folder)
        if jobs is not None:
            _check(variant, folder, before, after, jobs)
        outputs = [one.stat().st_mtime for one in folder.glob("*.done")]
        return {
            "wall_s": used.wall_s,
            "cpu_s": used.cpu_s,
            "peak_mb": used.peak_mb,
            "end_s": ended - max(outputs, default=ended),
            "recorded_bytes": after.size_bytes - before.size_bytes,
            **read(folder),
        }


def _variables(peer: Peer | None) -> tuple[tuple[str, str], ...]:
    return peer.variables if peer is not None else ()


def _record(variant: Variant, folder: Path) -> Record:
    peer = variant.peer
    if peer is None or peer.record is None:
        return Record(0, None)
    return peer.record(folder, variant.environment.home)


def _check(variant: Variant, folder: Path, before: Record, after: Record, jobs: int) -> None:
    """Make sure that the peer was at work."""
    peer = variant.peer
    if peer is None:
        return
    said = (folder / "output.txt").read_text(errors="replace")
    if peer.says not in said:
        raise NotMeasured(f"not measured: {peer.name} did not print {peer.says!r}\n{said[-2000:]}")
    ended = (after.ended_jobs or 0) - (before.ended_jobs or 0)
    if after.ended_jobs is not None and ended < jobs:
        raise NotMeasured(f"not measured: {peer.name} recorded {ended} of {jobs} jobs")


@contextmanager
def _server(peer: Peer | None, folder: Path) -> Iterator[int]:
    """Yield a free port; a peer that needs a server has one there."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    if peer is None or not peer.server:
        yield port
        return
    script = str(Path(__file__).with_name(peer.server))
    command = [sys.executable, script, str(port), str(folder / "reports.jsonl")]
    with subprocess.Popen(command) as process:
        try:
            _wait_for(port)
            yield port
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise NotMeasured("not measured: the stand-in for a server did not start")
