"""Journals compressed with gzip: read in bounded memory, written with their end found quickly.

Some bytes of gzip may unpack to a thousand times as many, so how much is unpacked is limited by the
size of the file. A compressed journal has ended: of a damaged one nothing is read, as what is left
of it would look like a run that was killed.

The end of a run, its ``run_finished`` and what follows, is a gzip member of its own. So it is found
by reading the last bytes of the file, and the journal is still what any ``gunzip`` reads.
"""

import gzip
import io
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Final, cast

MAGIC: Final = b"\x1f\x8b"
_MEMBER: Final = MAGIC + b"\x08"  # deflate, the one method that there is
_GZIP: Final = 16 + zlib.MAX_WBITS
_MOST_TIMES_ITS_SIZE: Final = 250  # journals become 5 to 20 times as small
_WITHOUT_DOUBT: Final = 64 * 1024 * 1024
_END: Final = 256 * 1024
_MOST_OF_END: Final = 4 * 1024 * 1024
_BLOCK: Final = 64 * 1024
_LENGTH: Final = 4  # a member ends with its length unpacked


def is_compressed(descriptor: int) -> bool:
    """Whether an open file begins as gzip does, whatever its name is."""
    return os.pread(descriptor, len(MAGIC), 0) == MAGIC


def unpacked(file: IO[bytes], damaged: Callable[[str], Exception]) -> IO[bytes]:
    """Return what *file*, which is compressed, contains.

    Args:
        file: the file.
        damaged: makes the exception that reading raises where the file is damaged, or unpacks to
            more than any journal would, from a text that says so.

    """
    return cast("IO[bytes]", io.BufferedReader(_Unpacking(file, damaged), _BLOCK))


class _Unpacking(io.RawIOBase):
    """The content of a compressed file, as far as it is asked for."""

    def __init__(self, file: IO[bytes], damaged: Callable[[str], Exception]) -> None:
        super().__init__()
        self._file = file
        self._damaged = damaged
        self._unpacked = gzip.GzipFile(fileobj=file, mode="rb")
        size = os.fstat(file.fileno()).st_size
        self._left = max(_WITHOUT_DOUBT, size * _MOST_TIMES_ITS_SIZE)

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._file.fileno()

    def readinto(self, buffer: Any, /) -> int:
        into = memoryview(buffer).cast("B")
        try:
            data = self._unpacked.read1(len(into))
        except EOFError as error:
            raise self._damaged("its compressed data ends too early") from error
        except (zlib.error, gzip.BadGzipFile) as error:
            raise self._damaged("its compressed data is damaged") from error
        self._left -= len(data)
        if self._left < 0:
            raise self._damaged(f"it unpacks to more than {_MOST_TIMES_ITS_SIZE} times its size")
        into[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def line_of_end(descriptor: int, begins: bytes) -> bytes | None:
    """Return the line with which the last members of a compressed journal begin.

    Args:
        descriptor: of the file.
        begins: what that line begins with; other members are passed over.

    Returns:
        The line, or None if no member near the end of the file begins so.

    """
    size = os.fstat(descriptor).st_size
    data = os.pread(descriptor, _END, max(0, size - _END))
    at = len(data)
    while (at := data.rfind(_MEMBER, 0, at)) >= 0:
        try:
            text = zlib.decompressobj(_GZIP).decompress(data[at:], _MOST_OF_END)
        except zlib.error:  # these three bytes are inside of one
            continue
        line, newline, _ = text.partition(b"\n")
        if newline and line.startswith(begins):
            return line + newline
    return None


def last_member(descriptor: int) -> tuple[bytes, int] | None:
    """Return what the last member of a compressed journal contains, and how much is before it.

    That is in bytes as they are unpacked, of the one member before it, and modulo 2**32. None if
    there is no such end, or it is large.
    """
    size = os.fstat(descriptor).st_size
    data = os.pread(descriptor, _END, max(0, size - _END))
    at = len(data)
    while (at := data.rfind(_MEMBER, _LENGTH, at)) >= 0:
        unpacking = zlib.decompressobj(_GZIP)
        try:
            text = unpacking.decompress(data[at:], _MOST_OF_END)
        except zlib.error:  # these three bytes are inside of one
            continue
        if unpacking.eof and not unpacking.unused_data:
            return text, int.from_bytes(data[at - _LENGTH : at], "little")
    return None


def members(*parts: Iterator[bytes]) -> Iterator[bytes]:
    """Yield *parts* compressed, each as a gzip member of its own; empty ones are left out."""
    for part in parts:
        packing = None
        for data in part:
            packing = packing or zlib.compressobj(9, zlib.DEFLATED, _GZIP)
            yield packing.compress(data)
        if packing is not None:
            yield packing.flush()


def blocks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield what is left in *file*, in blocks."""
    while block := file.read(_BLOCK):
        yield block


def unpacked_size(path: Path) -> int:
    """Return about how many bytes a journal has when it is unpacked.

    Raises:
        OSError: if it is not there.

    """
    size = os.stat(path).st_size
    return size * 8 if path.name.endswith(".gz") else size
