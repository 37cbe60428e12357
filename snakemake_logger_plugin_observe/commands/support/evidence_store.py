"""A new folder in which the evidence of an incident is saved."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.pasting import harmless_lines

_BLOCK: Final = 1024 * 1024


class SavingError(Exception):
    """Evidence could not be saved; the text is one line for the user."""


@dataclass(frozen=True, slots=True)
class EvidenceStore:
    """A new folder for evidence, which only its owner can read."""

    root: Path

    @classmethod
    def new(cls, root: Path) -> "EvidenceStore":
        """Create the folder.

        Raises:
            SavingError: if it exists and is not empty, or cannot be created.

        """
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            if any(root.iterdir()):
                raise SavingError(f"{root}: is not empty; not overwritten. Name a new folder")
            root.chmod(0o700)
        except OSError as error:
            raise SavingError(f"{root}: {error.strerror or error}") from error
        return cls(root)

    def copy(self, source: Path, name: str) -> bool:
        """Copy a plain file to *name* below the store; return whether it could be read.

        Raises:
            SavingError: if it cannot be written.

        """
        try:
            descriptor = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return False
            self._write(name, _blocks(descriptor))
        finally:
            os.close(descriptor)
        return True

    def text(self, name: str, text: str) -> None:
        """Write *text* to *name* below the store, without characters that a terminal obeys.

        Raises:
            SavingError: if it cannot be written.

        """
        self._write(name, [harmless_lines(text).encode("utf-8", "backslashreplace")])

    def _write(self, name: str, blocks: Iterable[bytes]) -> None:
        path = self.root / name
        try:
            folder = self.root
            for part in Path(name).parts[:-1]:
                folder /= part
                folder.mkdir(mode=0o700, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
            with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
                file.writelines(blocks)
        except OSError as error:
            raise SavingError(f"{path}: {error.strerror or error}") from error


def _blocks(descriptor: int) -> Iterator[bytes]:
    while block := os.read(descriptor, _BLOCK):
        yield block
