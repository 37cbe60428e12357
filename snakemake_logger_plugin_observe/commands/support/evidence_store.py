"""A new folder in which the evidence of an incident is saved."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from itertools import chain
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.console import UserError
from snakemake_logger_plugin_observe.journal.trusted_paths import is_nearly_all_hole, open_file
from snakemake_logger_plugin_observe.pasting import harmless_lines

_BLOCK: Final = 1024 * 1024
_EACH_END: Final = 32 * 1024 * 1024
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class SavingError(UserError):
    """Evidence could not be saved; the text is one line for the user."""


class Copied(Enum):
    """How much of a file was copied."""

    NOTHING = auto()
    ENDS = auto()
    """Its first and last 32 MiB, because it is nearly all hole."""
    WHOLE = auto()


class EvidenceStore:
    """A new folder for evidence, which only its owner can read."""

    def __init__(self, root: Path, descriptor: int) -> None:
        """Write into *root* through its *descriptor*: its path may lead elsewhere by then."""
        self.root = root
        self._descriptor = descriptor

    @classmethod
    def new(cls, root: Path) -> "EvidenceStore":
        """Create the folder, and those that it lies in.

        Raises:
            SavingError: if it exists and is not an empty folder of this user, or cannot be created.

        """
        try:
            root.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                root.mkdir(mode=0o700)
            descriptor = os.open(root, _FOLDER)
        except NotADirectoryError as error:
            raise SavingError(f"{root}: is not a folder. Name a new folder") from error
        except OSError as error:
            raise SavingError(f"{root}: {error.strerror or error}. Name a new folder") from error
        try:
            os.fchmod(descriptor, 0o700)  # first: from now on nobody else can put anything there
            if os.listdir(descriptor):
                raise SavingError(f"{root}: is not empty; not overwritten. Name a new folder")
        except OSError as error:
            os.close(descriptor)
            raise SavingError(f"{root}: {error.strerror or error}. Name a new folder") from error
        return cls(root, descriptor)

    def copy(self, folder: Path, path: str, name: str) -> Copied:
        """Copy a plain file in *folder* to *name* below the store; nothing if it cannot be read.

        Raises:
            SavingError: if it cannot be written.

        """
        try:
            descriptor = open_file(folder, path)
        except OSError:
            return Copied.NOTHING
        try:
            known = os.fstat(descriptor)
            size = known.st_size
            if size <= 2 * _EACH_END or not is_nearly_all_hole(known):
                self._write(name, _blocks(descriptor, 0, size))
                return Copied.WHOLE
            ends = (_blocks(descriptor, 0, _EACH_END), _blocks(descriptor, size - _EACH_END, size))
            self._write(name, chain(*ends))
            return Copied.ENDS
        finally:
            os.close(descriptor)

    def text(self, name: str, text: str) -> None:
        """Write *text* to *name* below the store, without characters that a terminal obeys.

        Raises:
            SavingError: if it cannot be written.

        """
        self._write(name, [harmless_lines(text).encode("utf-8", "backslashreplace")])

    def _write(self, name: str, blocks: Iterable[bytes]) -> None:
        try:
            folder = os.dup(self._descriptor)
            try:
                *above, last = Path(name).parts
                for part in above:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(part, 0o700, dir_fd=folder)
                    inner = os.open(part, _FOLDER, dir_fd=folder)
                    os.close(folder)
                    folder = inner
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
                with os.fdopen(os.open(last, flags, 0o600, dir_fd=folder), "wb") as file:
                    file.writelines(blocks)
            finally:
                os.close(folder)
        except OSError as error:
            raise SavingError(f"{self.root / name}: {error.strerror or error}") from error


def _blocks(descriptor: int, start: int, end: int) -> Iterator[bytes]:
    while block := os.pread(descriptor, min(_BLOCK, end - start), start):
        yield block
        start += len(block)
