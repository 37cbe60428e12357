"""The origin of a workflow's sources is found in the background, and nothing that hangs delays it."""

import hashlib
import os
import queue
import subprocess
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


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    command = ["git", "-C", str(folder), *who, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(params=["sha1", "sha256"])
def repository(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    git(folder, "init", "-q", f"--object-format={request.param}")
    (folder / "Snakefile").write_bytes(TEXT)
    git(folder, "add", "Snakefile")
    git(folder, "commit", "-qm", "first")
    return folder


def of_git(folder: Path) -> tuple[str | None, bool | None]:
    found = found_in(folder)
    return found.git_commit, found.git_dirty


def test_the_commit_and_whether_tracked_files_differ(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    (repository / "new.txt").write_bytes(b"not tracked")
    os.utime(repository / "Snakefile", (0, 0))  # touched, and the same
    assert of_git(repository) == (commit, False)
    (repository / "Snakefile").write_bytes(TEXT + TEXT)
    assert of_git(repository) == (commit, True)
    git(repository, "add", "Snakefile")
    assert of_git(repository) == (commit, True)
    git(repository, "commit", "-qm", "second")
    assert of_git(repository) == (git(repository, "rev-parse", "HEAD"), False)


def test_a_mode_that_the_repository_ignores_is_no_difference(repository: Path) -> None:
    (repository / "Snakefile").chmod(0o755)
    assert of_git(repository)[1] is True
    git(repository, "config", "core.fileMode", "false")
    assert of_git(repository)[1] is False


def test_a_linked_worktree_and_a_folder_below_have_their_commit(
    repository: Path, tmp_path: Path
) -> None:
    git(repository, "worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    below = tmp_path / "linked" / "workflow"
    below.mkdir()
    (below / "Snakefile").write_bytes(TEXT)
    commit = git(repository, "rev-parse", "HEAD")
    assert of_git(below) == (commit, False)
    (tmp_path / "linked" / "Snakefile").write_bytes(b"")
    assert of_git(below) == (commit, True)


def test_no_program_that_a_repository_names_is_run(repository: Path, tmp_path: Path) -> None:
    """A colleague who can write to a folder of ours may make it a repository by its name alone."""
    mark, program = tmp_path / "mark", tmp_path / "program.sh"
    program.write_text(f"#!/bin/sh\necho \"$@\" >> '{mark}'\ncat\n")
    program.chmod(0o755)
    (repository / ".gitattributes").write_text("* filter=x diff=x\n")
    git(repository, "add", ".gitattributes")
    git(repository, "commit", "-qm", "second")
    inner = tmp_path / "inner"
    git(tmp_path, "clone", "-q", str(repository), str(inner))
    git(repository, "-c", "protocol.file.allow=always", "submodule", "add", str(inner), "inner")
    git(repository, "commit", "-qm", "third")
    (repository / "hooks").mkdir()
    for hook in ("post-index-change", "fsmonitor-watchman", "post-checkout"):
        (repository / "hooks" / hook).symlink_to(program)
    for one in (repository, repository / "inner"):
        for name in ("core.fsmonitor", "filter.x.clean", "filter.x.process", "diff.x.textconv"):
            git(one, "config", name, f"{program} {name}")
        for name in ("core.pager", "pager.status", "core.sshCommand", "core.alternateRefsCommand"):
            git(one, "config", name, f"{program} {name}")
        git(one, "config", "alias.status", f"!{program} alias")
        git(one, "config", "core.hooksPath", str(repository / "hooks"))
        os.utime(one / "Snakefile", (0, 0))
    commit = (repository / ".git" / "refs" / "heads").iterdir().__next__().read_text().strip()
    mark.unlink(missing_ok=True)
    assert of_git(repository) == (commit, False)
    assert not mark.exists(), mark.read_text()
