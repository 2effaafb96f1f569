"""The other books: the truth agrees with the files, for any seed."""

from __future__ import annotations

import csv
import dataclasses
from collections import Counter
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.otherbooks import charity
from benchmarks.otherbooks.bank_days import agreed, following, preceding, works
from benchmarks.otherbooks.book_files import COLUMNS, KEY
from finley.demo.truth import Ref, Truth
from graph.ingest.ledger_rows import LedgerRow
from graph.ingest.rows_from_file import read

Rows = dict[Ref, dict[str, str]]
DAY = {"statement.csv": "Date", "purchases.csv": "Date", "cards.csv": "Posted",
       "claims.csv": "Claimed on", "giving.csv": "Created", "invoices.csv": "Issued"}  # fmt: skip
SHAPE = {"cards.csv": "%Y%m%d", "giving.csv": "%Y-%m-%d"}


@cache
def made(seed: int, months: int = 20, jitter: int = 3) -> tuple[Rows, Truth]:
    sheets = charity.generate(seed, months=months, jitter_days=jitter)
    rows = {Ref(f, row[KEY[f]]): row for f, lines in sheets.rows.items() for row in lines}
    return rows, sheets.truth


def pence(row: dict[str, str]) -> int:
    text = row.get("Amount") or row.get("Value")
    if text is None:
        paid_in, paid_out = (float(row.get(k) or 0) for k in ("Paid in", "Paid out"))
        return round(100 * (paid_in - paid_out))
    return round(100 * float(text))


def day(ref: Ref, rows: Rows) -> date:
    return datetime.strptime(rows[ref][DAY[ref.file]], SHAPE.get(ref.file, "%d/%m/%Y")).date()  # noqa: DTZ007


def refs(value: object) -> set[Ref]:
    if isinstance(value, Ref):
        return {value}
    if isinstance(value, list):
        return {ref for item in value for ref in refs(item)}
    if dataclasses.is_dataclass(value):
        return {r for f in dataclasses.fields(value) for r in refs(getattr(value, f.name))}
    return set()


