"""The tasks of a parser. Each takes and returns JSON; files are passed by path.

All raise GraphError (LedgerError, DocumentError) with a message if the input cannot be read.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from graph.errors import LedgerError
from graph.ingest import decode
from graph.ingest.documents import document_facts, document_text
from graph.ingest.documents.document_facts import Document, Reading
from graph.ingest.documents.html_text import of_html
from graph.ingest.doubts import Doubt
from graph.ingest.file_parts import format_of, parts_of
from graph.ingest.ledger_rows import LedgerRow, Party, Reject
from graph.ingest.mappings.mapping import Mapping
from graph.ingest.mappings.mapping_for_header import Saved
from graph.ingest.readers.einvoices import attached
from graph.ingest.readers.parts import Hints, Part
from syncjobs.parsers.frames import pack, unpack

MESSAGE = 1_000_000  # characters of a message's source that are read


@dataclass(frozen=True, slots=True)
class PartRead:
    """One part of a ledger file as JSON can hold it: a Part without its rows, which are in the file
    that `read_ledger` wrote."""

    name: str
    title: str
    source: str
    platform: str
    label: str
    publication: tuple[str, ...]
    warnings: tuple[str, ...]
    doubts: tuple[Doubt, ...]
    mapping: Mapping | None


def read_document(path: str, html: bool | None, document: dict[str, Any]) -> Any:
    """Read a document's text, and return the facts that `document_facts.read` finds in it, packed;
    None if it finds none.

    `html` is None for a file; for a message it says whether the body is HTML. `document` is a
    packed Document, whose text is read from `path`.
    """
    data = Path(path).read_bytes()
    described: Document = unpack(Document, {**document, "text": ""})
    if html is None:
        text = document_text.of(data, described.name)
    else:
        source = data[: 4 * MESSAGE].decode(errors="replace")[:MESSAGE]
        text = of_html(source) if html else source
    return pack(document_facts.read(unpack(Document, {**document, "text": text})))


def holds_invoice(path: str) -> bool:
    """Return whether the PDF at `path` has an electronic invoice (Factur-X, ZUGFeRD) attached."""
    return attached.embedded(Path(path).read_bytes()) is not None


def read_ledger(path: str, into: str, most_bytes: int, known: dict[str, Any]) -> Any:
    """Read a ledger file of any format. Return its parts as packed PartReads, and write their rows
    and rejects to the file `into`.

    Each line of `into` is JSON: [number of the part, whether it is a reject, the row]. At most
    `most_bytes` are unpacked. `known` is what is known of the tenant: "own" has the IBANs of its
    accounts, "saved" its mappings, packed, by layout, and "usual" its currencies. Raises
    LedgerError, also for a file with doubts that only a person can settle.
    """
    file = Path(path)
    with decode.at_most(most_bytes):
        saved = {layout: unpack(Saved, each) for layout, each in known["saved"].items()}
        hints = Hints(own=frozenset(known["own"]), saved=saved, usual=known["usual"])
        parts = parts_of(file, format_of(file, hints), hints=hints)
        if doubts := [doubt.text for part in parts for doubt in part.doubts if doubt.blocking]:
            raise LedgerError(f"{file.name} is not imported: {'; '.join(doubts)}")
        with Path(into).open("w", encoding="utf-8") as lines:
            for number, part in enumerate(parts):
                lines.writelines(
                    json.dumps([number, isinstance(row, Reject), pack(row)]) + "\n"
                    for row in part.read()
                )
    return pack([_summary(part) for part in parts])


def _summary(part: Part) -> PartRead:
    return PartRead(
        part.name,
        part.title,
        part.source,
        part.platform,
        part.label,
        tuple(part.publication),
        tuple(part.warnings),
        part.doubts,
        part.mapping,
    )


def parts_from(rows: Path, parts: Any) -> list[Part]:
    """Make Parts, ready to be stored, from the result of `read_ledger`. `rows` is the file that it
    wrote."""
    read_parts = [
        Part(
            part.name,
            part.title,
            part.source,
            part.platform,
            read=partial(_rows_from, rows, number),
            label=part.label,
            publication=part.publication,
            warnings=list(part.warnings),
            doubts=part.doubts,
            mapping=part.mapping,
            is_stated=part.mapping is not None and part.mapping.states_account,
        )
        for number, part in enumerate(unpack(list[PartRead], parts))
    ]
    for part in read_parts:
        part.remapped = partial(_under, part)
    return read_parts


def _under(part: Part, other: Mapping) -> Part:
    """A copy of the part whose rows have the source of the mapping `other`, and its names for the
    tenant's own parties."""
    before = part.mapping or other
    sides = ((before.payer, other.payer), (before.payee, other.payee))
    names = {(was.kind, was.default): now.default for was, now in sides if was != now}

    def named(party: Party) -> Party:
        return replace(party, name=names.get((party.kind, party.name)) or party.name)

    def read() -> Iterator[LedgerRow | Reject]:
        for row in part.read():
            if isinstance(row, Reject):
                yield row
            else:
                yield replace(row, payer=named(row.payer), payee=named(row.payee))

    return replace(part, source=other.source, mapping=other, read=read)


def _rows_from(path: Path, number: int) -> Iterator[LedgerRow | Reject]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            part, rejected, value = json.loads(line)
            if part == number:
                yield unpack(Reject if rejected else LedgerRow, value)


def reading_from(value: Any) -> Reading | None:
    """Restore the Reading, or None, that `read_document` returned as JSON."""
    return None if value is None else unpack(Reading, value)


TASKS: dict[str, Callable[..., Any]] = {
    "holds_invoice": holds_invoice,
    "read_document": read_document,
    "read_ledger": read_ledger,
}
