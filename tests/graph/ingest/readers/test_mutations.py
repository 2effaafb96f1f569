"""Files of every format, damaged in every way: each row is counted, or the file is refused.

Truncated, in a wrong encoding, doubled, shuffled, with bytes changed; seeded, so that a failure
repeats. All of them go through the database, which refuses what it cannot store.
"""

import io
import os
import random
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from django.db import connections
from pyarrow import parquet

from finley.models import User
from graph.errors import LedgerError
from graph.ingest.file_parts import format_of
from graph.ingest.import_file import import_file
from graph.ingest.readers.parts import Hints
from tests.graph.ingest.readers.einvoices.invoices import CII, UBL, pdf
from tests.graph.ingest.readers.journals import test_datev, test_fec
from tests.graph.ingest.readers.statements import test_camt, test_mt940, test_ofx
from tests.graph.ingest.readers.tables import test_tables

EACH = int(os.environ.get("FINLEY_MUTATIONS", "0"))  # damaged copies of each file, or 0 for FEW
FEW = {"table.xls": 12, "table.xlsx": 12, "table.parquet": 12}  # slow to read; 24 of the others
HINTS = Hints("day", "EUR")
NO_HINTS = Hints()
QIF = (
    "!Type:Bank\n"
    + "D13/01/2025\nT-1,234.50\nPClay Barn\nMpots\n^\nD14/01/2025\nT5\nPFair\n^\n" * 3
)
BEANCOUNT = '2025-01-13 * "Clay" "pots"\n  Assets:Bank  -5 EUR\n  Expenses:Pots\n\n' * 4
HLEDGER = "2025-01-13 Clay Barn\n    expenses:pots  12.50 EUR\n    assets:bank\n\n" * 4


def parquet_file() -> bytes:
    stream = io.BytesIO()
    parquet.write_table(pa.table(test_tables.TestParquet.TABLE), stream)
    return stream.getvalue()


def camt_file() -> bytes:
    pays = test_camt.entry(details=test_camt.tx("Cdtr", "Clay Bärn"))
    batch = test_camt.tx("Cdtr", "Ann", "100.00") + test_camt.tx("Cdtr", "Ben", "200.00")
    gains = test_camt.entry("300.00", "CRDT", batch)
    balances = test_camt.balance("OPBD", "1.00") + test_camt.balance("CLBD", "288.50")
    return test_camt.document(test_camt.statement(pays, gains, balances=balances)).encode()


CSV = "Date,Payee,Amount,Currency,Reference\n" + "".join(
    f'2025-01-{day},"Clay Barn, {day}",-{day}.50,EUR,RE-{day}\n' for day in range(13, 25)
)
TABLE = [test_tables.HEADER, *test_tables.ROWS]
BOOKING = '119,00;"S";"EUR";10001;8400;0501;RE-5;Müller;'
FILES: dict[str, bytes] = {
    "bank.csv": CSV.encode(),
    "camt.xml": camt_file(),
    "mt940.sta": test_mt940.message(
        *[test_mt940.movement()] * 3, closing="C250113EUR62,50"
    ).encode(),
    "ofx.ofx": test_ofx.file(test_ofx.sgml(test_ofx.CLAY, test_ofx.FAIR)).encode(),
    "ofx2.ofx": test_ofx.closed(test_ofx.file(test_ofx.sgml(test_ofx.CLAY))).encode(),
    "qif.qif": QIF.encode(),
    "ubl.xml": UBL.encode(),
    "cii.xml": CII.encode(),
    "facturx.pdf": pdf(CII),
    "datev.csv": test_datev.file(*[BOOKING] * 3),
    "fec.txt": test_fec.SAMPLE.encode(),
    "books.beancount": BEANCOUNT.encode(),
    "books.journal": HLEDGER.encode(),
    "lines.jsonl": test_tables.TestJson.TEXT.encode(),
    "table.parquet": parquet_file(),
    "table.xlsx": test_tables.xlsx(Bills=TABLE, More=TABLE),
    "table.xls": test_tables.xls(TABLE),
    "table.ods": test_tables.ods(TABLE),
}
Mutation = Callable[[random.Random, bytes], bytes]


