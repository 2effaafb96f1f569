"""The demo books: the same seed gives the same bytes, and the truth agrees with the rows."""

from __future__ import annotations

import csv
import json
import tomllib
from datetime import date, timedelta
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finley.demo import books
from finley.demo.commitments import SPECS
from finley.demo.frequency import FREQUENCIES, JITTER_LIMIT
from finley.demo.journal import COLUMNS
from finley.demo.truth import Ref, Series
from graph.ingest import rows_from_file
from graph.ingest.ledger_rows import Reject
from graph.ingest.mappings.ready_formats import recognise

DAY_COLUMN = {
    "ledger.csv": "posted_on", "card.csv": "booked_on", "bank.csv": "booked_on",
    "sales.csv": "issued_on",
}  # fmt: skip
FORMATS = Path(__file__).parents[2] / "graph" / "ingest" / "formats"
WEEKEND, LEDGER_LAG, SHIFT = 2, 5, 9

Rows = dict[Ref, dict[str, str]]


@cache
def demo(seed: int = 7, months: int = 18, jitter_days: int = 2) -> tuple[Rows, books.Sheets]:
    sheets = books.generate(seed, months=months, jitter_days=jitter_days)
    by_ref = {Ref(f, row[COLUMNS[f][0]]): row for f, rows in sheets.rows.items() for row in rows}
    return by_ref, sheets


def pence(row: dict[str, str]) -> int:
    return round(float(row["amount"]) * 100)


def day(ref: Ref, rows: Rows) -> date:
    return date.fromisoformat(rows[ref][DAY_COLUMN[ref.file]])


def refs(value: object) -> list[Ref]:
    if isinstance(value, Ref):
        return [value]
    if isinstance(value, list):
        return [ref for item in value for ref in refs(item)]
    return [ref for item in vars(value).values() for ref in refs(item)] if _is_record(value) else []


def _is_record(value: object) -> bool:
    return type(value).__module__ == "finley.demo.truth"


def seeds_and_jitter() -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.integers(0, 10**6), st.integers(0, 4))


# --- invariants, for any seed -----------------------------------------------------------------


