"""What a run has published: files by globs, and commands that have to end with 0."""

import os
import sys
import time
from pathlib import Path

import pytest

from snakemake_logger_plugin_observe.external.published_files import (
    PublishedFile,
    checksums,
    published,
)
from snakemake_logger_plugin_observe.external.verify_commands import (
    VerifyResult,
    run_verify_command,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a working directory with files, hidden ones, links and a folder that holds itself."""
    work = tmp_path / "work"
    for name in (
        "r/a.tsv",
        "r/b.tsv",
        "r/deep/c.tsv",
        "r/.hidden.tsv",
        ".snakemake/x",
        "r/[1].txt",
    ):
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(name)
    (work / "r" / "empty").mkdir()
    (work / "r" / "link.tsv").symlink_to("a.tsv")
    (work / "r" / "nowhere.tsv").symlink_to("gone")
    (work / "r" / "loop").symlink_to("..")
    return work


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("r/a.tsv", ["r/a.tsv"]),
        ("r/*.tsv", ["r/a.tsv", "r/b.tsv", "r/link.tsv"]),
        ("r/?.tsv", ["r/a.tsv", "r/b.tsv"]),
        ("r/[ab].tsv", ["r/a.tsv", "r/b.tsv"]),
        ("r/[[]1].txt", ["r/[1].txt"]),
        ("r/**", ["r/[1].txt", "r/a.tsv", "r/b.tsv", "r/deep/c.tsv", "r/link.tsv"]),
        ("**/c.tsv", ["r/deep/c.tsv"]),
        ("**/*.tsv", ["r/a.tsv", "r/b.tsv", "r/deep/c.tsv", "r/link.tsv"]),
        ("**", ["r/[1].txt", "r/a.tsv", "r/b.tsv", "r/deep/c.tsv", "r/link.tsv"]),
        ("*/deep/*", ["r/deep/c.tsv"]),
        ("r/.*", ["r/.hidden.tsv"]),
        ("r/A.tsv", []),
        ("r/empty/**", []),
        ("r", []),
        ("r/nowhere.tsv", []),
        ("none/**", []),
        ("r/a.tsv/**", []),
    ],
)
def test_a_glob_finds_files_and_follows_no_link_to_a_folder(
    folder: Path, pattern: str, names: list[str]
) -> None:
    assert [one.path for one in published(folder, pattern)] == names


def test_a_file_has_its_size(folder: Path) -> None:
    (folder / "r" / "a.tsv").write_bytes(b"x" * 123)
    assert published(folder, "r/a.tsv") == [PublishedFile("r/a.tsv", 123)]


def verify(folder: Path, *words: str, timeout_s: float = 60) -> VerifyResult:
    return run_verify_command(
        words, here=Path("/where/the file is"), folder=folder, timeout_s=timeout_s
    )


def test_a_command_runs_in_the_run_s_folder(folder: Path) -> None:
    found = verify(folder, "pwd")
    assert (found.ok, found.exit_code, found.why) == (True, 0, "")
    assert found.output == (str(folder),)


def test_here_is_replaced_and_no_shell_expands_the_arguments(folder: Path) -> None:
    found = verify(folder, "echo", "{here}/x", "$HOME", "; false", "{other}")
    assert found.output == ("/where/the file is/x $HOME ; false {other}",)
    assert found.command == ("echo", "/where/the file is/x", "$HOME", "; false", "{other}")


@pytest.mark.parametrize(
    ("script", "code", "why"),
    [("exit 3", 3, "exit code 3"), ("kill -9 $$", -9, "signal 9")],
)
def test_a_failed_command_has_its_exit_code_or_signal(
    folder: Path, script: str, code: int, why: str
) -> None:
    found = verify(folder, "sh", "-c", script)
    assert (found.ok, found.exit_code, found.why) == (False, code, why)


def test_a_missing_command_fails(folder: Path) -> None:
    assert verify(folder, "no-such-command", "x") == VerifyResult(
        ("no-such-command", "x"), None, "no-such-command: No such file or directory"
    )


def test_a_missing_folder_is_named(folder: Path) -> None:
    found = verify(folder / "gone", "true")
    assert (found.exit_code, found.why) == (None, f"{folder / 'gone'}: No such file or directory")


def test_the_last_lines_of_both_streams_are_recorded_in_order(folder: Path) -> None:
    found = verify(
        folder, "sh", "-c", "seq 1 100000; echo; echo 'to stderr' >&2; printf '\\377 end'; exit 1"
    )
    assert len(found.output) == 20
    assert found.output[-3:] == ("100000", "to stderr", "\N{REPLACEMENT CHARACTER} end")


def test_a_command_has_an_empty_stdin(folder: Path) -> None:
    assert verify(folder, "cat").ok


def test_a_command_that_takes_too_long_is_killed_with_its_children(folder: Path) -> None:
    begun = time.monotonic()
    script = "sleep 60 & echo $!; wait"
    found = verify(folder, "sh", "-c", script, timeout_s=0.5)
    assert time.monotonic() - begun < 30
    assert (found.exit_code, found.why) == (None, "not done after 0.5 s")
    (child,) = found.output
    assert _ends(int(child))


def _ends(pid: int) -> bool:
    for _ in range(100):
        state = Path(f"/proc/{pid}/stat")
        try:
            if state.read_text().rpartition(")")[2].split()[0] == "Z":
                return True
            os.kill(pid, 0)
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.05)
    return False


def test_a_surviving_child_is_not_waited_for(folder: Path) -> None:
    begun = time.monotonic()
    found = verify(
        folder, "sh", "-c", f"{sys.executable} -c 'import time; time.sleep(3)' & echo done"
    )
    assert found.output == ("done",)
    assert time.monotonic() - begun < 2.5


def test_checksums_equal_those_of_sha256sum(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.txt").write_text("a\n")
    (tmp_path / "out" / "hidden").mkdir()
    assert checksums(tmp_path, ["out/*", "out/a.*", "none/*"]) == {
        "out/a.txt": "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7"
    }
