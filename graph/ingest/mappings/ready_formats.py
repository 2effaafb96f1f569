"""The formats that come with finley, and the choice of the one that fits a file."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import islice
from pathlib import Path

from graph.ingest.csv_dialect import body, layout
from graph.ingest.csv_dialect import header as first_line
from graph.ingest.guessing import header
from graph.ingest.guessing.guess import layout_of
from graph.ingest.guessing.key_rule import key_rule
from graph.ingest.guessing.party_columns import account_above
from graph.ingest.mappings.column_names import canonical
from graph.ingest.mappings.from_toml import parse
from graph.ingest.mappings.mapping import Mapping
from graph.ingest.parse_cells import timestamp

DATED = 500  # rows whose dates are checked
_TURNED = str.maketrans("dm", "md")


@cache
def ready() -> dict[str, Mapping]:
    """Return the formats that come with finley, by name."""
    toml_files = sorted(_tomls(files("graph.ingest") / "formats"), key=lambda file: file.name)
    mappings = (_as_guessed(parse(file.name, file.read_bytes())) for file in toml_files)
    return {mapping.name: mapping for mapping in mappings}


def _tomls(folder: Traversable) -> Iterator[Traversable]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _tomls(entry)
        elif entry.name.endswith(".toml"):
            yield entry


def _as_guessed(mapping: Mapping) -> Mapping:
    """Return the vendor's format, with the source and key rule of a guess for files with its
    header.

    So rows that were once read by a guess are recognised.
    """
    if not mapping.header:
        return mapping
    names = canonical(mapping.header, {})
    columns = list(zip(names, mapping.header, strict=True))
    return replace(mapping, source=f"generic.{layout_of(names)}", key=key_rule(columns, ""))


def recognise(titles: Sequence[str]) -> Mapping | None:
    """Return the format with exactly these titles, else the one that has the most columns among
    them.

    A format without a whole header names the columns that must all be present. Returns None if no
    format fits.
    """
    if exact := _by_header().get(_layout(titles)):
        return exact
    fitting = [m for m in ready().values() if _recognises(m, titles)]
    return max(fitting, key=lambda mapping: len(mapping.recognise), default=None)


def of_file(path: Path) -> Mapping | None:
    """Return the format for the file's first line, or for a header below other lines; else None.

    None also if only the titles fit, because the file was saved with another delimiter or has
    another country's dates. Raises LedgerFileError for a file that cannot be read.
    """
    mapping = _by_titles(path)
    return mapping if mapping is None or not mapping.header or _fits(path, mapping) else None


def _by_titles(path: Path) -> Mapping | None:
    if known := recognise(first_line(path)):
        return known
    try:
        place = header.found(path)
    except header.GuessError:
        return None
    exact = _by_header().get(_layout(place.shape.header))
    return exact and _below(exact, place)


def _below(mapping: Mapping, place: header.HeaderPlace) -> Mapping:
    """Return the mapping for a header at this place, with the account that is stated above the
    header."""
    mapping = replace(mapping, file=replace(mapping.file, header_line=place.shape.line))
    account = account_above(place.above)
    if not account:
        return mapping
    payer = replace(mapping.payer, default=account)
    return replace(mapping, key=replace(mapping.key, account=account), payer=payer)


def _fits(path: Path, mapping: Mapping) -> bool:
    """Return whether the file has the format's columns and dates.

    The dates of its first rows must not fit better with day and month swapped than as stated. If
    the vendor's dates vary, they must fit better as stated. If several rows have a date, at least
    one must fit: another vendor may use the same titles.
    """
    shape = layout(path, mapping.file, whole=False)
    names = mapping.names(shape.header)
    if mapping.lacks(names):
        return False
    at, formats = names.index(mapping.date.column), mapping.date.formats
    turned = tuple(form.translate(_TURNED) for form in formats)
    only = stated = dated = 0
    for record in islice(body(path, shape), DATED):
        text = record.cells[at].strip() if record.cells and len(record.cells) > at else ""
        fits, dated = _is_date(text, formats), dated + bool(text)
        stated, only = stated + fits, only + fits - _is_date(text, turned)
    if dated > 1 and not stated:
        return False
    return only > 0 if mapping.dates_vary else only >= 0


def _is_date(text: str, formats: tuple[str, ...]) -> bool:
    with suppress(ValueError):
        timestamp(text, formats)
        return True
    return False


@cache
def _by_header() -> dict[str, Mapping]:
    return {_layout(mapping.header): mapping for mapping in ready().values() if mapping.header}


def _layout(titles: Sequence[str]) -> str:
    return layout_of(canonical(titles, {}))


def _recognises(mapping: Mapping, titles: Sequence[str]) -> bool:
    return bool(mapping.recognise) and set(mapping.recognise) <= set(mapping.names(titles))