@settings(max_examples=max(4, settings.default.max_examples // 10), deadline=None)
@given(seeds_and_jitter())
def test_truth_agrees_with_the_rows(drawn: tuple[int, int]) -> None:
    seed, jitter_days = drawn
    rows, sheets = demo.__wrapped__(seed, 18, jitter_days)
    assert len(rows) == sum(len(lines) for lines in sheets.rows.values())
    assert set(refs(sheets.truth)) == set(rows)
    check_days(rows, sheets)
    check_series(rows, sheets, jitter_days)
    check_pairs(rows, sheets)
    check_settlements(rows, sheets)
    check_duplicates(rows, sheets)
    check_aliases(rows, sheets)


def check_days(rows: Rows, sheets: books.Sheets) -> None:
    truth = sheets.truth
    for ref in rows:
        assert truth.start <= day(ref, rows) <= truth.end
        assert day(ref, rows).weekday() < 5
    for file, lines in sheets.rows.items():
        days = [row[DAY_COLUMN[file]] for row in lines]
        assert days == sorted(days)


def check_series(rows: Rows, sheets: books.Sheets, jitter_days: int) -> None:
    assert {one.frequency for one in sheets.truth.series} == set(FREQUENCIES)
    rows_in_series: set[Ref] = set()
    for one in sheets.truth.series:
        assert len(one.rows) == len(one.due) >= 2
        assert not rows_in_series & set(one.rows)
        rows_in_series |= set(one.rows)
        assert set(one.expected) == set(one.due) | set(one.missed)
        assert not set(one.due) & set(one.missed)
        assert len(one.due) - len(set(one.due)) == len(one.doubled)
        assert (one.next_expected is not None) == one.active
        assert one.next_expected is None or one.next_expected > sheets.truth.end
        check_jitter(one, rows, jitter_days)


def check_jitter(one: Series, rows: Rows, jitter_days: int) -> None:
    usual = min(jitter_days, JITTER_LIMIT.get(one.frequency, jitter_days)) + WEEKEND
    usual += LEDGER_LAG if one.file == "ledger.csv" else 0
    for ref, due in zip(one.rows, one.due, strict=True):
        unusual = ref in one.shifted or ref in one.doubled
        # What falls due on the first weekend of the books, or their last, is kept inside them.
        assert abs((day(ref, rows) - due).days) <= usual + (SHIFT if unusual else 0)


def check_pairs(rows: Rows, sheets: books.Sheets) -> None:
    truth = sheets.truth
    assert len({pair.seen for pair in truth.same_transaction}) == len(truth.same_transaction)
    assert len({pair.ledger for pair in truth.same_transaction}) == len(truth.same_transaction)
    for pair in truth.same_transaction:
        seen_row, ledger = rows[pair.seen], rows[pair.ledger]
        sign = -1 if pair.kind == "bank" else 1
        assert (pence(seen_row) * sign, seen_row["currency"]) == (pence(ledger), ledger["currency"])
        assert timedelta(0) <= day(pair.ledger, rows) - day(pair.seen, rows) <= timedelta(8)
    for reversal in truth.reversals:
        back, original = pence(rows[reversal.row]), pence(rows[reversal.original])
        assert back * original < 0
        assert abs(back) < abs(original) if reversal.partial else back == -original
        assert day(reversal.row, rows) > day(reversal.original, rows)
    for fee in truth.fee_of:
        assert day(fee.fee, rows) == day(fee.payment, rows)
        assert pence(rows[fee.fee]) < 0


def check_settlements(rows: Rows, sheets: books.Sheets) -> None:
    for one in sheets.truth.settles:
        owed = sum(pence(rows[ref]) for ref in one.invoices)
        paid = sum(pence(rows[ref]) for ref in one.payments) * (1 if one.kind == "sale" else -1)
        assert paid == owed if one.complete else 0 <= paid < owed
        assert len({rows[ref]["currency"] for ref in one.invoices + one.payments}) == 1
    for kind in ("purchase", "sale", "card_statement"):
        used = [r for one in sheets.truth.settles if one.kind == kind for r in refs(one)]
        assert len(used) == len(set(used))


def check_duplicates(rows: Rows, sheets: books.Sheets) -> None:
    truth = sheets.truth
    stream_of = {ref: one.id for one in truth.series for ref in one.rows}
    originals = {pair.original for pair in truth.duplicates}
    kinds = {pair.kind for pair in truth.duplicates}
    assert len(kinds) == 7
    for pair in truth.duplicates:
        assert pair.row not in stream_of
        assert pair.row not in originals
        assert day(pair.row, rows) >= day(pair.original, rows) + timedelta(0 if pair.echo else 1)
        same = pence(rows[pair.row]) == pence(rows[pair.original])
        assert same == (pair.kind not in {"transposed_amount", "split"})
    tempting = {ref for decoy in truth.decoys for ref in decoy.rows}
    assert not tempting & {pair.row for pair in truth.duplicates}
    for original in {pair.original for pair in truth.duplicates if pair.kind == "split"}:
        parts = [pair.row for pair in truth.duplicates if pair.original == original]
        assert sum(pence(rows[ref]) for ref in parts) == pence(rows[original])


def check_aliases(rows: Rows, sheets: books.Sheets) -> None:
    aliases = {alias.party: alias for alias in sheets.truth.aliases}
    owners: dict[tuple[str, ...], str] = {}
    shared = set(sheets.truth.placeholder_ids)
    for alias in aliases.values():
        assert all(alias.party in aliases[other].apart_from for other in alias.apart_from)
        for spelling in alias.spellings:
            for ref in spelling.rows:
                assert rows[ref][spelling.column] == spelling.name
            # A bank account may be shared by a false supplier; ids and VAT numbers are one party's.
            for key in {"supplier_id", "customer_id", "vat_number"} & set(spelling.keys):
                if (value := spelling.keys[key]) not in shared:
                    assert owners.setdefault((key, value), alias.party) == alias.party


# --- the default books ------------------------------------------------------------------------


def test_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = books.write(tmp_path / "a", 7), books.write(tmp_path / "b", 7)
    assert [f.name for f in first.files] == [*COLUMNS, "truth.json"]
    assert [f.read_bytes() for f in first.files] == [f.read_bytes() for f in second.files]
    assert first.truth == second.truth


def test_other_seeds_are_other_companies() -> None:
    names = [{alias.name for alias in demo(seed)[1].truth.aliases} for seed in (1, 2, 3)]
    for one, other in combinations(names, 2):
        assert len(one & other) < 0.1 * len(one)
    amounts = [[row["amount"] for row in demo(seed)[1].rows["ledger.csv"]] for seed in (1, 2)]
    assert amounts[0][:50] != amounts[1][:50]


def test_files_are_well_formed_and_of_the_promised_size(tmp_path: Path) -> None:
    sheets = books.write(tmp_path)
    total = 0
    for path in sheets.files[:-1]:
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file, strict=True))
        assert tuple(lines[0]) == COLUMNS[path.name]
        assert {len(line) for line in lines} == {len(lines[0])}
        assert "?" not in path.read_text("utf-8")
        total += len(lines) - 1
    assert 2500 <= total <= 4200


