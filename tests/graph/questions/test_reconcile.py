"""Statements that add up, and the row at which one breaks."""

import csv
import json
from collections.abc import Callable
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from finley.demo import books
from graph.ingest.import_file import format_of, import_file
from graph.questions.reconcile import reconcile
from graph.view import refresh

Rows = list[dict[str, str]]


def statement(folder: Path) -> Rows:
    """The demo's bank statement, a few months of it."""
    books.write(folder, 3, months=6, scale=0.3, staff=8)
    with (folder / "bank.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def taken_in(user_id, folder: Path, rows: Rows) -> None:
    text = StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path = folder / "statement.csv"
    path.write_text(text.getvalue())
    import_file(user_id, path, format_of(path), folder)


def broken(user_id) -> list[tuple[str, str]]:
    """Every month that does not add up, and the key of its first break."""
    return [
        (month["month"], month["first_break"]["key"])
        for account in reconcile(user_id)["accounts"]
        for month in account["months"]
        if not month["ok"]
    ]


@pytest.mark.parametrize("turned", [False, True])
def test_the_demos_statement_adds_up_whichever_row_comes_first(turned, tenant, tmp_path):
    rows = statement(tmp_path)
    taken_in(tenant.id, tmp_path, rows[::-1] if turned else rows)
    answer = reconcile(tenant.id)
    assert answer["ok"]
    assert sum(m["rows"] for a in answer["accounts"] for m in a["months"]) == len(rows)
    for account in answer["accounts"]:
        for month in account["months"]:
            assert month["opening"] + month["movements"] == month["closing"]


def current(rows: Rows, at: int) -> int:
    """The place of the current account's row number `at`."""
    return [n for n, row in enumerate(rows) if row["account"] == "Current account"][at]


def missing(rows: Rows) -> str:
    """A row is gone: it breaks at the next one of the account."""
    row_number = current(rows, 40)
    key = rows[current(rows, 41)]["transaction_id"]
    del rows[row_number]
    return key


def doubled(rows: Rows) -> str:
    at = current(rows, 40)
    rows.insert(at + 1, {**rows[at], "transaction_id": "B999999"})
    return "B999999"


def wrong_sign(rows: Rows) -> str:
    at = current(rows, 40)
    rows[at]["amount"] = rows[at]["amount"].removeprefix("-")
    return rows[at]["transaction_id"]


@pytest.mark.parametrize("plant", [missing, doubled, wrong_sign])
def test_a_planted_break_is_told_at_its_row(plant: Callable[[Rows], str], tenant, tmp_path):
    rows = statement(tmp_path)
    key = plant(rows)
    month = next(row["booked_on"][:7] for row in rows if row["transaction_id"] == key)
    taken_in(tenant.id, tmp_path, rows)
    assert broken(tenant.id) == [(month, key)]


def test_the_command_says_so_and_fails(tenant, tmp_path, capsys):
    rows = statement(tmp_path)
    key = missing(rows)
    taken_in(tenant.id, tmp_path, rows)
    with pytest.raises(SystemExit) as ended:
        call_command("reconcile", user=tenant.email, json=True)
    assert ended.value.code == 1
    report = json.loads(capsys.readouterr().out)
    assert not report["ok"]
    with pytest.raises(SystemExit):
        call_command("reconcile", user=tenant.email)
    assert f"breaks first at row {key}" in capsys.readouterr().out


def test_a_tenant_without_balances_has_no_account(tenant, capsys):
    assert reconcile(tenant.id) == {"ok": True, "accounts": []}
    call_command("reconcile", user=tenant.email)
    assert "No statement with a running balance" in capsys.readouterr().out


def test_over_http(tenant, api, tmp_path):
    rows = statement(tmp_path)
    key = doubled(rows)
    taken_in(tenant.id, tmp_path, rows)
    refresh.refresh()
    answer = api.get("/api/v1/graph/reconcile/").json()
    assert not answer["ok"]
    breaks = [m["first_break"] for a in answer["accounts"] for m in a["months"] if not m["ok"]]
    (gap,) = breaks
    assert gap["key"] == key
    assert Decimal(gap["stated"]) - Decimal(gap["expected"]) == Decimal(gap["difference"])
