"""Splits text into CSV records in bounded memory, however broken the text is.

A record with a stray quote does not swallow the records after it.
"""

import csv
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple, Protocol

MAX_LINES = 1000  # physical lines of one record
MAX_CHARS = 1024 * 1024  # characters of one record
# One cell may have csv.field_size_limit() characters (131,072 by default). The limit applies to the
# whole process, so it is not changed here.

_REASONS = {
    "unexpected end of data": "a quote is opened and not closed",
    "expected after": "text follows a closing quote",
    "field larger": f"a cell is longer than {csv.field_size_limit():,} characters",
    "new-line character": "a bare carriage return stands in a cell",
}


class Readable(Protocol):
    def readline(self, size: int = -1, /) -> str: ...


class Record(NamedTuple):
    """A record of a CSV. `line` is the physical line on which it starts, `text` its raw text.

    `cells` is None if the text is not a record, and `problem` then says why.
    """

    line: int
    text: str
    cells: list[str] | None
    problem: str | None


class Lines:
    """An iterator of a stream's physical lines for a csv.reader. `taken` has the lines of the
    current record."""

    def __init__(self, stream: Readable, before: int = 0) -> None:
        self._stream = stream
        self._returned: deque[str] = deque()
        self.taken: list[str] = []
        self._size = 0
        self.line = before

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= MAX_LINES or self._size > MAX_CHARS:
            raise StopIteration  # in strict mode the reader then reports an open quote
        line = self._returned.popleft() if self._returned else self._read()
        if not line:
            raise StopIteration
        self.taken.append(line)
        self._size += len(line)
        return line

    def begin(self) -> int:
        """Forget the last record, and return the line number on which the next one starts."""
        self.line += len(self.taken)
        self.taken = []
        self._size = 0
        return self.line + 1

    def give_back(self) -> None:
        """Keep only the record's first line. The iterator returns the other lines again."""
        self._returned.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]

    @property
    def too_long(self) -> bool:
        return self._size > MAX_CHARS

    def _read(self) -> str:
        line = self._stream.readline(MAX_CHARS + 1)
        if len(line) > MAX_CHARS and not line.endswith(("\n", "\r")):
            while (part := self._stream.readline(MAX_CHARS)) and not part.endswith(("\n", "\r")):
                pass
        return line


def records(lines: Lines, delimiter: str, width: int | None = None) -> Iterator[Record]:
    """Yield every record. The `cells` of a blank line are [] or blank.

    A record over several lines may be too long, badly quoted or not `width` cells wide. It has then
    probably swallowed the next records because of a stray quote. Its first line becomes a problem,
    and reading goes on with the line after it.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        start = lines.begin()
        cells, problem = _next(reader, lines)
        if cells is None and problem is None:
            return
        if len(lines.taken) > 1:
            if width is not None and cells is not None and not fits(cells, width):
                problem = _REASONS["unexpected end of data"]
            if problem:
                lines.give_back()
        yield Record(start, "".join(lines.taken), None if problem else cells, problem)


def fits(cells: list[str], width: int) -> bool:
    """Return whether there are as many cells as in the header, not counting blank ones at the
    end."""
    return len(cells) == width or (len(cells) > width and not "".join(cells[width:]).strip())


def _next(reader: Iterator[list[str]], lines: Lines) -> tuple[list[str] | None, str | None]:
    try:
        cells = next(reader)
    except StopIteration:
        return None, None
    except csv.Error as error:
        reasons = (reason for sign, reason in _REASONS.items() if sign in str(error))
        return None, next(reasons, str(error))
    if lines.too_long:
        return None, f"the record is longer than {MAX_CHARS:,} characters"
    return cells, None
