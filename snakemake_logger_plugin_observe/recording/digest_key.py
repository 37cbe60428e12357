"""The key of a folder's digests: with it, runs of one folder compare, and nobody else can guess.

A plain digest of a short value (a password in the config) is found by trying. So digests of what
the user chose are keyed with random bytes that no journal contains: they are in a file next to the
journals that only its owner can read, one for each user. A digest names its key by a public id;
digests of different keys are not comparable.
"""

import contextlib
import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path
from typing import Final, final

from snakemake_logger_plugin_observe.journal.folders import open_journals_folder

_BYTES: Final = 32
_ID_LENGTH: Final = 8
_SHORT: Final = 12


@final
class DigestKey:
    """A key for digests."""

    def __init__(self, key: bytes | None = None) -> None:
        """Use *key*, or one that is only for this run: then its digests compare with no other."""
        self._key = key or secrets.token_bytes(_BYTES)
        self.id = self._of("id")[:_ID_LENGTH]

    def of(self, digest: str) -> str:
        """Return ``hmac-sha256:ID:HEX`` for a plain *digest*."""
        return f"hmac-sha256:{self.id}:{self._of(digest)}"

    def short(self, digest: str) -> str:
        """Return ``ID:HEX`` for a plain *digest*, with 12 digits."""
        return f"{self.id}:{self._of(digest)[:_SHORT]}"

    def _of(self, text: str) -> str:
        return hmac.digest(self._key, text.encode(), hashlib.sha256).hex()


def load(folder: Path) -> DigestKey:
    """Return this user's key in *folder*, after making it; one for this run alone if it cannot be.

    A file that others could have read or put there is not used.
    """
    name = f".digest-key-{os.geteuid()}"
    try:
        opened = open_journals_folder(folder)
        try:
            return DigestKey(_read(opened, name) or _make(opened, name))
        finally:
            os.close(opened)
    except OSError:
        return DigestKey()


def _read(folder: int, name: str) -> bytes | None:
    """Return the key in the file *name* of *folder*, or None if there is no file, or no key in it.

    Raises:
        OSError: if it cannot be read, or others could have read or written it.

    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(name, flags, dir_fd=folder)
    except FileNotFoundError:
        return None
    try:
        found = os.fstat(descriptor)
        private = stat.S_ISREG(found.st_mode) and not stat.S_IMODE(found.st_mode) & 0o077
        if not private or found.st_uid != os.geteuid():
            raise PermissionError("not a private file")
        key = os.read(descriptor, _BYTES)
    finally:
        os.close(descriptor)
    if len(key) < _BYTES:
        raise OSError("no key in it")
    return key


def _make(folder: int, name: str) -> bytes | None:
    """Make the file *name* in *folder* with a new key; return the key that is there then.

    Raises:
        OSError: if it cannot be made.

    """
    draft = f"{name}.{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(draft, flags, 0o600, dir_fd=folder)
    try:
        os.fchmod(descriptor, 0o600)
        if os.write(descriptor, secrets.token_bytes(_BYTES)) == _BYTES:
            with contextlib.suppress(FileExistsError):  # another run made one at the same time
                os.link(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        os.close(descriptor)
        os.unlink(draft, dir_fd=folder)
    return _read(folder, name)
