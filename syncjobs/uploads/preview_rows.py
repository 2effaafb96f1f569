"""The rows of an uploaded file as its preview shows them: payer, payee, and the direction of the
money."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from graph.ingest.ledger_rows import LedgerRow, Party
from graph.questions.rows.records import OURS

PreviewRow = dict[str, Any]
IN, OUT, BETWEEN, UNKNOWN = "in", "out", "between", "unknown"
OWED = {IN: "to receive", OUT: "to pay"}  # an invoice or a bill moves no money yet


def shown_row(row: LedgerRow) -> PreviewRow:
    """The row as it will be stored: `payer` pays `payee`, and the amount has no sign.

    A file states a receipt as a negative amount, or with the parties the other way round.
    """
    payer, payee = _ends(row)
    return {
        "line": row.line,
        "day": row.occurred_at.date().isoformat(),
        "payer": payer.name,
        "payee": payee.name,
        "payer_kind": payer.kind,
        "payee_kind": payee.kind,
        "direction": direction(row),
        "amount": str(abs(row.amount)),
        "currency": row.currency,
        "document": row.document_ref or "",
        "description": (row.description or "")[:200],
        "records": row.records,
    }


def direction(row: LedgerRow) -> str:
    """The direction of the row's money, seen from the tenant: `in` or `out`, `to receive` or `to
    pay` for an invoice, `between` for own accounts, `unknown` if neither party is the tenant's
    own."""
    payer, payee = _ends(row)
    return direction_of(payer.kind, payee.kind, row.records)


def direction_of(payer_kind: str, payee_kind: str, records: str | None) -> str:
    """The direction of a row's money, as `direction` returns it, from the kinds of payer and payee
    and what the row records."""
    from_us, to_us = payer_kind in OURS, payee_kind in OURS
    if (from_us and to_us) or records == "transfer":
        return BETWEEN
    if not from_us and not to_us:
        return UNKNOWN
    way = IN if to_us else OUT
    return OWED[way] if records == "obligation" else way


def _ends(row: LedgerRow) -> tuple[Party, Party]:
    """The party that pays and the party that is paid. A negative amount exchanges the two."""
    return (row.payee, row.payer) if row.amount < 0 else (row.payer, row.payee)


def added_by_direction(sums: Iterable[Mapping[str, Any]]) -> list[PreviewRow]:
    """For each direction and currency, the number of rows and the sum of their amounts, added up
    from finer sums.

    Each of `sums` has payer_kind, payee_kind, records, currency, rows and amount.
    """
    added: dict[tuple[str, str], PreviewRow] = {}
    for row in sums:
        way = direction_of(row["payer_kind"], row["payee_kind"], row["records"])
        total = added.setdefault(
            (way, row["currency"]),
            {"direction": way, "currency": row["currency"], "rows": 0, "amount": Decimal(0)},
        )
        total["rows"] += row["rows"]
        total["amount"] += row["amount"] or Decimal(0)
    return list(added.values())


def sums_by_direction(rows: Iterable[LedgerRow]) -> list[PreviewRow]:
    """For each direction and currency, the number of rows and the sum of their absolute amounts, in
    the order of first occurrence."""
    amounts: defaultdict[tuple[str, str], list[Decimal]] = defaultdict(list)
    for row in rows:
        amounts[direction(row), row.currency].append(abs(row.amount))
    return [
        {"direction": way, "currency": currency, "rows": len(of), "amount": str(sum(of))}
        for (way, currency), of in amounts.items()
    ]
