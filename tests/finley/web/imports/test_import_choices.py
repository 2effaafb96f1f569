"""What a person decides about a file before it is imported: how it is read, and whose it is."""

import re

import pytest

from tests.finley.web.conftest import text_of
from tests.finley.web.imports.test_imports import TWO_WAYS, send, worked
from tests.graph import rows

ORDER = b"""Date,Supplier,Amount,Currency
03/04/2024,Acme Wool Ltd,10.00,GBP
05/06/2024,Borough Printing,20.00,GBP
07/08/2024,Cab Company,30.00,GBP
"""


def test_a_correction_changes_how_it_is_read(client, tenant, quiet):
    upload = worked(send(client, ORDER, "dates.csv"))
    days = {}
    for order in ("day", "month"):
        client.post(f"/import/{upload.pk}/choose/", {"date_order": order})
        worked(upload)
        assert upload.state == "ready", upload.error
        days[order] = [row["day"] for row in upload.preview["parts"][0]["rows"]]
        assert f'value="{order}" selected' in text_of(client.get(f"/import/{upload.pk}/"))
    assert days == {
        "day": ["2024-04-03", "2024-06-05", "2024-08-07"],
        "month": ["2024-03-04", "2024-05-06", "2024-07-08"],
    }


def test_two_readings_are_shown_side_by_side_in_words(client, tenant, quiet):
    upload = worked(send(client, TWO_WAYS, "two-ways.csv"))
    text = text_of(client.get(f"/import/{upload.pk}/"))
    readings = re.findall(r"<h3>If ([^<]+)</h3><ul class=\"plain\"><li>([^<]+)</li>", text)
    assert [title for title, _ in readings] == [
        "a positive amount is money out: we pay it",
        "a positive amount is money in: we receive it",
        "dates are written day first: 31/01/2025",
        "dates are written month first: 01/31/2025",
    ]
    assert readings[0][1] == "3 Apr 2024 two-ways → Acme Wool Ltd GBP 10.00"
    assert readings[1][1] == "3 Apr 2024 Acme Wool Ltd → two-ways GBP 10.00"
    assert "--direction" not in text


MEMOS = b"""Date,Name,Memo,Amount,Currency
2024-03-01,Acme Wool Ltd,R-77,10.00,GBP
2024-03-15,Borough Printing,R-78,20.00,GBP
2024-04-15,Cab Company,R-79,30.00,GBP
"""


def test_the_document_column_and_the_account_are_chosen(client, tenant, quiet):
    rows.entity(tenant.pk, "Current account", "account")
    upload = worked(send(client, MEMOS, "memos.csv"))
    page = text_of(client.get(f"/import/{upload.pk}/"))
    assert "<option>Current account</option>" in page
    form = {"direction": "out", "document": "Memo", "account": "Current account"}
    client.post(f"/import/{upload.pk}/choose/", form)
    shown = worked(upload).preview["parts"][0]["rows"]
    assert [row["document"] for row in shown] == ["R-77", "R-78", "R-79"]
    assert {row["payer"] for row in shown} == {"Current account"}
    page = text_of(client.get(f"/import/{upload.pk}/"))
    assert '<option value="Memo" selected>' in page.split('name="document"')[1]
    assert "<option selected>Current account</option>" in page
    client.post(f"/import/{upload.pk}/choose/", {**form, "new_account": " Savings "})
    assert worked(upload).preview["parts"][0]["rows"][0]["payer"] == "Savings"
    page = text_of(client.get(f"/import/{upload.pk}/"))
    assert 'name="new_account" maxlength="200" value="Savings"' in page


@pytest.mark.parametrize(
    ("choices", "kind", "shown"),
    [
        ({"direction": "in"}, "customer", "payment"),
        ({"direction": "out"}, "vendor", "payment"),
        ({"direction": "in", "records": "obligation"}, "customer", "invoice"),
        ({"direction": "out", "records": "obligation"}, "vendor", "bill"),
        ({"direction": "out", "records": "claim"}, "employee", "expense claim"),
    ],
)
def test_who_the_other_party_is_follows_what_the_rows_record(client, quiet, choices, kind, shown):
    upload = worked(send(client, MEMOS, "list.csv"))
    client.post(f"/import/{upload.pk}/choose/", choices)
    row = worked(upload).preview["parts"][0]["rows"][0]
    ours = "payee" if choices["direction"] == "in" else "payer"
    other = {"payer": "payee", "payee": "payer"}[ours]
    assert (row[other], row[f"{other}_kind"]) == ("Acme Wool Ltd", kind)
    assert row[f"{ours}_kind"] == "account"
    text = text_of(client.get(f"/import/{upload.pk}/"))
    assert f'<td data-label="Type">{shown}</td>' in text
