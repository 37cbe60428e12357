"""The private folder of fragments: what others put in its way is neither used nor removed."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import T0

from snakemake_executor_plugin_timed import fragment_folder
from snakemake_executor_plugin_timed.fragment_folder import UnsafeFolderError
from snakemake_executor_plugin_timed.fragments import Fragments
from snakemake_executor_plugin_timed.node import NodeSide
from snakemake_logger_plugin_observe.journal.trusted_paths import UntrustedLinkError

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be two users")
SHELLS = [shell for shell in ("sh", "dash", "bash") if os.path.exists(f"/bin/{shell}")]
OLD = (1, 1)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return tmp_path / "work" / ".snakemake" / "observe"


@pytest.fixture
def fragments(base: Path) -> Iterator[Fragments]:
    made = Fragments(base)
    made.make_folder()
    yield made
    made.close()


def written_by_both(fragments: Fragments, shell: str = "sh") -> None:
    """Let a node's shell and its Snakemake write to the first fragment."""
    sign = fragments.first_sign("1")
    subprocess.run([shell, "-c", f"set -eu; {sign} && true"], timeout=10, check=True)
    NodeSide(str(fragments.path("1")), "local", T0).leave()


# -- how it is made --------------------------------------------------------------------------------


def test_it_is_private_and_nobody_can_guess_its_name(base: Path) -> None:
    before = os.umask(0)
    try:
        names = set()
        for _ in range(20):
            made = Fragments(base)
            made.make_folder()
            assert made.folder.parent == base
            assert re.fullmatch("[0-9a-f]{32}", made.folder.name)
            assert made.folder.stat().st_mode & 0o7777 == 0o700
            names.add(made.folder.name)
        assert len(names) == 20
    finally:
        os.umask(before)


def test_nothing_is_made_before_it_is_needed(base: Path) -> None:
    Fragments(base).remove_left_over()
    Fragments(base).close()
    assert not base.parent.exists()


def test_closing_removes_it_unless_a_fragment_is_left(base: Path) -> None:
    empty, used = Fragments(base), Fragments(base)
    for made in (empty, used):
        made.make_folder()
    written_by_both(used)
    for made in (empty, used, used):
        made.close()
    assert [path.name for path in base.rglob("*")] == [used.folder.name, "1.fragment"]