@settings(max_examples=max(4, settings.default.max_examples // 10), deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 4))
def test_truth_agrees_with_the_rows(seed: int, jitter: int) -> None:
    rows, truth = made.__wrapped__(seed, 20, jitter)
    assert refs(truth) <= set(rows)
    assert all(truth.start <= day(ref, rows) <= truth.end for ref in rows)
    check_series(rows, truth, jitter)
    check_amounts(rows, truth)
    check_duplicates(rows, truth)
    check_parties(rows, truth)


def check_series(rows: Rows, truth: Truth, jitter: int) -> None:
    counts = Counter(row for one in truth.series for row in one.rows)
    assert max(counts.values()) == 1
    for one in truth.series:
        assert len(one.rows) == len(one.due) == len(set(one.due)) >= 2
        assert set(one.expected) == set(one.due) | set(one.missed)
        assert (one.next_expected is not None) == one.active
        assert one.next_expected is None or one.next_expected > truth.end - timedelta(days=7)
        assert {row.file for row in one.rows} == {one.file}
        for row, due in zip(one.rows, one.due, strict=True):
            # holidays move a day by 4 at most, the ledger follows within 4 working days
            assert abs((day(row, rows) - due).days) <= jitter + 12


def check_amounts(rows: Rows, truth: Truth) -> None:
    for same in truth.same_transaction:
        assert abs(pence(rows[same.seen])) == abs(pence(rows[same.ledger]))
        assert same.seen.file != same.ledger.file
        assert abs((day(same.seen, rows) - day(same.ledger, rows)).days) <= 10
    for back in truth.reversals:
        assert pence(rows[back.row]) * pence(rows[back.original]) < 0
        lost, first = abs(pence(rows[back.row])), abs(pence(rows[back.original]))
        assert lost < first if back.partial else lost == first
    for one in truth.settles:
        paid = abs(sum(pence(rows[ref]) for ref in one.payments))
        owed = sum(pence(rows[ref]) for ref in one.invoices)
        assert (paid == owed) == one.complete
        assert paid <= owed
    for fee in truth.fee_of:
        gift = pence(rows[fee.payment])
        assert pence(rows[fee.fee]) == -round(gift * 0.014) - 20
        assert day(fee.fee, rows) == day(fee.payment, rows)


def check_duplicates(rows: Rows, truth: Truth) -> None:
    kinds = Counter(one.kind for one in truth.duplicates if not one.echo)
    assert set(kinds) == {"paid_twice", "transposed_amount", "transposed_number", "number_suffix",
                          "leading_zeros", "split", "same_account"}  # fmt: skip
    halves = Counter[Ref]()
    for one in truth.duplicates:
        row, first = rows[one.row], rows[one.original]
        assert day(one.row, rows) >= day(one.original, rows)
        if one.kind == "split":
            halves[one.original] += pence(row)
        elif one.kind != "transposed_amount":
            assert pence(row) == pence(first)
        if one.kind == "same_account" and not one.echo:
            assert row["Bank account"] == first["Bank account"]
            assert row["Supplier"].split()[0] != first["Supplier"].split()[0]
    assert all(pence(rows[first]) == total for first, total in halves.items())


def check_parties(rows: Rows, truth: Truth) -> None:
    parties = {alias.party for alias in truth.aliases}
    for alias in truth.aliases:
        assert set(alias.apart_from) <= parties - {alias.party}
        for one in alias.spellings:
            assert all(rows[row][one.column] == one.name for row in one.rows)
            assert set(one.keys.values()) <= {v for row in one.rows for v in rows[row].values()}
    assert any(len(alias.spellings) > 3 for alias in truth.aliases)
    assert any(alias.apart_from for alias in truth.aliases)


def test_payouts_are_what_came_in_less_what_went_out() -> None:
    rows, truth = made(5)
    giving = [
        (day(r, rows), rows[r]["Type"], pence(rows[r])) for r in rows if r.file == "giving.csv"
    ]
    payouts = sorted((d, p) for d, kind, p in giving if kind == "payout")
    since = truth.start
    assert len(payouts) > 50
    for monday, paid in payouts:
        assert -paid == sum(p for d, kind, p in giving if since <= d < monday and kind != "payout")
        since = monday


def test_the_same_seed_gives_the_same_books() -> None:
    assert charity.generate(3, months=8) == charity.generate(3, months=8)
    assert charity.generate(3, months=8) != charity.generate(4, months=8)


def test_one_month_of_the_cards_is_published_twice() -> None:
    lines = charity.generate(2, months=12).rows["cards.csv"]
    twice = [key for key, count in Counter(row["Ref"] for row in lines).items() if count == 2]
    months = Counter(row["File month"] for row in lines if row["Ref"] in twice)
    assert len(months) == 2
    assert set(months.values()) == {len(twice)}
    unlike = {tuple(v for k, v in row.items() if k != "File month") for row in lines}
    assert len(unlike) == len(lines) - len(twice)


@pytest.mark.parametrize("file", sorted(COLUMNS))
def test_every_row_can_be_read_and_has_one_key(tmp_path: Path, file: str) -> None:
    sheets = charity.write(tmp_path, 1, months=10)
    read_rows = list(read(tmp_path / file, charity.mapping_of(file)))
    with (tmp_path / file).open(newline="") as lines:
        cells = list(csv.DictReader(lines))
    assert all(isinstance(row, LedgerRow) for row in read_rows)
    assert len(read_rows) == len(cells)
    keys = Counter((row.key, row.publication) for row in read_rows)
    assert max(keys.values()) == 1
    true = {ref.key for ref in refs(sheets.truth) if ref.file == file}
    assert true <= {row.key for row in read_rows}
    money = {row.key: abs(round(100 * float(row.amount))) for row in read_rows}
    assert money == {row[KEY[file]]: abs(pence(row)) for row in cells}


def test_money_goes_the_right_way(tmp_path: Path) -> None:
    """A gift comes in, its fee goes out; what the bank paid out is positive from the payer."""
    charity.write(tmp_path, 1, months=8)
    giving = list(read(tmp_path / "giving.csv", charity.mapping_of("giving.csv")))
    by_kind = {row.description: row.amount for row in giving}
    assert by_kind["charge"] < 0 < by_kind["fee"]
    bank = list(read(tmp_path / "statement.csv", charity.mapping_of("statement.csv")))
    by_kind = {row.description: row.amount for row in bank}
    assert by_kind["BGC"] != 0
    assert by_kind["DD"] > 0


def test_working_days() -> None:
    assert not works(date(2024, 12, 25))
    assert following(date(2024, 12, 25)) == date(2024, 12, 30)  # 26 and 27 too, then a weekend
    assert preceding(date(2024, 5, 6)) == date(2024, 5, 3)  # the first Monday of May


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("weekly:4", [(2, 2), (2, 9), (2, 16)]),
        ("four-weekly:0", [(2, 5), (3, 4), (4, 1)]),
        ("monthly:31", [(2, 29), (3, 31), (4, 30)]),
        ("monthly:last", [(2, 29), (3, 29), (4, 30)]),
        ("quarterly:days", [(3, 25), (6, 24), (9, 29)]),
        ("quarterly:7", [(2, 7), (5, 7), (8, 7)]),
    ],
)
def test_schedules(schedule: str, expected: list[tuple[int, int]]) -> None:
    days = agreed(schedule, date(2024, 2, 1))
    assert [next(days) for _ in range(3)] == [date(2024, m, d) for m, d in expected]


def test_yearly_and_impossible_books() -> None:
    days = agreed("yearly:4-6", date(2024, 5, 1))
    assert [next(days), next(days)] == [date(2025, 4, 6), date(2026, 4, 6)]
    with pytest.raises(ValueError, match="six months"):
        charity.generate(1, months=5)
