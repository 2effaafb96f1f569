"""What a month costs: the books are cut in two, and copied rows are the imported ones."""

import csv
import gzip

import pytest
from django.db import connections

from benchmarks import enrich_cost
from benchmarks.increment_cost import __main__ as increment_cost

COLUMNS = [
    "file_month", "date", "internal_ref", "invoice_number", "net_amount", "irrecoverable_vat",
    "supplier_id", "supplier_name", "company_number", "charity_number", "vat_number",
    "expense_area", "category", "expense_code", "source", "definition",
]  # fmt: skip


@pytest.fixture
def books(tmp_path):
    """Twelve months of a rent and of a bill of varying amounts, in one file."""
    path = tmp_path / "invoices_2018.csv.gz"
    with gzip.open(path, "wt", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        for month in range(1, 13):
            for at, (name, amount) in enumerate((("Ash Estates", 900), ("Elm Gas", 40 + month))):
                writer.writerow({
                    "file_month": f"2018-{month:02}", "date": f"2018-{month:02}-1{at}",
                    "internal_ref": 100 * at + month, "invoice_number": f"N{at}{month:02}",
                    "net_amount": f"{amount}.00", "irrecoverable_vat": "N/A", "source": "IV",
                    "supplier_id": f"S{at}", "supplier_name": name, "expense_area": "Town hall",
                    "category": "Premises", "definition": "Accounts Payable Invoices",
                })  # fmt: skip
    return path


@pytest.mark.usefixtures("committed")
def test_the_month_changes_nothing_twice_and_all_rows_are_copied(books, tmp_path, monkeypatch):
    monkeypatch.setattr(enrich_cost, "DATABASE", connections["owner"].settings_dict["NAME"])
    results = increment_cost.run([books], tmp_path)
    assert results["changed"] == 0
    assert min(results["incremental"], results["full"], results["imported"], results["copied"]) > 0
    with gzip.open(tmp_path / "month" / books.name, "rt") as file:
        assert [row["file_month"] for row in csv.DictReader(file)] == ["2018-12"] * 2
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM relationship_instances WHERE edge_class = 'flow' GROUP BY user_id"
        )
        assert cursor.fetchall() == [(24,), (24,)]
