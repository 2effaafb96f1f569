"""Builds payments as columns from one dictionary per row."""

from typing import Any

import numpy as np

from graph.enrich.columns.payments import UNIT, Entities, Payments

OURS = "Office"
KINDS = {
    OURS: "department",
    "Current account": "account",
    "Savings": "account",
    "Card 1": "employee",
    "Card 2": "employee",
}


def payments(*rows: dict[str, Any]) -> Payments:
    """Payments from one dictionary per row, sorted by day. A row may have day (a number), party,
    amount (in units of the currency; negative: from the party), own, source, currency and so on;
    there is a default for each."""
    usual = {"day": 0, "party": "Acme Mills", "amount": 10, "own": OURS, "source": "ledger"}
    usual |= {"currency": "GBP", "document": "", "description": "", "due": None, "key": None}
    filled = [{**usual, "key": str(at), **row} for at, row in enumerate(rows)]
    filled.sort(key=lambda row: (row["day"], row["source"]))
    names = sorted({row[end] for row in filled for end in ("party", "own")})
    ends = [
        (row["own"], row["party"]) if row["amount"] >= 0 else (row["party"], row["own"])
        for row in filled
    ]
    texts = {
        name: np.array([row[name] for row in filled], dtype=object)
        for name in ("source", "currency", "document", "description")
    }
    return Payments(
        relationship=_ids("r", filled),
        payer=np.array([names.index(payer) for payer, _ in ends], dtype=np.int64),
        payee=np.array([names.index(payee) for _, payee in ends], dtype=np.int64),
        amount=np.array([round(abs(row["amount"]) * UNIT) for row in filled], dtype=np.int64),
        day=np.array([row["day"] for row in filled], dtype=np.int64),
        due_day=np.array([-1 if row["due"] is None else row["due"] for row in filled], np.int64),
        precision=np.array(["day"] * len(filled), dtype=object),
        platform=np.array([row["source"].split(".")[0] for row in filled], dtype=object),
        external_id=np.array([row["key"] for row in filled], dtype=object),
        transaction=_ids("t", filled),
        payer_event=_ids("p", filled),
        payee_event=_ids("e", filled),
        entities=Entities(
            id=np.array(names, dtype=object),
            kind=np.array([KINDS.get(name, "vendor") for name in names], dtype=object),
            name=np.array(names, dtype=object),
            keys=[{} for _ in names],
        ),
        **texts,
    )


def _ids(letter: str, rows: list[Any]) -> Any:
    return np.array([f"{letter}{row['key']}" for row in rows], dtype=object)
