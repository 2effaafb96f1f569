"""Reads a file within limits: its first bytes, all of its bytes, or its numbered lines."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from graph.ingest.decode import SAMPLE, LedgerFileError, encoding_of, explained, text, unpacked

LARGEST = 256 * 1024 * 1024  # bytes of the unpacked file
LONGEST_LINE = 1024 * 1024  # characters of a line


def start(path: Path) -> bytes:
    """Return the file's first 64 KiB after unpacking. Raises LedgerFileError if the file cannot
    be read."""
    with explained(path), unpacked(path) as (stream, _):
        return stream.read(SAMPLE)


def whole(path: Path, most: int = LARGEST) -> bytes:
    """Return all bytes of the file after unpacking. Raises LedgerFileError for more than `most`
    bytes."""
    with explained(path), unpacked(path) as (stream, _):
        content = stream.read(most + 1)
    if len(content) > most:
        raise too_large(path, most)
    return content


def too_large(path: Path, most: int) -> LedgerFileError:
    size = f"{most // 2**20} MiB"
    return LedgerFileError(
        f"{path.name} has more than {size} unpacked: split it into smaller files"
    )


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines without their ends, numbered from 1.

    Bytes that cannot be decoded become lone surrogates. Raises LedgerFileError for a line of more
    than 1,048,576 characters.
    """
    encoding = encoding_of(path)
    with explained(path), text(path, encoding) as (stream, _):
        number = 0
        while line := stream.readline(LONGEST_LINE + 1):
            if len(line) > LONGEST_LINE:
                raise LedgerFileError(
                    f"{path.name} has a line longer than {LONGEST_LINE:,} characters"
                )
            number += 1
            yield number, line.rstrip("\r\n")


@contextmanager
def stream(path: Path, most: int = LARGEST) -> Iterator["_Limited"]:
    """Yield the unpacked bytes as a stream. Reading more than `most` of them raises
    LedgerFileError."""
    with explained(path), unpacked(path) as (inner, _):
        yield _Limited(inner, path, most)


class _Limited:
    def __init__(self, inner: IO[bytes], path: Path, most: int) -> None:
        self._inner = inner
        self._path = path
        self._most = most
        self._left = most

    def read(self, size: int = -1) -> bytes:
        data = self._inner.read(size if size >= 0 else self._left + 1)
        self._left -= len(data)
        if self._left < 0:
            raise too_large(self._path, self._most)
        return data
