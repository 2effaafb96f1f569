"""Predictions from birth to fulfilment: never two of one day, and late ones stay visible."""

from dataclasses import replace
from datetime import date
from typing import Any

from graph.enrich.prediction import predict
from graph.enrich.series.detect import find
from graph.enrich.series.forecast import courses
from tests.graph.enrich.small_books import Paid, every, monthly, number, payments

FIRST = date(2024, 1, 10)
YEAR = monthly(FIRST, 24, amount=850)


def step(
    paid: list[Paid], today: date, known: list[dict[str, Any]], *, behind: str = ""
) -> list[dict[str, Any]]:
    """What the table holds after a run on that day. `behind` is the source of which another one
    went on longer."""
    books = payments(paid)
    books = replace(books, external_id=books.day.astype(str).astype(object))
    until = dict.fromkeys(books.source, number(today))
    series = courses(books, find(books))
    places = {at for at, one in enumerate(series) if books.source[one.last[-1]] == behind}
    rows = list(predict(books, series, until, known, behind=places))
    changed = {row["id"]: row for row in rows if row["id"]}
    current = [changed.get(row["id"], row) for row in known]
    return [*current, *({**row, "id": f"p{len(known)}"} for row in rows if not row["id"])]


def statuses(rows: list[dict[str, Any]]) -> list[str]:
    return [str(row["status"]) for row in rows]


def test_the_next_one_hangs_on_the_last():
    (row,) = step(YEAR[:12], date(2024, 12, 10), [])
    assert (row["relationship_id"], row["status"]) == ("r11", "pending")
    assert row["expected_from"] <= "2025-01-10" <= row["expected_to"]
    assert float(row["amount_low"]) <= 850 <= float(row["amount_high"])
    assert row["currency"] == "GBP"
    assert row["prediction_reason"].startswith("monthly since 2024-01-10, 12 of 12 times kept")


def test_again_changes_nothing():
    rows = step(YEAR[:12], date(2024, 12, 10), [])
    assert step(YEAR[:12], date(2024, 12, 10), rows) == rows


def test_what_came_fulfils_it_and_the_next_is_predicted():
    rows = step(YEAR[:12], date(2024, 12, 10), [])
    rows = step(YEAR[:13], date(2025, 1, 10), rows)
    assert statuses(rows) == ["fulfilled", "pending"]
    assert rows[0]["fulfilled_by_event_id"] == "e12"
    assert rows[0]["relationship_id"] == "r11"
    assert rows[1]["relationship_id"] == "r12"
    assert step(YEAR[:13], date(2025, 1, 10), rows) == rows


def test_what_does_not_come_is_overdue_and_late_payment_fulfils_it():
    rows = step(YEAR[:12], date(2024, 12, 10), [])
    rows = step(YEAR[:12], date(2025, 1, 20), rows)
    assert statuses(rows) == ["overdue"]
    late = [*YEAR[:12], Paid(YEAR[12].day + 4, 850)]
    assert statuses(step(late, date(2025, 1, 20), rows)) == ["fulfilled", "pending"]


def test_a_missed_one_stays_overdue_while_the_series_goes_on():
    rows = step(YEAR[:12], date(2024, 12, 10), [])
    rows = step([*YEAR[:12], YEAR[13]], date(2025, 2, 10), rows)
    assert statuses(rows) == ["overdue", "pending"]


def test_an_ended_series_cancels_it():
    rows = step(YEAR[:12], date(2024, 12, 10), [])
    rows = step(YEAR[:12], date(2025, 6, 1), rows)
    assert statuses(rows) == ["cancelled"]


def test_a_series_that_is_no_more_cancels_it():
    rows = step(YEAR[:12], date(2024, 12, 10), [])
    assert statuses(step(YEAR[:2], date(2024, 12, 10), rows)) == ["cancelled"]


def test_a_series_behind_another_view_keeps_what_it_fulfilled_and_expects_nothing():
    ledger = [replace(one, source="ledger") for one in YEAR]
    rows = step(ledger[:13], date(2025, 1, 10), step(ledger[:12], date(2024, 12, 10), []))
    assert statuses(rows) == ["fulfilled", "pending"]
    paid = [*ledger[:13], *(replace(one, source="bank") for one in YEAR[:14])]
    rows = step(paid, date(2025, 2, 10), rows, behind="ledger")
    assert statuses(rows) == ["fulfilled", "cancelled", "pending"]
    assert rows[0]["fulfilled_by_event_id"]
    assert "stopped" not in rows[1]["evidence"]
    later = [*ledger[:14], *(replace(one, source="bank") for one in YEAR[:14])]
    rows = step(later, date(2025, 2, 10), rows)
    assert statuses(rows) == ["fulfilled", "fulfilled", "pending", "pending"]


def test_several_series_each_have_their_own():
    paid = YEAR[:12] + every(7, FIRST, 40, amount=35, payee=3)
    rows = step(paid, date(2024, 10, 12), [])
    assert len({row["evidence"]["series"] for row in rows}) == len(rows) == 2


def test_nothing_is_predicted_of_nothing():
    assert step([], date(2024, 1, 1), []) == []