def truncated(chance: random.Random, content: bytes) -> bytes:
    return content[: chance.randrange(len(content))]


def transcoded(chance: random.Random, content: bytes) -> bytes:
    text = content.decode("latin-1")
    codec = chance.choice(["utf-16", "utf-16-be", "utf-32", "cp037", "utf-8", "utf-7"])
    return text.encode(codec)


def doubled(chance: random.Random, content: bytes) -> bytes:
    if chance.random() < 0.3:
        return content + content
    start = chance.randrange(len(content))
    end = start + chance.randrange(1, 400)
    return content[:end] + content[start:end] + content[end:]


def shuffled(chance: random.Random, content: bytes) -> bytes:
    mark = chance.choice([b"\n", b">", b";", b"\n\n"])
    pieces = content.split(mark)
    start = chance.randrange(len(pieces))
    some = pieces[start : start + chance.randrange(2, 12)]
    chance.shuffle(some)
    pieces[start : start + len(some)] = some
    return mark.join(pieces)


def changed(chance: random.Random, content: bytes) -> bytes:
    mutated = bytearray(content)
    for _ in range(chance.randrange(1, 12)):
        mutated[chance.randrange(len(mutated))] = chance.choice(
            [0, 10, 34, 48, 60, 233, 255, 57, 45]
        )
    return bytes(mutated)


def swollen(chance: random.Random, content: bytes) -> bytes:
    at = chance.randrange(len(content))
    filler = chance.choice([b"9" * 40, b"\xff" * 9, b"A" * 70_000, b"<a>" * 300, b"\r", b"-"])
    return content[:at] + filler + content[at:]


MUTATIONS: tuple[Mutation, ...] = (truncated, transcoded, doubled, shuffled, changed, swollen)


@pytest.mark.parametrize("name", FILES)
def test_every_row_is_counted_or_the_file_refused(
    committed: None, tenant: User, tmp_path: Path, name: str
) -> None:
    chance = random.Random(f"finley {name}")
    path, outcomes = tmp_path / name, []
    hints = HINTS if name == "qif.qif" else NO_HINTS
    for round_ in range(EACH or FEW.get(name, 24)):
        mutation = MUTATIONS[round_ % len(MUTATIONS)]
        path.write_bytes(mutation(chance, FILES[name]))
        outcomes.append(outcome(tenant, path, hints))
    assert set(outcomes) == {"rows", "refused"}


def outcome(tenant: User, path: Path, hints: Hints) -> str:
    """ "rows" or "refused"; anything else is a failure of the test."""
    before, refusal, rejects = stored(tenant), "", path.parent / "rejects"
    try:
        counts = import_file(tenant.id, path, format_of(path), rejects, hints=hints).counts
    except LedgerError as error:
        refusal = str(error)
    if refusal:
        assert "Traceback" not in refusal
        assert stored(tenant) == before
        return "refused"
    parts = (counts.rows_stored, counts.rows_updated, counts.rows_unchanged, counts.rows_rejected)
    assert counts.rows_in == sum(parts)
    assert stored(tenant) == before + 2 * counts.rows_stored
    return "rows"


def stored(tenant: User) -> int:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM raw_events WHERE user_id = %s", [tenant.id])
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize("name", FILES)
def test_the_files_themselves_are_read_whole(
    committed: None, tenant: User, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name])
    hints = HINTS if name == "qif.qif" else NO_HINTS
    imported = import_file(tenant.id, path, format_of(path), tmp_path / "rejects", hints=hints)
    assert imported.counts.rows_in > 0
    assert imported.counts.rows_rejected == 0
    again = import_file(tenant.id, path, format_of(path), tmp_path / "rejects", hints=hints)
    assert again.counts.rows_unchanged == again.counts.rows_in == imported.counts.rows_in
