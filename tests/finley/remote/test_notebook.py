"""The notebook in docs/ runs as it stands, and draws the sums of the books."""

import runpy
from datetime import UTC, datetime
from pathlib import Path

from django.db import connections

from graph.view import refresh
from tests.graph import rows

NOTEBOOK = Path(__file__).resolve().parents[3] / "docs/notebooks/from_token_to_picture.py"


def test_the_notebook_draws_the_sums_of_the_books(address, token, tenant, tmp_path, monkeypatch):
    payer = rows.entity(tenant.id, "Sales", "department")
    acme, borough = rows.entity(tenant.id, "Acme"), rows.entity(tenant.id, "Borough")
    for payee, amount in ((acme, 10), (acme, 20.5), (borough, 7)):
        rows.payment(tenant.id, payer, payee, amount=amount)
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "UPDATE raw_events SET occurred_at = %s WHERE user_id = %s AND abs(amount) = 7",
            [datetime(2024, 5, 1, tzinfo=UTC), tenant.id],
        )
    refresh.refresh()
    picture = tmp_path / "finley.png"
    for name, value in (("SERVER", address), ("TOKEN", token), ("PICTURE", str(picture))):
        monkeypatch.setenv(f"FINLEY_{name}", value)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    results = runpy.run_path(str(NOTEBOOK))
    assert sorted(results["by_month"]) == [7, 30.5]
    assert results["by_month"]["2024-05"] == 7
    assert [results["names"][key] for key in results["by_payee"].index] == ["Acme", "Borough"]
    widths = [bar.get_width() for bar in results["payees"].patches]
    assert widths == [30.5, 7]
    assert set(results["learned"]) in ({"from"}, {"entities", "edges"})
    assert picture.read_bytes().startswith(b"\x89PNG")
