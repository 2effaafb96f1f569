"""Computes what a tenant's tables must contain after an import, the slow, obvious way.

It reads files of one layout only (COLUMNS, with the mapping of test_store_rows.py) and keeps
everything in dictionaries, row by row.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from graph.ingest.ledger_rows import Party
from graph.ingest.store.identity import identity

COLUMNS = (
    "month", "id", "date", "amount", "department", "supplier", "supplier_id", "invoice",
    "about", "description", "payer",
)  # fmt: skip
Cells = tuple[str, ...]
Fields = dict[str, Any]
Change = tuple[str, dict[str, tuple[Any, Any]]]


@dataclass(frozen=True)
class Row:
    """One row of a file. `columns` are the file's cells except the publication, `stated` are their
    meanings."""

    columns: Fields
    stated: Fields
    payer: Party
    payee: Party


@dataclass
class Known:
    """What is known of a key: its current row, and for each (file, publication) that stated it, the
    first line there."""

    row: Row
    provenance: dict[tuple[str, str], int] = field(default_factory=dict)


@dataclass
class Books:
    by_every_column: bool = False
    keys: dict[str, Known] = field(default_factory=dict)
    entities: dict[tuple[str, str], tuple[str, Fields]] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)

    def take(self, file: str, lines: Iterable[Cells]) -> dict[str, int]:
        """Import a file. Return how many of its lines were stored, updated, unchanged and
        rejected."""
        counts = dict.fromkeys(("stored", "updated", "unchanged", "rejected"), 0)
        read = self._read(lines)
        for item in read.values():
            if item is None:
                counts["rejected"] += 1
            else:
                key, _, row = item
                last = [r for k, _, r in filter(None, read.values()) if k == key][-1]
                counts[self._stored(key, row, last)] += 1
        for key, row in {k: r for k, _, r in filter(None, read.values())}.items():
            self.keys.setdefault(key, Known(row)).row = row
        for line, item in read.items():
            if item is not None:
                key, month, _ = item
                self.keys[key].provenance.setdefault((file, month), line)
        self._now = {}
        return counts

    _now: dict[str, Row] = field(default_factory=dict)

    def _read(self, lines: Iterable[Cells]) -> dict[int, tuple[str, str, Row] | None]:
        """Read the lines of a file: line number → (key, publication, row), or None for a rejected
        row."""
        keys_before: list[tuple[str, str]] = []
        read: dict[int, tuple[str, str, Row] | None] = {}
        for line, cells in enumerate(lines, 2):
            data = dict(zip(COLUMNS, cells, strict=True))
            month = data.pop("month")
            row = _row(data)
            key = str(sorted(data.items())) if self.by_every_column else data["id"]
            times = keys_before.count((month, key)) + 1
            if row is None or not key or (times > 1 and not self.by_every_column):
                read[line] = None
                continue
            keys_before.append((month, key))
            read[line] = (key if times == 1 else f"{key} #{times}", month, row)
        return read

    def _stored(self, key: str, row: Row, last: Row) -> str:
        response = self.keys.get(key)
        if response is not None and response.row == last:
            return "unchanged"  # whatever it says on the way, the file ends where we are
        before = self._now.get(key) or (response and response.row)
        self._now[key] = row
        if before == row:
            return "unchanged"
        for party in (row.payer, row.payee):
            name_and_keys = (party.name, dict(party.keys))
            self.entities.setdefault((party.kind, identity(party)), name_and_keys)
        if before is None:
            return "stored"
        self.changes.append((key, _change(before, row)))
        return "updated"


def _row(data: dict[str, str]) -> Row | None:
    """The row; None if the date, the amount, or the supplier's name and id are missing."""
    supplier = data["supplier"] or data["supplier_id"]
    if data["date"] == "soon" or data["amount"] == "much" or not supplier:
        return None
    keys = (("supplier_id", data["supplier_id"]),) if data["supplier_id"] else ()
    payer, payee = Party("department", data["department"] or "Us"), Party("vendor", supplier, keys)
    columns = {
        "occurred_at": date.fromisoformat(data["date"]),
        "amount": int(data["amount"]),
        "payer": payer.name,
        "payee": payee.name,
        "payee_keys": dict(keys),
        "document_ref": data["invoice"] or None,
        "description": data["about"],
    }
    return Row(data, columns, payer, payee)


def _change(old: Row, new: Row) -> dict[str, tuple[Any, Any]]:
    """The fields that differ: name → (old value, new value). If a column has the same name as a
    stated field, the stated one counts."""
    changed = {}
    for then, now in ((old.columns, new.columns), (old.stated, new.stated)):
        changed.update({n: (then[n], now[n]) for n in then if then[n] != now[n]})
    return changed