@pytest.mark.parametrize("way", ["group may write", "another owner"])
def test_a_folder_that_is_not_private_is_not_used(
    base: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """As on a file system without modes, or one that shows another owner."""
    real = os.fstat

    def shown(descriptor: int) -> os.stat_result:
        known = list(real(descriptor))
        if way == "another owner":
            known[4] += 1
        else:
            known[0] |= 0o020
        return os.stat_result(known)

    monkeypatch.setattr(fragment_folder.os, "fstat", shown)
    with pytest.raises(UnsafeFolderError):
        Fragments(base).make_folder()
    assert list(base.iterdir()) == []


# -- links on the way ------------------------------------------------------------------------------


def test_a_link_of_this_user_s_own_is_followed(base: Path, tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    base.parent.mkdir(parents=True)
    base.symlink_to(tmp_path / "scratch")
    made = Fragments(base)
    made.make_folder()
    written_by_both(made)
    assert made.path("1").stat().st_size > 100


@AS_ROOT
@pytest.mark.parametrize("where", [".snakemake", ".snakemake/observe"])
def test_another_user_s_link_is_not_followed(tmp_path: Path, where: str) -> None:
    mine = tmp_path / "mine"
    (mine / "observe").mkdir(parents=True)
    link = tmp_path / "work" / where
    link.parent.mkdir(parents=True)
    link.symlink_to(mine)
    os.lchown(link, 12345, 12345)
    made = Fragments(tmp_path / "work" / ".snakemake" / "observe")
    with pytest.raises(UntrustedLinkError):
        made.make_folder()
    made.remove_left_over()
    assert [path.name for path in mine.rglob("*")] == ["observe"]


@AS_ROOT
def test_another_user_s_folder_is_used_as_a_shared_one(base: Path) -> None:
    """Two people run in turn in one working directory: it belongs to whoever was first."""
    base.mkdir(parents=True)
    os.chown(base, 12345, 12345)
    made = Fragments(base)
    made.make_folder()
    written_by_both(made)
    assert made.path("1").exists()


@AS_ROOT
def test_another_user_s_link_to_their_own_folder_is_followed(base: Path, tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    base.parent.mkdir(parents=True)
    base.symlink_to(tmp_path / "scratch")
    os.chown(tmp_path / "scratch", 12345, 12345)
    os.lchown(base, 12345, 12345)
    Fragments(base).make_folder()
    assert len(list((tmp_path / "scratch").iterdir())) == 1


# -- what nodes write ------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", SHELLS)
def test_both_write_to_one_private_file(fragments: Fragments, shell: str) -> None:
    written_by_both(fragments, shell)
    report = fragments.read(("1",))
    assert (len(report.starts), report.complete, report.problem) == (1, True, None)
    assert fragments.path("1").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("shell", SHELLS)
def test_the_sign_works_where_a_path_has_spaces(tmp_path: Path, shell: str) -> None:
    made = Fragments(tmp_path / "a b; c" / ".snakemake" / "observe")
    made.make_folder()
    written_by_both(made, shell)
    assert len(made.read(("1",)).starts) == 1


@pytest.mark.parametrize("shell", SHELLS)
def test_the_sign_is_the_same_inside_double_quotes(fragments: Fragments, shell: str) -> None:
    """As in ``sbatch --wrap="..."``, where a shell expands it first."""
    inner = f'{shell} -c "{fragments.first_sign("1")} && echo on"'
    done = subprocess.run(
        [shell, "-c", inner], capture_output=True, text=True, timeout=10, check=True
    )
    assert (done.stdout, done.stderr) == ("on\n", "")
    assert len(fragments.read(("1",)).starts) == 1


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("planted", ["link", "dangling link", "pipe", "pipe with a reader"])
def test_what_is_planted_in_a_fragment_s_place_is_not_written_to(
    fragments: Fragments, tmp_path: Path, planted: str, shell: str
) -> None:
    kept = tmp_path / "kept"
    reader = None
    if planted.startswith("pipe"):
        os.mkfifo(fragments.path("1"))
        if planted == "pipe with a reader":
            reader = os.open(fragments.path("1"), os.O_RDONLY | os.O_NONBLOCK)
    else:
        if planted == "link":
            kept.write_text("mine")
        fragments.path("1").symlink_to(kept)
    written_by_both(fragments, shell)
    if reader is not None:
        os.close(reader)
    assert not kept.exists() or kept.read_text() == "mine"


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("planted", ["link", "pipe", "file", "nothing"])
def test_another_folder_in_its_place_is_not_written_to(
    fragments: Fragments, tmp_path: Path, planted: str, shell: str
) -> None:
    """Whoever may write to the shared folder can rename what is in it."""
    kept = tmp_path / "kept"
    kept.mkdir(0o700)
    fragments.folder.rename(tmp_path / "moved")
    match planted:
        case "link":
            fragments.folder.symlink_to(kept)
        case "pipe":
            os.mkfifo(fragments.folder)
        case "file":
            fragments.folder.write_text("")
    written_by_both(fragments, shell)
    assert list(kept.iterdir()) == []
    assert [path.name for path in (tmp_path / "moved").iterdir()] == [fragments.folder.name]
    fragments.close()
    assert kept.exists()


@AS_ROOT
def test_a_folder_of_another_user_is_not_written_to(fragments: Fragments) -> None:
    os.chown(fragments.folder, 12345, 12345)
    written_by_both(fragments)
    assert [path.name for path in fragments.folder.iterdir()] == [fragments.folder.name]


def test_a_folder_that_others_write_to_is_not_written_to_by_snakemake(fragments: Fragments) -> None:
    fragments.folder.chmod(0o770)
    NodeSide(str(fragments.path("1")), "local", T0).leave()
    assert not fragments.path("1").exists()


@pytest.mark.parametrize("shell", SHELLS)
def test_a_private_folder_without_the_marker_is_not_written_to(
    fragments: Fragments, shell: str
) -> None:
    """Others may have moved a folder of this user's there."""
    (fragments.folder / fragments.folder.name).unlink()
    written_by_both(fragments, shell)
    assert list(fragments.folder.iterdir()) == []


@pytest.mark.parametrize("shell", SHELLS)
def test_a_private_folder_below_a_moved_one_is_not_written_to(
    fragments: Fragments, base: Path, shell: str
) -> None:
    """Only the last name of a path can be kept from being a link when it is opened."""
    private = base.parent.parent / fragments.folder.name
    private.mkdir(0o700)
    base.rename(base.parent / "moved")
    base.symlink_to(base.parent.parent)
    written_by_both(fragments, shell)
    assert list(private.iterdir()) == []


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("mode", [0o770, 0o2775, 0o1777], ids=oct)
@pytest.mark.parametrize("way", ["link", "folder"])
def test_a_folder_that_others_write_to_is_not_written_to_whatever_is_in_it(
    fragments: Fragments, tmp_path: Path, way: str, mode: int, shell: str
) -> None:
    """There, others can call files of this user's like the marker, and make links."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(mode)
    (shared / "precious.csv").write_text("mine")
    (shared / "precious.csv").rename(shared / "1.fragment")
    (shared / fragments.folder.name).symlink_to("1.fragment")
    fragments.folder.rename(tmp_path / "moved")
    if way == "link":
        fragments.folder.symlink_to(shared)
    else:
        shared = shared.rename(fragments.folder)
    written_by_both(fragments, shell)
    assert (shared / "1.fragment").read_text() == "mine"


@pytest.mark.parametrize("shell", SHELLS)
def test_a_folder_in_one_that_passes_its_group_on_is_used(tmp_path: Path, shell: str) -> None:
    """A folder made in a setgid one is setgid, too."""
    work = tmp_path / "work"
    work.mkdir()
    work.chmod(0o2775)
    made = Fragments(work / ".snakemake" / "observe")
    made.make_folder()
    assert made.folder.stat().st_mode & 0o7777 == 0o2700
    written_by_both(made, shell)
    report = made.read(("1",))
    assert (len(report.starts), len(report.levels)) == (1, 1)


# -- clean-up --------------------------------------------------------------------------------------


def left_over(base: Path, *names: str, run: str = "0" * 32) -> Path:
    """Return an old folder of a killed run, with these files in it."""
    folder = base / run
    folder.mkdir(0o700, parents=True)
    for name in (run, *names):
        (folder / name).touch(0o600)
        os.utime(folder / name, OLD)
    os.utime(folder, OLD)
    return folder


def test_an_old_folder_of_a_killed_run_is_removed(base: Path) -> None:
    folder = left_over(base, "1.fragment", "12.3.fragment")
    Fragments(base).remove_left_over()
    assert not folder.exists()


def test_a_young_folder_and_a_young_fragment_are_kept(base: Path) -> None:
    young, mixed = left_over(base, "1.fragment"), left_over(base, "1.fragment", run="1" * 32)
    os.utime(young)
    os.utime(mixed / "1.fragment")
    Fragments(base).remove_left_over()
    assert (young / "1.fragment").exists()
    assert [path.name for path in mixed.iterdir()] == ["1.fragment"]


def test_what_a_run_does_not_make_is_kept(base: Path, tmp_path: Path) -> None:
    folder = left_over(base, "1.fragment", "data.csv", "x.fragment", "1.fragment.txt")
    (folder / "2.fragment").mkdir()
    (folder / "3.fragment").symlink_to(tmp_path)
    os.utime(folder, OLD)
    named = left_over(base, "1.fragment", run="results")
    Fragments(base).remove_left_over()
    kept = ["1.fragment.txt", "2.fragment", "3.fragment", "data.csv", "x.fragment"]
    assert sorted(path.name for path in folder.iterdir()) == kept
    assert (named / "1.fragment").exists()


def test_nothing_is_removed_through_a_link(base: Path, tmp_path: Path) -> None:
    elsewhere = left_over(tmp_path / "elsewhere", "1.fragment")
    base.mkdir(parents=True)
    (base / ("a" * 32)).symlink_to(elsewhere)
    Fragments(base).remove_left_over()
    assert (elsewhere / "1.fragment").exists()
    assert (base / ("a" * 32)).is_symlink()


def test_old_fragments_of_earlier_versions_are_removed(base: Path) -> None:
    base.mkdir(parents=True)
    old, young = base / "0123456789ab-1.fragment", base / "0123456789ab-2.3.fragment"
    others = [base / "a.jsonl", base / "mine.fragment", base / "0123456789ab-x.fragment"]
    for path in (old, young, *others):
        path.touch()
    for path in (old, *others):
        os.utime(path, OLD)
    Fragments(base).remove_left_over()
    assert sorted(base.iterdir()) == sorted([young, *others])


@AS_ROOT
@pytest.mark.parametrize("owned", ["folder", "file", "earlier file"])
def test_what_another_user_left_is_kept(base: Path, owned: str) -> None:
    folder = left_over(base, "1.fragment")
    earlier = base / "0123456789ab-1.fragment"
    earlier.touch()
    os.utime(earlier, OLD)
    theirs = {"folder": folder, "file": folder / "1.fragment", "earlier file": earlier}[owned]
    os.chown(theirs, 12345, 12345)
    os.utime(theirs, OLD)
    Fragments(base).remove_left_over()
    assert theirs.exists()


@AS_ROOT
def test_a_node_of_another_user_writes_nothing(fragments: Fragments) -> None:
    """Their shell cannot even enter it."""
    sign = shlex.quote(fragments.first_sign("1"))
    subprocess.run(
        [
            sys.executable,
            "-c",
            f"import os; os.setuid(12345); os.execlp('sh', 'sh', '-c', {sign!r})",
        ],
        timeout=20,
        check=False,
    )
    assert not fragments.path("1").exists()
