"""The origin of a workflow's sources is found in the background, and nothing that hangs delays it."""

import hashlib
import queue
import threading
from pathlib import Path

import pytest

from snakemake_logger_plugin_observe.recording import provenance
from snakemake_logger_plugin_observe.recording.notes import SourcesFound
from snakemake_logger_plugin_observe.recording.provenance import look_up

TEXT = b"rule all:\n"
SHA256 = hashlib.sha256(TEXT).hexdigest()


def plain(_path: str, digest: str) -> str:
    return digest


def found_in(folder: Path, *sources: str) -> SourcesFound:
    notes: queue.SimpleQueue[SourcesFound] = queue.SimpleQueue()
    look_up("Snakefile", sources, folder, notes.put, plain)
    return notes.get(timeout=30)


def test_the_snakefile_and_each_source_have_their_digest(tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_bytes(TEXT)
    (tmp_path / "a.py").write_bytes(b"a")
    found = found_in(tmp_path, *(str(tmp_path / name) for name in ("a.py", "Snakefile", "none.py")))
    assert found.snakefile_sha256 == SHA256
    assert found.sources == {"Snakefile": SHA256, "a.py": hashlib.sha256(b"a").hexdigest()}
    assert list(found.sources) == ["Snakefile", "a.py"]


def test_sources_are_recorded_without_a_readable_snakefile(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"a")
    found = found_in(tmp_path, str(tmp_path / "a.py"))
    assert (found.snakefile_sha256, list(found.sources)) == (None, ["a.py"])


def test_digests_read_before_a_file_system_hangs_are_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Snakefile").write_bytes(TEXT)
    answers = threading.Event()

    def hangs(_paths: object, _workdir: Path, found: dict[str, str], _keyed: object) -> None:
        found["first.py"] = SHA256
        answers.wait(30)
        found["never.py"] = SHA256

    monkeypatch.setattr(provenance, "digests", hangs)
    monkeypatch.setattr(provenance, "_SOURCES_LIMIT_S", 0.2)
    try:
        found = found_in(tmp_path, "first.py", "never.py")
    finally:
        answers.set()
    assert (found.snakefile_sha256, found.sources) == (SHA256, {"first.py": SHA256})


def test_without_a_snakefile_there_is_no_note(tmp_path: Path) -> None:
    notes = []
    look_up(None, (), tmp_path, notes.append, plain)
    assert notes == []
