"""Files and folders that others can reach: what is opened is a file, and no foreign link leads to it."""

import grp
import os
import pwd
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from snakemake_logger_plugin_observe.journal.trusted_paths import (
    UntrustedLinkError,
    make_folder,
    open_file,
    open_folder,
)
from snakemake_logger_plugin_observe.journal.writing import JournalWriter

OTHER = 12345
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be two users")


def content(root: Path, named: str, *, follow: bool = False) -> bytes:
    descriptor = open_file(root, named, follow=follow)
    try:
        return os.read(descriptor, 100)
    finally:
        os.close(descriptor)


def link(path: Path, target: str | Path, owner: int | None = None) -> Path:
    """Make a link that belongs to *owner*."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
    if owner is not None:
        os.lchown(path, owner, owner)
    return path


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Return a folder next to another one with a file, ``mine/key``."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "key").write_bytes(b"mine")
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "log").write_bytes(b"here")
    return tmp_path / "work"


@pytest.mark.parametrize("named", ["log", "./log", "../work/log", "../mine/../work/log"])
def test_a_file_is_read_wherever_it_is(work: Path, named: str) -> None:
    assert content(work, named) == b"here"


def test_a_file_may_be_named_with_its_whole_path(work: Path) -> None:
    assert content(work, str(work / "log")) == b"here"
    assert content(work, str(work.parent / "mine" / "key")) == b"mine"


def test_the_root_itself_may_be_a_link(work: Path) -> None:
    here = link(work.parent / "here", work)
    assert content(here, "log") == b"here"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
@pytest.mark.parametrize("follow", [False, True])
def test_what_is_no_file_is_not_opened(
    work: Path, make: Callable[[Path], None], follow: bool
) -> None:
    make(work / "other")
    with pytest.raises(OSError, match="it is not a regular file"):
        open_file(work, "other", follow=follow)


def test_a_file_that_is_a_link_is_followed_only_on_request(work: Path) -> None:
    link(work / "a", "../mine/key")
    link(work / "b", "a")
    with pytest.raises(UntrustedLinkError, match="it is a link, which is not followed"):
        open_file(work, "b")
    assert content(work, "b", follow=True) == b"mine"


@AS_ROOT
@pytest.mark.parametrize("theirs", ["a", "b"])
def test_another_user_s_link_is_never_followed_to_this_user_s_files(
    work: Path, theirs: str
) -> None:
    link(work / "a", "../mine/key")
    link(work / "b", "a")
    os.lchown(work / theirs, OTHER, OTHER)
    with pytest.raises(UntrustedLinkError):
        open_file(work, "b", follow=True)


@AS_ROOT
def test_root_s_links_are_followed_for_everybody() -> None:
    """Home folders and scratch are often links of the administrators."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        work.chmod(0o755)
        (work / "mine").mkdir()
        link(work / "logs", "mine")
        os.chown(work / "mine", OTHER, OTHER)
        os.seteuid(OTHER)
        try:
            os.close(open_folder(work, "logs"))
        finally:
            os.seteuid(0)


# -- this user's own links, where others may have moved them ---------------------------------------


@pytest.mark.parametrize("named", ["moved/key", "in/moved/key", "moved"])
@pytest.mark.parametrize("mode", [0o777, 0o1777], ids=oct)
def test_a_link_of_this_user_s_is_not_followed_where_others_can_have_moved_it(
    work: Path, named: str, mode: int
) -> None:
    path = work / named.removesuffix("/key")
    link(path, work.parent / "mine" / ("key" if named == "moved" else ""))
    path.parent.chmod(mode)
    with pytest.raises(UntrustedLinkError, match="in a folder that others can write to"):
        open_file(work, named, follow=True)


@pytest.mark.parametrize("target", ["{mine}", "../../mine", "../own/./../../mine"])
def test_nor_where_they_can_have_moved_its_folder(work: Path, target: str) -> None:
    link(work / "own" / "link", target.format(mine=work.parent / "mine"))
    assert content(work, "own/link/key") == b"mine"
    work.chmod(0o777)
    with pytest.raises(UntrustedLinkError, match="in a folder that others can write to"):
        open_file(work, "own/link/key")


def test_a_link_to_a_link_is_not_followed_if_that_can_have_been_moved(work: Path) -> None:
    (work.parent / "open").mkdir()
    link(work.parent / "open" / "link", work.parent / "mine")
    link(work / "logs", work.parent / "open" / "link")
    assert content(work, "logs/key") == b"mine"
    (work.parent / "open").chmod(0o777)
    with pytest.raises(UntrustedLinkError):
        open_file(work, "logs/key")


def test_a_link_may_lead_to_where_others_write(work: Path) -> None:
    """As a log folder on a scratch file system that everybody writes to."""
    scratch = work.parent / "scratch"
    (scratch / "me").mkdir(parents=True)
    (scratch / "me" / "log").write_bytes(b"there")
    scratch.chmod(0o1777)
    link(work / "logs", scratch / "me")
    assert content(work, "logs/log") == b"there"


