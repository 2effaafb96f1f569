"""Detects the layout of a CSV file: its encoding, its delimiter and the line of its header."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path

from graph.ingest.csv_records import Lines, Record, records
from graph.ingest.decode import LedgerFileError, encoding_of, explained, text
from graph.ingest.mappings.mapping import FileRule

DELIMITERS = (",", ";", "\t", "|")
SNIFFED = 64 * 1024  # characters from which the layout is detected
EVERY = 1000  # records between two reports of progress
_SEP = re.compile(r"sep=(.)\s*", re.IGNORECASE)  # spreadsheets write this above the header

Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Layout:
    """The layout of a CSV file: encoding, delimiter, and the titles of its header.

    `line` is the physical line on which the header starts, `end` the one on which it ends. Without
    a header, `line` is 0 and `header` has the titles "Column 1", "Column 2", …
    """

    encoding: str
    delimiter: str
    line: int
    end: int
    header: tuple[str, ...]


def layout(path: Path, rule: FileRule, whole: bool = True) -> Layout:
    """Return the file's layout. What `rule` leaves open is detected in the file.

    With `whole`, every line is read to detect the encoding. Raises LedgerFileError.
    """
    encoding = rule.encoding if rule.encoding != "auto" else encoding_of(path, whole)
    with explained(path), text(path, encoding) as (stream, _):
        for _ in range(rule.header_line - 1):
            stream.readline(SNIFFED)
        sample = stream.read(SNIFFED)
    if not sample.strip():
        what = f"line {rule.header_line} to hold a header" if rule.header_line else "rows"
        raise LedgerFileError(f"{path.name} has no {what}")
    separator = _SEP.fullmatch(sample.split("\n", 1)[0])
    skipped = max(0, rule.header_line - 1) + bool(separator)
    body = sample.split("\n", 1)[-1] if separator else sample
    delimiter = rule.delimiter if rule.delimiter != "auto" else _delimiter(separator, body)
    if rule.header_line == 0:
        return Layout(encoding, delimiter, 0, skipped, _neutral_names(body, delimiter))
    return _with_header(path, encoding, delimiter, skipped, body)


def _delimiter(separator: re.Match[str] | None, sample: str) -> str:
    """Return the delimiter of the file: the one that its line "sep=" states, or else the one that
    splits the most records of the sample into equally many cells.

    Of several such delimiters, the one that makes more cells is preferred.
    """
    return separator[1] if separator else max(DELIMITERS, key=lambda mark: _evenness(sample, mark))


def _evenness(sample: str, delimiter: str) -> tuple[float, int]:
    sampled = list(islice(records(Lines(StringIO(sample, newline="")), delimiter), 100))
    widths = [len(r.cells) for r in sampled if r.cells and any(map(str.strip, r.cells))]
    if not widths or max(widths[:30]) < 2:
        return 0.0, 0
    usual = max(set(widths), key=lambda width: (widths.count(width), width))
    broken = sum(record.problem is not None for record in sampled)
    share = widths.count(usual) / (len(widths) + broken)
    return share * (1 - 1 / usual), usual  # a decimal comma splits rows in two


def _neutral_names(sample: str, delimiter: str) -> tuple[str, ...]:
    """Return "Column 1", "Column 2", …: as many names as most rows have cells."""
    return tuple(f"Column {at}" for at in range(1, _usual_width(sample, delimiter) + 1))


def _usual_width(sample: str, delimiter: str) -> int:
    sampled = islice(records(Lines(StringIO(sample, newline="")), delimiter), 100)
    widths = Counter(len(r.cells) for r in sampled if r.cells and any(map(str.strip, r.cells)))
    return widths.most_common(1)[0][0] if widths else 1


def _with_header(path: Path, encoding: str, delimiter: str, skipped: int, sample: str) -> Layout:
    lines = Lines(StringIO(sample, newline=""), skipped)
    found = records(lines, delimiter)
    for record in found:
        if record.problem:
            raise LedgerFileError(f"{path.name}, line {record.line}: {record.problem}")
        if record.cells and any(map(str.strip, record.cells)):
            end = record.line + len(lines.taken) - 1
            cells = _as_wide(tuple(cell.strip() for cell in record.cells), next(found, None))
            return Layout(encoding, delimiter, record.line, end, cells)
    raise LedgerFileError(f"{path.name} has no header")


def _as_wide(names: tuple[str, ...], below: Record | None) -> tuple[str, ...]:
    """Return the names without blank ones at the end that are beyond the width of the record
    below the header."""
    width = len(below.cells) if below and below.cells else len(names)
    while len(names) > width and not names[-1]:
        names = names[:-1]
    return names


def header(path: Path) -> list[str]:
    """Return the cells of the file's first line that is not blank. Raises LedgerFileError."""
    return list(layout(path, FileRule(), whole=False).header)


def body(path: Path, shape: Layout, progress: Progress | None = None) -> Iterator[Record]:
    """Yield the records below the header.

    `progress` is called from time to time with the number of bytes read of the file, which may be
    packed.
    """
    with explained(path), text(path, shape.encoding) as (stream, raw):
        for _ in range(shape.end):
            stream.readline()
        width = len(shape.header) or None  # without a header any width is accepted
        lines = records(Lines(stream, shape.end), shape.delimiter, width)
        for count, record in enumerate(lines, 1):
            if progress and count % EVERY == 0:
                progress(raw.tell())
            yield record
    if progress:
        progress(path.stat().st_size)
