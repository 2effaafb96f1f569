"""Bills of a case that are not paid in full: they must wait until the case is decided."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from finley.web import answer_cache
from finley.web.sums import open_invoices
from graph.questions.cases import COMPARED

Row = dict[str, Any]


def with_unpaid(user_id: UUID, cases: Sequence[Row]) -> list[Row]:
    """Copies of the cases, each with `unpaid`: the open invoices among its first and repeated rows,
    with what is `settled` and what is `open` of each."""
    open_of = {row["id"]: row for row in answer_cache.answer(open_invoices.all_owed, user_id)}
    return [{**case, "unpaid": _unpaid(case["rows"], open_of)} for case in cases]


def _unpaid(rows: Sequence[Row], open_of: dict[str, Row]) -> list[Row]:
    ids = [str(row["id"]) for row in rows if row["role"] in COMPARED]
    return [open_of[name] for name in ids if name in open_of]