def test_truth_json_says_what_the_truth_says(tmp_path: Path) -> None:
    sheets = books.write(tmp_path)
    read = json.loads((tmp_path / "truth.json").read_text("utf-8"))
    assert read["seed"] == 7
    assert [tuple(r) for r in read["series"][0]["rows"]] == sheets.truth.series[0].rows
    assert read["series"][0]["due"][0] == sheets.truth.series[0].due[0].isoformat()
    assert len(read["settles"]) == len(sheets.truth.settles)


def test_about_one_in_twenty_is_missed() -> None:
    fickle = {spec.id for spec in SPECS if not spec.steady and spec.frequency != "yearly"}
    series = [one for seed in range(1, 9) for one in demo(seed)[1].truth.series]
    fickle_ones = [one for one in series if one.stream in fickle and one.file != "bank.csv"]
    expected = sum(len(one.expected) for one in fickle_ones)
    missed = sum(len(one.missed) for one in fickle_ones)
    assert 0.03 < missed / expected < 0.07


def test_nothing_is_missed_when_nothing_shall_be() -> None:
    sheets = books.generate(7, missed=0.0)
    assert not any(one.missed for one in sheets.truth.series)


def test_every_kind_of_trouble_is_there() -> None:
    rows, sheets = demo()
    truth = sheets.truth
    assert {one.kind for one in truth.decoys} == {
        "irregular_series", "regular_strangers", "identical_tickets", "equal_purchases",
        "unposted_card", "near_miss", "chance_amount", "zero_amount",
    }  # fmt: skip
    assert any(one.doubled for one in truth.series)
    assert any(not one.active for one in truth.series)
    assert any(one.seasonal_months for one in truth.series)
    assert any(pair.group for pair in truth.same_transaction)
    assert {one.partial for one in truth.reversals} == {True, False}
    assert {len(one.invoices) > 1 for one in truth.settles} == {True, False}
    assert any(len(one.payments) > 1 for one in truth.settles)
    assert {row["currency"] for row in rows.values()} == {"GBP", "EUR", "USD"}


def test_decoy_series_are_irregular_and_equal() -> None:
    rows, sheets = demo()
    decoys = [one for one in sheets.truth.decoys if one.kind == "irregular_series"]
    for decoy in decoys:
        days = sorted(day(ref, rows) for ref in decoy.rows)
        gaps = [(b - a).days for a, b in pairwise(days)]
        assert stdev(gaps) > 0.45 * mean(gaps)
        assert len({rows[ref]["amount"] for ref in decoy.rows}) == 1


def test_identical_tickets_have_numbers_of_their_own() -> None:
    rows, sheets = demo()
    for decoy in sheets.truth.decoys:
        if decoy.kind == "identical_tickets":
            numbers = [rows[ref]["invoice_number"] for ref in decoy.rows]
            assert len(set(numbers)) == len(numbers) >= 2
            assert len({rows[ref]["amount"] for ref in decoy.rows}) == 1
            assert len({day(ref, rows) for ref in decoy.rows}) == 1


def test_the_placeholder_has_many_names_and_the_mask_many_ids() -> None:
    ledger = demo()[1].rows["ledger.csv"]
    truth = demo()[1].truth
    names = {row["party"] for row in ledger if row.get("supplier_id") in truth.placeholder_ids}
    ids = {row["supplier_id"] for row in ledger if row["party"] in truth.mask_names}
    assert len(names) > 15
    assert len(ids) == 12


