"""Reads a file's bytes as text: plain, gzip or Zstandard, in any encoding."""

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Buffer, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import IO

import charset_normalizer
import zstandard

from graph.errors import LedgerError

SAMPLE = 64 * 1024
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_NOT_TEXT = {
    b"PK\x03\x04": "a zip archive or a spreadsheet (.xlsx, .ods)",
    b"\xd0\xcf\x11\xe0": "an old Office file (.xls)",
    b"%PDF": "a PDF",
    b"PAR1": "a Parquet file",
    b"SQLite format 3": "an SQLite database",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ": "compressed with xz",
    _GZIP: "compressed twice",
    _ZSTD: "compressed twice",
}
_MARKS = {  # the longer mark first, because UTF-32's begins with UTF-16's
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# Characters that may occur beside letters: currency signs, separate accents, quotation marks,
# dashes, no-break space.
_SIGNS = "€£§°`«»…®©·" + "\xa0\xb4\u2018\u2019\u201c\u201d\u201e\u2013\u2014"
_NUMERO = re.compile("(?<![^\\W0-9])(?:[Nn]r?[\u00ba\u00b0]|[0-9]+[\u00ba\u00aa])")  # Nº, 1ª
_HIGH = re.compile(rb"[\x80-\xff]+")
_BROKEN = (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError)


_most: ContextVar[int | None] = ContextVar("finley_most_unpacked", default=None)


class LedgerFileError(LedgerError):
    """The file as a whole cannot be read. The message says which file, what is wrong and what to
    do."""


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn errors that occur while `path` is read into LedgerFileErrors, whose messages name the
    file."""
    try:
        yield
    except _BROKEN as error:
        what = f"cut off or damaged ({error}); fetch it again"
        raise LedgerFileError(f"{path.name} is {what}") from error
    except UnicodeError as error:
        raise LedgerFileError(f"{path.name} breaks its own encoding: {error}") from error
    except OSError as error:
        reason = error.strerror or error
        raise LedgerFileError(f"{path.name} cannot be read: {reason}") from error


@contextmanager
def at_most(size: int) -> Iterator[None]:
    """Limit the unpacked size of files that are read inside. Raises LedgerFileError for a longer
    one."""
    token = _most.set(size)
    try:
        yield
    finally:
        _most.reset(token)


class _Bounded(io.RawIOBase):
    """An unpacked stream that raises LedgerFileError after a given number of bytes."""

    def __init__(self, stream: io.BufferedReader, name: str, most: int) -> None:
        self._stream, self._name, self._most, self._left = stream, name, most, most

    def readable(self) -> bool:
        return True

    def readinto(self, into: Buffer, /) -> int:
        count = self._stream.readinto(into)
        self._left -= count
        if self._left < 0:
            raise LedgerFileError(
                f"{self._name} unpacks to more than {self._most // 2**20} MiB: split it, or import "
                "it by manage.py import_ledger"
            )
        return count


@contextmanager
def unpacked(path: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Yield the file's unpacked bytes, and the file itself, whose `tell` says how much of it was
    read."""
    with path.open("rb") as raw:
        start = raw.read(4)
        raw.seek(0)
        with _opened(raw, start) as stream:
            most = _most.get()
            bounded = most is not None and stream is not raw
            yield (_bounded(stream, path, most or 0) if bounded else stream), raw


def _bounded(stream: io.BufferedReader, path: Path, most: int) -> io.BufferedReader:
    return io.BufferedReader(_Bounded(stream, path.name, most), SAMPLE)


def _opened(raw: io.BufferedReader, start: bytes) -> io.BufferedReader:
    if start.startswith(_GZIP):
        return io.BufferedReader(gzip.GzipFile(fileobj=raw), SAMPLE)
    if start == _ZSTD:
        return io.BufferedReader(_Zstandard(raw), SAMPLE)
    return raw


class _Zstandard(io.RawIOBase):
    """A stream of consecutive frames. zstandard's own stream ends without an error if the file was
    cut off."""

    STEP = 1024  # packed bytes; at the format's highest ratio 32 MiB unpacked

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._frame = self._begin()
        self._begun = False
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, into: Buffer, /) -> int:
        room = memoryview(into)
        while not self._ready:
            if not self._more():
                return 0
        part, self._ready = self._ready[: len(room)], self._ready[len(room) :]
        room[: len(part)] = part
        return len(part)

    def _more(self) -> bool:
        packed = self._frame.unused_data if self._frame.eof else b""
        if self._frame.eof:
            self._frame, self._begun = self._begin(), False
        packed = packed or self._packed.read(self.STEP)
        if not packed and self._begun:
            raise EOFError("the last frame is not complete")
        self._begun = self._begun or bool(packed)
        self._ready = self._frame.decompress(packed) if packed else b""
        return bool(packed)

    @staticmethod
    def _begin() -> "zstandard.ZstdDecompressionObj":
        return zstandard.ZstdDecompressor(max_window_size=2**27).decompressobj()