@AS_ROOT
@pytest.mark.parametrize(("owner", "followed"), [(0, True), (OTHER, False)], ids=["root", "own"])
def test_a_folder_of_the_user_s_in_a_sticky_one_of_root_s_may_have_links(
    owner: int, followed: bool
) -> None:
    """As in ``/tmp``, and on many scratch file systems."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        (work / "own" / "mine").mkdir(parents=True)
        link(work / "own" / "link", "mine", OTHER)
        for path in (work / "own", work / "own" / "mine"):
            os.chown(path, OTHER, OTHER)
        os.chown(work, owner, owner)
        work.chmod(0o1777)
        os.seteuid(OTHER)
        try:
            if followed:
                os.close(open_folder(work, "own/link"))
            else:
                with pytest.raises(UntrustedLinkError):
                    open_folder(work, "own/link")
        finally:
            os.seteuid(0)


@AS_ROOT
def test_a_link_of_this_user_s_in_another_s_folder_is_not_followed(work: Path) -> None:
    link(work / "logs", work.parent / "mine")
    os.chown(work, OTHER, OTHER)
    with pytest.raises(UntrustedLinkError):
        open_file(work, "logs/key")


@AS_ROOT
@pytest.mark.parametrize(
    ("name", "members", "followed"),
    [("ann", [], True), ("ann", ["ann"], True), ("ann", ["bob"], False), ("lab", [], False)],
)
def test_a_group_of_the_user_s_own_is_nobody_else(
    work: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    members: list[str],
    followed: bool,
) -> None:
    """Many systems make a group for each user, and let it write by default."""
    ann = pwd.struct_passwd(("ann", "x", 0, OTHER, "", "/", "/bin/sh"))
    group = grp.struct_group((name, "x", OTHER, members))
    monkeypatch.setattr(pwd, "getpwuid", {os.geteuid(): ann}.__getitem__)
    monkeypatch.setattr(grp, "getgrgid", {OTHER: group}.__getitem__)
    link(work / "logs", work.parent / "mine")
    os.chown(work, 0, OTHER)
    work.chmod(0o775)
    if followed:
        assert content(work, "logs/key") == b"mine"
    else:
        with pytest.raises(UntrustedLinkError):
            open_file(work, "logs/key")


@pytest.mark.parametrize("where", [".snakemake", ".snakemake/observe"])
def test_a_journal_is_not_written_where_a_moved_link_leads(tmp_path: Path, where: str) -> None:
    (tmp_path / "mine").mkdir()
    moved = link(tmp_path / "work" / where, tmp_path / "mine")
    moved.parent.chmod(0o777)
    with pytest.raises(UntrustedLinkError):
        JournalWriter(tmp_path / "work" / ".snakemake" / "observe", "0123456789", 0, 0o600)
    assert list((tmp_path / "mine").iterdir()) == []


# -- making folders --------------------------------------------------------------------------------


def test_missing_folders_are_made_and_existing_ones_used(tmp_path: Path) -> None:
    folder = tmp_path / "work" / ".snakemake" / "observe"
    for _ in range(2):
        os.close(make_folder(folder))
    assert folder.is_dir()


@pytest.mark.parametrize("target", ["nowhere", "file", "loop"])
def test_a_folder_is_not_made_where_a_link_leads_to_none(tmp_path: Path, target: str) -> None:
    (tmp_path / "file").touch()
    folder = link(tmp_path / "work" / ".snakemake" / "observe", tmp_path / target)
    link(tmp_path / "loop", "loop")
    with pytest.raises(OSError, match=r"No such file|Not a directory|too many links"):
        make_folder(folder)
    assert not (tmp_path / "nowhere").exists()


def test_descriptors_are_closed_whatever_happens(work: Path) -> None:
    link(work / "own", "../mine")
    link(work / "loop", "loop")
    before = len(os.listdir("/proc/self/fd"))
    for named in ("own/key", "loop/key", "own/none", "log/key", "log"):
        try:
            os.close(open_file(work, named))
        except OSError:
            continue
    assert len(os.listdir("/proc/self/fd")) == before


# -- journals --------------------------------------------------------------------------------------


def test_a_journal_is_written_where_the_user_s_own_link_leads(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    folder = link(tmp_path / "work" / ".snakemake" / "observe", tmp_path / "scratch")
    JournalWriter(folder, "0123456789", 0, 0o600).close()
    (journal,) = (tmp_path / "scratch").iterdir()
    assert journal.stat().st_mode & 0o777 == 0o600


def test_a_link_that_is_called_like_the_journal_is_not_written_to(tmp_path: Path) -> None:
    folder = tmp_path / "work" / ".snakemake" / "observe"
    link(folder / "19700101T000000-012345.jsonl", tmp_path / "kept")
    with pytest.raises(FileExistsError):
        JournalWriter(folder, "0123456789", 0, 0o600)
    assert not (tmp_path / "kept").exists()


@AS_ROOT
def test_a_journal_is_not_written_where_another_user_s_link_leads(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    folder = link(tmp_path / "work" / ".snakemake" / "observe", tmp_path / "mine", OTHER)
    with pytest.raises(UntrustedLinkError):
        JournalWriter(folder, "0123456789", 0, 0o600)
    assert list((tmp_path / "mine").iterdir()) == []


@AS_ROOT
def test_a_folder_that_the_user_named_is_used_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    folder = link(tmp_path / "journals", tmp_path / "mine", OTHER)
    JournalWriter(folder, "0123456789", 0, 0o600).close()
    assert len(list((tmp_path / "mine").iterdir())) == 1