def test_late_payers_pay_twenty_to_fifty_days_late() -> None:
    rows, sheets = demo()
    late = {alias.party: alias for alias in sheets.truth.aliases}
    theirs = {
        ref for party in sheets.truth.late_payers for s in late[party].spellings for ref in s.rows
    }
    delays = [
        (day(one.payments[0], rows) - date.fromisoformat(rows[one.invoices[0]]["due_date"])).days
        for one in sheets.truth.settles
        if one.invoices[0] in theirs
    ]
    assert delays
    assert 20 <= min(delays) <= max(delays) <= 52


def test_keys_check_out() -> None:
    for row in demo()[1].rows["ledger.csv"]:
        if account := row.get("iban"):
            digits = "".join(str(int(c, 36)) for c in account[4:] + account[:4])
            assert int(digits) % 97 == 1
        if vat := row.get("vat_number"):
            weighed = sum(w * int(d) for w, d in zip(range(8, 1, -1), vat[2:9], strict=True))
            assert (weighed + int(vat[9:])) % 97 == 0


def test_seasons_show_in_the_amounts() -> None:
    rows, sheets = demo(7, 36)
    gas = next(one for one in sheets.truth.series if one.id == "gas@ledger")
    assert gas.seasonal_months
    inside = [pence(rows[r]) for r, d in zip(gas.rows, gas.due, strict=True)
              if d.month in gas.seasonal_months]  # fmt: skip
    outside = [pence(rows[r]) for r, d in zip(gas.rows, gas.due, strict=True)
               if d.month not in gas.seasonal_months]  # fmt: skip
    assert min(inside) > max(outside)


def test_scale_changes_the_casual_traffic_only() -> None:
    plain, busy = demo()[1], books.generate(7, scale=3.0)
    assert len(busy.rows["card.csv"]) > 1.5 * len(plain.rows["card.csv"])
    salaries = [[len(one.rows) for one in s.truth.series if "salary" in one.id]
                for s in (plain, busy)]  # fmt: skip
    assert salaries[0] == salaries[1]


@pytest.mark.parametrize(("months", "scale"), [(6, 1.0), (6, 0.0), (60, 1.0)])
def test_short_quiet_and_long_books(months: int, scale: float) -> None:
    sheets = books.generate(3, months=months, scale=scale)
    assert sheets.truth.series
    assert all(sheets.rows.values())


@pytest.mark.parametrize(
    "wrong", [{"months": 5}, {"scale": -1.0}, {"jitter_days": 5}, {"staff": 7}, {"staff": 36}]
)
def test_impossible_books_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must|need"):
        books.generate(7, **wrong)


@pytest.mark.parametrize("file", sorted(COLUMNS))
def test_a_format_describes_the_file(file: str) -> None:
    path = FORMATS / f"finley-{file.removesuffix('.csv')}.toml"
    form = tomllib.loads(path.read_text("utf-8"))
    names = [*form["recognise"]["columns"], *form["key"]["columns"], form["date"]["column"],
             form["amount"]["column"], form["payer"]["name"], form["payee"]["name"],
             *form["payer"].get("keys", {}).values(), *form["payee"].get("keys", {}).values(),
             *form["fields"].values()]  # fmt: skip
    assert set(names) <= set(COLUMNS[file])
    others = [set(columns) for other, columns in COLUMNS.items() if other != file]
    assert not any(set(form["recognise"]["columns"]) <= columns for columns in others)


def test_the_reader_recognises_and_reads_every_row(tmp_path: Path) -> None:
    for path in books.write(tmp_path).files[:-1]:
        lines = list(csv.DictReader(path.read_text("utf-8").splitlines()))
        mapping = recognise(list(lines[0]))
        assert mapping is not None
        assert mapping.name == f"finley-{path.stem}"
        read = list(rows_from_file.read(path, mapping))
        assert not [row for row in read if isinstance(row, Reject)]
        assert [row.key for row in read if not isinstance(row, Reject)] == [
            line[COLUMNS[path.name][0]] for line in lines
        ]


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert books.main([str(tmp_path), "--seed", "11", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert set(report["rows"]) == set(COLUMNS)
    assert report["truth"]["series"] > 50
    assert books.main([str(tmp_path), "--months", "2"]) == 2
    assert "six months" in capsys.readouterr().err