def encoding_of(path: Path, whole: bool = True) -> str:
    """Return the codec of the file: by its byte order mark, else UTF-8, else the most likely one.

    UTF-8 is chosen if most lines that are not ASCII are valid UTF-8. The other lines then count as
    bad. With `whole`, every line is read, otherwise only the first 64 KiB. Raises LedgerFileError
    for a file that is not text, is empty, or fits no encoding.
    """
    with explained(path), unpacked(path) as (stream, _):
        start = stream.read(SAMPLE)
        _must_be_text(path, start)
        if encoding := _by_mark(start) or _by_zeros(path, start):
            return encoding
        return _by_lines(path, _lines(stream, start, whole))


def _must_be_text(path: Path, start: bytes) -> None:
    if not start.strip():
        raise LedgerFileError(f"{path.name} is empty")
    for mark, what in _NOT_TEXT.items():
        if start.startswith(mark):
            raise LedgerFileError(f"{path.name} is {what}, not text: save it as CSV first")


def _by_mark(start: bytes) -> str | None:
    return next((codec for mark, codec in _MARKS.items() if start.startswith(mark)), None)


def _by_zeros(path: Path, start: bytes) -> str | None:
    """Return a codec of UTF-16 if every other byte is mostly zero, or None if few bytes are zero.

    Raises LedgerFileError for many other zero bytes, because the file is not text then.
    """
    even, odd, half = start[::2].count(0), start[1::2].count(0), len(start) / 2
    if even + odd <= len(start) / 10:
        return None
    if min(even, odd) < half / 20 and max(even, odd) > half / 2:
        return "utf-16-le" if odd > even else "utf-16-be"
    raise LedgerFileError(f"{path.name} is not text: a tenth or more of it are zero bytes")


def _lines(stream: IO[bytes], start: bytes, whole: bool) -> Iterator[bytes]:
    """Yield the lines, and very long ones in pieces."""
    first = start.splitlines(keepends=True)
    yield from first[:-1]
    rest = first[-1]
    if whole or rest.endswith(b"\n"):
        yield rest + (b"" if rest.endswith(b"\n") else stream.readline(SAMPLE))
    while whole and (line := stream.readline(SAMPLE)):
        yield line


def _by_lines(path: Path, lines: Iterator[bytes]) -> str:
    valid, invalid, sample = 0, 0, bytearray()
    utf8 = codecs.getincrementaldecoder("utf-8")()  # a piece may end within a character
    for line in lines:
        if line.isascii() and not utf8.getstate()[0]:
            continue
        try:
            utf8.decode(line, final=line.endswith(b"\n"))
            valid += 1
        except UnicodeDecodeError:
            utf8.reset()
            invalid += 1
            sample += line if len(sample) < SAMPLE else b""
        if valid + invalid >= 2000:
            break
    return "utf-8" if valid >= invalid else _likeliest(path, bytes(sample))


def _likeliest(path: Path, sample: bytes) -> str:
    encoding = likeliest(sample)
    if encoding is None:
        raise LedgerFileError(
            f"{path.name} fits no known encoding: name it in the mapping ([file] encoding)"
        )
    return encoding


def likeliest(sample: bytes) -> str | None:
    """Return the most likely codec of the bytes, or None.

    In European languages, bytes that are not ASCII occur alone or in pairs within words. Then the
    first of a few European codecs is chosen in which nearly all of these bytes are letters.
    Otherwise charset_normalizer guesses. Windows-1252 wins if it reads about as well as the best
    guess, because guesses from few bytes are often wrong.
    """
    if codec := _european(sample):
        return codec
    matches = charset_normalizer.from_bytes(sample)
    best = matches.best()
    if best is None:
        return None
    western = {"cp1252", "latin_1", "iso8859_15"}
    for match in matches:
        names = {match.encoding, *match.could_be_from_charset}
        if names & western and match.chaos <= best.chaos + 0.02:
            return "cp1252"
    return best.encoding


def _european(sample: bytes) -> str | None:
    runs = [len(run) for run in _HIGH.findall(sample)]
    if not runs or sum(run <= 2 for run in runs) < 0.9 * len(runs):
        return None
    return next(
        (codec for codec in ("cp1252", "cp1250", "iso8859_2") if _is_words(sample, codec)), None
    )


def _is_words(sample: bytes, codec: str) -> bool:
    """Return whether nearly all characters that are not ASCII are letters, or signs that occur
    beside words."""
    try:
        text = _NUMERO.sub("", sample.decode(codec))
        characters = [c for c in text if not c.isascii()]
    except UnicodeDecodeError:
        return False
    fit = sum((c.isalpha() and c not in "ªºµƒ") or c in _SIGNS for c in characters)
    return fit >= 0.95 * len(characters)


@contextmanager
def text(path: Path, encoding: str) -> Iterator[tuple[io.TextIOWrapper, IO[bytes]]]:
    """Yield the file as text with its own line ends, and the packed file, whose `tell` says how
    much was read.

    Bytes that cannot be decoded become lone surrogates (PEP 383), so that a bad line can be
    recognised.
    """
    with (
        unpacked(path) as (stream, raw),
        io.TextIOWrapper(stream, encoding, errors="surrogateescape", newline="") as lines,
    ):
        yield lines, raw
