"""The key of a folder's digests is its owner's alone, and what others planted is not used."""

import os
import stat
import threading
from pathlib import Path

import pytest

from snakemake_logger_plugin_observe.recording.digest_key import DigestKey, load

DIGEST = "sha256:" + "0" * 64


def file_in(folder: Path) -> Path:
    return folder / f".digest-key-{os.geteuid()}"


def test_runs_of_one_folder_have_the_same_key(tmp_path: Path) -> None:
    assert load(tmp_path).of(DIGEST) == load(tmp_path).of(DIGEST)


def test_two_folders_have_different_keys(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    one, other = load(tmp_path), load(tmp_path / "other")
    assert one.id != other.id
    assert one.of(DIGEST) != other.of(DIGEST)


def test_the_file_is_private_and_the_only_one_that_is_left(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        load(tmp_path)
    finally:
        os.umask(before)
    (file,) = tmp_path.iterdir()
    assert file == file_in(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_digest_names_its_key_and_does_not_contain_it(tmp_path: Path) -> None:
    key = load(tmp_path)
    secret = file_in(tmp_path).read_bytes()
    assert key.of(DIGEST).startswith(f"hmac-sha256:{key.id}:")
    assert key.short(DIGEST).startswith(f"{key.id}:")
    assert not secret.hex().startswith(key.id)
    assert key.id not in DigestKey().of(DIGEST)


def test_a_lost_key_is_replaced_by_another(tmp_path: Path) -> None:
    first = load(tmp_path)
    file_in(tmp_path).unlink()
    assert load(tmp_path).id != first.id


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_that_others_can_reach_is_not_used(tmp_path: Path, mode: int) -> None:
    first = load(tmp_path)
    file_in(tmp_path).chmod(mode)
    assert first.id not in {load(tmp_path).id, load(tmp_path).id}


@pytest.mark.parametrize("planted", ["link", "pipe", "folder", "short", "nothing"])
def test_what_was_planted_is_neither_used_nor_changed(tmp_path: Path, planted: str) -> None:
    target = tmp_path / "elsewhere"
    target.write_bytes(b"k" * 32)
    target.chmod(0o600)
    file = file_in(tmp_path)
    match planted:
        case "link":
            file.symlink_to(target)
        case "pipe":
            os.mkfifo(file, 0o600)
        case "folder":
            file.mkdir()
        case "short":
            file.write_bytes(b"k")
            file.chmod(0o600)
        case "nothing":
            target.chmod(0o600)
            tmp_path = tmp_path / "gone"
    assert load(tmp_path).id not in {load(tmp_path).id, DigestKey(b"k" * 32).id}
    assert target.read_bytes() == b"k" * 32


def test_runs_that_start_at_once_agree_on_a_key(tmp_path: Path) -> None:
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(load(tmp_path).id)) for _number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_nothing_is_made_where_another_user_s_link_leads(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to be two users")
    (tmp_path / "mine").mkdir()
    folder = tmp_path / "work" / ".snakemake" / "observe"
    folder.parent.mkdir(parents=True)
    folder.symlink_to(tmp_path / "mine")
    os.lchown(folder, 12345, 12345)
    assert load(folder).id != load(folder).id
    assert list((tmp_path / "mine").iterdir()) == []
