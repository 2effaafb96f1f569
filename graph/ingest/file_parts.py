"""The parts of a file: one for a CSV or a statement, one for each table of a workbook."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from graph.errors import LedgerError
from graph.ingest.card_payments import as_transfers
from graph.ingest.csv_dialect import Progress, header, layout
from graph.ingest.decode import LedgerFileError
from graph.ingest.guessing.describe_mapping import explain
from graph.ingest.guessing.guess import GuessError, guess
from graph.ingest.guessing.reading_options import NONE
from graph.ingest.guessing.side_by_side import question
from graph.ingest.ledger_rows import LedgerRow, Reject
from graph.ingest.mappings import mapping_for_header, ready_formats
from graph.ingest.mappings.mapping import Mapping
from graph.ingest.readers import registry
from graph.ingest.readers.parts import FileFormat, Hints, Part, Rows, Table, TableFormat
from graph.ingest.rows_from_file import read

Format = Mapping | FileFormat | TableFormat
NO_HINTS = Hints()


def format_of(path: Path, hints: Hints = NO_HINTS) -> Format:
    """Return the file's format, recognised by its content. A CSV's format is its mapping
    (`mapping_of`).

    Raises LedgerError if the file cannot be read or nothing sensible can be guessed.
    """
    return registry.recognise(path) or mapping_of(path, hints)


def mapping_of(path: Path, hints: Hints = NO_HINTS) -> Mapping:
    """Return the saved or ready mapping for a CSV's header, or a guessed one.

    What a person decides now (`hints.choices`) overrides a saved or ready mapping. Raises
    LedgerError.
    """
    if hints.choices != NONE:
        return guess(path, choices=hints.choices, usual=hints.usual)
    own = mapping_for_header.find(path, hints.saved)
    return own or ready_formats.of_file(path) or guess(path, usual=hints.usual)


def parts_of(
    path: Path, by: Format, progress: Progress | None = None, hints: Hints = NO_HINTS
) -> list[Part]:
    """Return the file's parts, ready to read. Raises LedgerError if the whole file is refused.

    A mapping reads a CSV, and each table of a workbook that has the mapping's columns.
    """
    if isinstance(by, FileFormat):
        return [_with_transfers(part) for part in by.parts(path, hints)]
    kind = by if isinstance(by, TableFormat) else registry.recognise(path)
    mapping = by if isinstance(by, Mapping) else None
    if isinstance(kind, TableFormat):
        return _of_tables(path, kind.tables(path), mapping, hints)
    if kind is not None or mapping is None:
        raise LedgerError(f"{path.name} is {kind and kind.title}: no mapping is needed for it")
    return [_part(path, mapping, progress)]


def _with_transfers(part: Part) -> Part:
    """The part of a statement, in which payments of a card's bill are transfers."""
    rows = part.read
    part.read = lambda: as_transfers(rows(), part.platform)
    return part


def _part(path: Path, by: Mapping, progress: Progress | None) -> Part:
    return Part(
        name=by.name,
        title=by.title,
        source=by.source,
        platform=by.platform,
        publication=by.publication,
        read=lambda: as_transfers(read(path, by, progress), by.platform),
        evidence=tuple(line for line in explain(by) if not line.startswith("not sure: ")),
        doubts=by.doubts,
        mapping=by,
        question=lambda: question(path, by),
        remapped=lambda other: _part(path, other, progress),
    )


def _of_tables(
    path: Path, tables: list[Table], mapping: Mapping | None, hints: Hints
) -> list[Part]:
    """Return a part for each table with payments, the first of which warns about the other tables.

    Tables with the same header get the same mapping, which is made from the longest of them.
    """
    parts, others = [], []
    alike = {} if mapping else _by_header(tables, hints)
    for table in tables:
        try:
            by = mapping or alike.get(tuple(header(table.csv))) or _of_table(table, hints)
            parts.append(_table_part(path, table, by))
        except (GuessError, LedgerFileError) as error:
            others.append(_of_original(str(error), path, table))
    if not parts:
        raise LedgerFileError("; ".join(others))
    parts[0].warnings.extend(f"not imported: {sentence}" for sentence in others)
    return parts


def _of_table(table: Table, hints: Hints) -> Mapping:
    return mapping_of(table.csv, hints)


def _by_header(tables: list[Table], hints: Hints) -> dict[tuple[str, ...], Mapping]:
    """Return a mapping per header, made from the longest table with that header that can be
    mapped."""
    mappings: dict[tuple[str, ...], Mapping] = {}
    counts = Counter(tuple(header(table.csv)) for table in tables)
    for table in sorted(tables, key=lambda table: -table.csv.stat().st_size):
        names = tuple(header(table.csv))
        if counts[names] > 1 and names not in mappings:
            with suppress(GuessError, LedgerFileError):
                by = _of_table(table, hints)
                if layout(table.csv, by.file).header == names:
                    mappings[names] = replace(by, file=replace(by.file, header_line=1))
    return mappings


def _table_part(path: Path, table: Table, by: Mapping) -> Part:
    shape = layout(table.csv, by.file)
    if missing := by.lacks(by.names(shape.header)):
        raise LedgerFileError(f"{table.csv.name} has no column {', '.join(missing)}")
    part = _part(table.csv, by, None)
    part.label, part.table = table.label, table.csv
    part.title = part.title.replace(table.csv.name, path.name)
    part.warnings = list(table.warnings)
    part.read = lambda: _own_lines(path, table, by)
    part.remapped = lambda other: _table_part(path, table, other)
    return part


def _own_lines(path: Path, table: Table, by: Mapping) -> Rows:
    """Yield the table's rows, with line numbers in the table's own numbering instead of the
    CSV's."""
    yield from table.rejects
    try:
        rows = as_transfers(read(table.csv, by), by.platform)
        yield from (_moved(row, table.before) for row in rows)
    except LedgerFileError as error:
        raise LedgerFileError(_of_original(str(error), path, table)) from error


def _moved(row: LedgerRow | Reject, before: int) -> LedgerRow | Reject:
    return replace(row, line=row.line - before) if before else row


def _of_original(sentence: str, path: Path, table: Table) -> str:
    name = f"{path.name} [{table.label}]" if table.label else path.name
    return sentence.replace(table.csv.name, name)


def labelled(part: Part) -> Iterator[LedgerRow | Reject]:
    """Yield the part's rows. A reject says in which part of the file it is."""
    for row in part.read():
        if part.label and isinstance(row, Reject):
            yield replace(row, reason=f"{part.label}: {row.reason}")
        else:
            yield row
