"""What a parser can do. Each task takes and gives JSON, and files by their paths.

Raises GraphError (LedgerError, DocumentError) with a sentence for what cannot be read.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graph.ingest import decode, document_facts, document_text, guess_mapping, mapping
from graph.ingest.csv_dialect import header
from graph.ingest.document_facts import Document, Reading
from graph.ingest.html_text import of_html
from graph.ingest.rows import LedgerRow, Reject
from graph.ingest.rows_from_file import read as rows_of
from syncjobs.parsers.wire import pack, unpack

MESSAGE = 1_000_000  # characters of a message's source that are read


@dataclass(frozen=True, slots=True)
class Shape:
    """What a ledger file turned out to be; its rows are in a file beside it."""

    format: str
    source: str
    platform: str
    publication: tuple[str, ...]


def read_document(path: str, html: bool | None, document: dict[str, Any]) -> Any:
    """What a document names, as `document_facts.read` gives it. `html`: None for a file."""
    data = Path(path).read_bytes()
    given: Document = unpack(Document, {**document, "text": ""})
    if html is None:
        text = document_text.of(data, given.name)
    else:
        source = data[: 4 * MESSAGE].decode(errors="replace")[:MESSAGE]
        text = of_html(source) if html else source
    return pack(document_facts.read(unpack(Document, {**document, "text": text})))


def read_ledger(path: str, into: str, most_bytes: int) -> Any:
    """Guess the format and write every row and reject to `into`, a line of JSON each.

    At most `most_bytes` are unpacked.
    """
    file = Path(path)
    with decode.at_most(most_bytes):
        by = mapping.recognise(header(file)) or guess_mapping.guess(file)
        with Path(into).open("w", encoding="utf-8") as out:
            for row in rows_of(file, by):
                out.write(json.dumps([isinstance(row, Reject), pack(row)]) + "\n")
    return pack(Shape(by.name, by.source, by.platform, tuple(by.publication)))


def rows_from(path: Path) -> Iterator[LedgerRow | Reject]:
    """The rows that `read_ledger` wrote."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            rejected, value = json.loads(line)
            yield unpack(Reject if rejected else LedgerRow, value)


def reading_from(value: Any) -> Reading | None:
    """What `read_document` gave."""
    return None if value is None else unpack(Reading, value)


TASKS: dict[str, Callable[..., Any]] = {
    "read_document": read_document,
    "read_ledger": read_ledger,
}
