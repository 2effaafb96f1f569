"""Files through the pages: sent, shown, corrected, confirmed by a person, read by a real worker."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from finley.models import Membership, Role, User
from graph.database.role import as_owner
from graph.models import NormalizedEntity, RawEvent, RelationshipInstance
from graph.view import refresh
from syncjobs.models import Upload, UploadPiece
from syncjobs.models.uploads import PIECE_BYTES
from syncjobs.uploads import lifecycle, upload_job
from tests.finley.test_admin import logged_in
from tests.finley.web.conftest import text_of
from tests.graph import rows
from tests.graph.ingest.readers.einvoices import invoices

BOOKS = b"""Date,Supplier,Invoice Number,Amount,Currency
2024-03-01,Acme Wool Ltd,A-1,120.50,GBP
2024-03-15,Borough Printing,B-7,1200.00,GBP
2024-04-15,<script>alert(1)</script>,B-8,33.10,GBP
2024-04-16,Cab Company,C-1,lots,GBP
"""
UPLOADS = "/api/v1/uploads/"
TWO_WAYS = b"""Date,Name,Amount
03/04/2024,Acme Wool Ltd,10.00
05/06/2024,Borough Printing,20.00
07/08/2024,Cab Company,30.00
"""


def send(client: Client, data: bytes = BOOKS, name: str = "books.csv") -> Upload:
    file = SimpleUploadedFile(name, data)
    response = client.post("/import/", {"files": [file], "tenant": named(client)})
    assert response.status_code == 302, text_of(response)
    return newest()


def named(client: Client) -> str:
    """The tenant that the form names."""
    match = re.search(r'name="tenant" value="([^"]+)"', text_of(client.get("/import/")))
    assert match
    return match[1]


def begin(client: Client, name: str, size: int | str, tenant: str = "") -> HttpResponse:
    """As the page's script begins to send a file."""
    body = {"name": name, "size": size}
    headers = {"X-Finley-Tenant": tenant or named(client)}
    return client.post(UPLOADS, body, "application/json", headers=headers)


def put(client: Client, upload: str, number: int, data: bytes) -> HttpResponse:
    address = f"{UPLOADS}{upload}/pieces/{number}/"
    return client.put(address, data, "application/octet-stream")


def newest() -> Upload:
    return Upload.objects.using("owner").latest("created_at")


def worked(upload: Upload) -> Upload:
    """As a worker's process does it."""
    upload_job.run(upload.user_id, upload.pk)
    upload.refresh_from_db()
    return upload


def events(tenant: User) -> int:
    return RawEvent.objects.using("owner").filter(user_id=tenant.pk).count()


def test_a_file_is_shown_as_it_would_be_read_and_stored_when_confirmed(client, tenant, quiet):
    upload = send(client)
    assert upload.state == "reading"
    assert "You may close this page" in text_of(client.get(f"/import/{upload.pk}/"))
    worked(upload)
    text = text_of(client.get(f"/import/{upload.pk}/"))
    for words in ("Acme Wool Ltd", "GBP 120.50", "1 Mar 2024", "A-1", "lots"):
        assert words in text
    assert "<script>alert" not in text
    assert events(tenant) == 0, "nothing is stored before it is confirmed"
    client.post(f"/import/{upload.pk}/confirm/")
    assert events(tenant) == 0
    worked(upload)
    assert upload.state == "done"
    assert upload.outcome["rows_in"] == 4
    assert (upload.outcome["rows_stored"], upload.outcome["rows_rejected"]) == (3, 1)
    assert events(tenant) == 6
    text = text_of(client.get(f"/import/{upload.pk}/"))
    assert "1 row that could not be read" in text
    assert "lots" in client.get(f"/import/{upload.pk}/rejects/").content.decode("utf-8-sig")
    assert not UploadPiece.objects.using("owner").filter(upload=upload).exists()
    assert "GBP 1,353.60</strong> in 3 rows" in text
    refresh.refresh()
    listed = text_of(client.get(f"/import/{upload.pk}/rows/"))
    assert ("3 rows, each" in listed, listed.count('data-label="Amount"')) == (True, 3)
    again = worked(send(client, name="again.csv"))
    page = text_of(client.get(f"/import/{again.pk}/"))
    assert "This file was imported on" in page
    assert f'as <a href="/import/{upload.pk}/">books.csv</a>' in page
    assert "This file was imported on" not in text


def test_rejected_rows_are_mended_by_cells_without_a_script(client, tenant, quiet):
    rest = b'2024-04-17,Dock Ltd,D-1,?,GBP\n2024-04-18,"Elm, Oak",E-1,much,GBP\n'
    upload = worked(send(client, BOOKS + rest))
    client.post(f"/import/{upload.pk}/confirm/")
    worked(upload)
    page = text_of(client.get(f"/import/{upload.pk}/"))
    assert 'class="doubted">Amount <input name="cells-5" value="lots">' in page
    assert 'name="cells-7" value="Elm, Oak"' in page
    form = {
        "tenant": named(client),
        "cells-5": ["2024-04-16", "Cab Company", "C-1", "lots", "GBP"],  # not touched
        "cells-7": ["2024-04-18", "Elm, Oak", "E-1", "44.00", "GBP"],
        "drop": "6",
    }
    said = text_of(client.post(f"/import/{upload.pk}/mend/", form, follow=True))
    assert "Of the rows that you sent: 1 stored, 1 forgotten." in said
    assert NormalizedEntity.objects.using("owner").filter(name="Elm, Oak").exists()
    form = {"tenant": named(client), "cells-5": ["2024-04-16", "Cab Ltd", "C-1", "?", "GBP"]}
    said = text_of(client.post(f"/import/{upload.pk}/mend/", form, follow=True))
    assert "1 still not readable" in said
    assert 'name="cells-5" value="Cab Ltd"' in said, "what was typed is there"
    for wrong in ({}, {"cells-9": "x"}, {"drop": "9"}):
        sent = {"tenant": named(client), **wrong}
        assert client.post(f"/import/{upload.pk}/mend/", sent).status_code == 400


def test_a_second_job_of_the_same_import_does_nothing(client, tenant, quiet):
    upload = worked(send(client))
    client.post(f"/import/{upload.pk}/confirm/")
    worked(upload)
    worked(upload)
    assert events(tenant) == 6
    again = worked(send(client))
    client.post(f"/import/{again.pk}/confirm/")
    assert worked(again).outcome["rows_unchanged"] == 3
    assert events(tenant) == 6


@pytest.mark.parametrize("ours", [True, False])
def test_an_invoice_is_shown_in_the_direction_in_which_it_is_imported(client, tenant, quiet, ours):
    if ours:
        account = rows.entity(tenant.pk, "Our account", kind="account")
        account.keys = {"iban": "DE89370400440532013000"}
        account.save(using="owner")
    upload = worked(send(client, invoices.UBL.encode(), "invoice.xml"))
    assert upload.state == "ready", upload.error
    (part,) = upload.preview["parts"]
    (row,) = part["rows"]
    assert bool(part["warnings"]) is not ours, "a guess is said to be one"
    text = text_of(client.get(f"/import/{upload.pk}/"))
    assert ("is read as a bill" in text) is not ours
    client.post(f"/import/{upload.pk}/confirm/")
    assert worked(upload).state == "done", upload.error
    kinds = NormalizedEntity.objects.using("owner").filter(user_id=tenant.pk)
    imported = dict(kinds.exclude(kind="account").values_list("name", "kind"))
    for side in ("payer", "payee"):
        assert imported[row[side]] == row[f"{side}_kind"]
    assert row["payer_kind"] == ("customer" if ours else "department")


STATEMENT = b"""Date,Payee,Details,Amount,Currency
2024-03-01,Shop Ltd,Card payment,-45.10,GBP
2024-03-04,Bank fee,Monthly fee,-12.00,GBP
2024-03-09,Miller plc,Invoice 77,300.00,GBP
"""


def test_the_preview_says_who_pays_whom_as_it_is_stored(client, tenant, quiet):
    """A receipt is money in, whatever sign the file gives it."""
    upload = worked(send(client, STATEMENT, "savings.csv"))
    (part,) = upload.preview["parts"]
    seen = [(row["payer"], row["payee"], row["amount"], row["direction"]) for row in part["rows"]]
    assert seen == [
        ("savings", "Shop Ltd", "45.10", "out"),
        ("savings", "Bank fee", "12.00", "out"),
        ("Miller plc", "savings", "300.00", "in"),
    ]
    text = text_of(client.get(f"/import/{upload.pk}/"))
    assert '<td data-label="Amount" class="number in">+GBP 300.00</td>' in text
    assert 'Money out: <strong class="out">\N{MINUS SIGN}GBP 57.10</strong> in 2 rows' in text
    client.post(f"/import/{upload.pk}/confirm/")
    worked(upload)
    flows = RelationshipInstance.objects.using("owner").filter(user_id=tenant.pk)
    ends = ("source_event__party_name", "target_event__party_name")
    assert set(flows.values_list(*ends)) == {row[:2] for row in seen}
    again = worked(send(client, STATEMENT, "savings-april.csv"))
    assert again.preview["parts"][0]["rows"][0]["payer"] == "savings", "as the account is known"


def imported(client, data: bytes, name: str) -> Upload:
    upload = worked(send(client, data, name))
    client.post(f"/import/{upload.pk}/confirm/")
    return worked(upload)


def test_what_can_be_read_in_two_ways_is_not_imported_until_decided(client, tenant, quiet):
    upload = worked(send(client, TWO_WAYS, "dates.csv"))
    doubts = [doubt for part in upload.preview["parts"] for doubt in part["doubts"]]
    assert [doubt for doubt in doubts if doubt["blocking"]], "the sample can be read in two ways"
    text = text_of(client.get(f"/import/{upload.pk}/"))
    assert "Decide first" in text
    assert client.post(f"/import/{upload.pk}/confirm/").status_code == 400
    assert events(tenant) == 0
    client.post(f"/import/{upload.pk}/choose/", {"direction": "out", "date_order": "month"})
    worked(upload)
    assert client.post(f"/import/{upload.pk}/confirm/").status_code == 302
    assert worked(upload).state == "done", upload.error
    days = RawEvent.objects.using("owner").values_list("occurred_at__date", flat=True)
    assert min(days).isoformat() == "2024-03-04"


def test_a_file_in_pieces_may_come_in_any_order_and_twice(client, quiet):
    rows = b"".join(b"2024-03-01,Acme,N-%d,%d.00,GBP\n" % (n, n) for n in range(1, 40_001))
    data = b"Date,Supplier,Invoice Number,Amount,Currency\n" + rows
    begun_upload = begin(client, "C:\\books\\large.csv", len(data)).json()
    assert begun_upload["piece_bytes"] == PIECE_BYTES
    pieces = [data[at : at + PIECE_BYTES] for at in range(0, len(data), PIECE_BYTES)]
    assert begun_upload["missing"] == [*range(len(pieces))] != [0]
    for number in (*reversed(range(1, len(pieces))), len(pieces) - 1):
        assert put(client, begun_upload["id"], number, pieces[number]).status_code == 200
    later = client.get(f"{UPLOADS}{begun_upload['id']}/").json()
    assert (later["state"], later["missing"]) == ("receiving", [0])
    assert put(client, begun_upload["id"], 0, pieces[0]).json() == {"missing": []}
    upload = worked(newest())
    assert (upload.state, upload.name) == ("ready", "large.csv")
    assert upload.preview["parts"][0]["looked_at"] == 2_000
    assert (
        "in 2,000 rows of the first 2,000<" in client.get(f"/import/{upload.pk}/").content.decode()
    )


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"name": "a.csv", "size": 200_000_001}, "200 MB is the most"),
        ({"name": "a.csv", "size": 0}, "is empty"),
        ({"name": " ", "size": 5}, "may not be blank"),
        ({"name": ".", "size": 5}, "no name"),
        ({"name": "books/..", "size": 5}, "no name"),
        ({"name": "a.csv", "size": "large"}, "whole number"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_before_it_is_sent(client, quiet, sent, words):
    response = begin(client, **sent)
    assert response.status_code == 400
    assert words in str(response.json())
    assert not Upload.objects.using("owner").exists()


@pytest.mark.parametrize(
    ("name", "cut"),
    [
        ("ä" * 150 + ".csv", "ä" * 98 + ".csv"),
        ("a" * 220 + ".csv.gz", "a" * 193 + ".csv.gz"),
        ("a" * 240 + ".5.csv", "a" * 194 + ".5.csv"),
        ("a." + "b" * 190 + "ä" * 5 + ".csv", "a." + "b" * 190 + "ää" + ".csv"),
    ],
)
def test_a_long_name_is_cut_by_bytes_and_keeps_its_ending(client, quiet, name, cut):
    upload = send(client, BOOKS, name)
    assert upload.name == cut
    assert worked(upload).state == "ready", upload.error


@pytest.mark.parametrize("state", ["failed", "importing"])
def test_files_that_failed_or_are_imported_count_towards_the_limit(client, tenant, quiet, state):
    rows = [
        Upload(user_id=tenant.pk, name="a.csv", size=1, state=state)
        for _ in range(lifecycle.MOST_OPEN)
    ]
    Upload.objects.using("owner").bulk_create(rows)
    refused = begin(client, "b.csv", 5)
    assert (refused.status_code, refused["Retry-After"]) == (429, "60")
    assert refused["Content-Type"] == "application/problem+json"
    assert "20 files are open" in refused.json()["detail"]
    Upload.objects.using("owner").update(updated_at="2024-01-01T00:00:00Z")
    again = begin(client, "b.csv", 5)
    assert (again.status_code == 201) == (state == "failed"), "a week later a failed one is gone"


def test_a_piece_that_does_not_fit_is_refused(client, quiet):
    upload = begin(client, "a.csv", 10).json()
    for number, data in ((0, b"short"), (0, b"much too long"), (1, b"0123456789")):
        assert put(client, upload["id"], number, data).status_code == 400


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("photo.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20),
        ("a.txt", b"hello"),
        ("x.zip", b"PK\x03\x04" + b"\0" * 60),
    ],
)
def test_a_file_of_another_type_is_refused_with_a_reason(client, tenant, quiet, name, data):
    upload = worked(send(client, data, name))
    assert upload.state == "refused"
    assert upload.error
    assert upload.error[:40] in text_of(client.get(f"/import/{upload.pk}/")).replace(
        "&#x27;", "'"
    ).replace("&quot;", '"')
    assert client.post(f"/import/{upload.pk}/confirm/").status_code == 400
    client.post(f"/import/{upload.pk}/discard/")
    assert not Upload.objects.using("owner").exists()
    assert not UploadPiece.objects.using("owner").exists()


def test_a_choice_that_is_none_is_refused(client, quiet):
    upload = worked(send(client))
    for form in ({"direction": "up"}, {"currency": "POUNDS"}, {"currency": "£"}):
        assert client.post(f"/import/{upload.pk}/choose/", form).status_code == 400


def test_only_an_owner_imports_and_no_other_tenant_sees_a_file(client, tenant, other_tenant, quiet):
    upload = worked(send(client))
    stranger = logged_in(other_tenant)
    assert "books.csv" not in text_of(stranger.get("/import/"))
    assert stranger.get(f"/import/{upload.pk}/").status_code == 404
    for verb in ("confirm", "choose", "discard"):
        assert stranger.post(f"/import/{upload.pk}/{verb}/").status_code == 404
    with as_owner():
        member = User.objects.create_user("reviewer@example.org")
        Membership.objects.create(
            member=member, tenant=tenant, role=Role.REVIEWER, accepted=timezone.now()
        )
    reviewer = logged_in(member)
    reviewer.post("/account/tenant/", {"tenant": str(tenant.pk)})
    assert "Acme Wool Ltd" not in text_of(reviewer.get(f"/import/{upload.pk}/"))
    for path in (f"{upload.pk}/confirm/", f"{upload.pk}/discard/", f"{upload.pk}/mend/"):
        assert reviewer.post(f"/import/{path}").status_code == 403
    assert begin(reviewer, "a.csv", 5, str(tenant.pk)).status_code == 403
    assert (
        reviewer.post("/import/", {"files": [SimpleUploadedFile("a.csv", BOOKS)]}).status_code
        == 403
    )


def test_a_form_of_other_books_sends_nothing(client, tenant, other_tenant, quiet):
    with as_owner():
        Membership.objects.create(
            member=tenant, tenant=other_tenant, role=Role.OWNER, accepted=timezone.now()
        )
    opened_for = named(client)
    assert opened_for == str(tenant.pk)
    client.post("/account/tenant/", {"tenant": str(other_tenant.pk)})
    refused = begin(client, "a.csv", 5, opened_for)
    assert refused.status_code == 403
    assert f"reads the data of {other_tenant.email} now" in refused.json()["detail"]
    for form in ({"tenant": opened_for}, {}):
        refused = client.post("/import/", {"files": [SimpleUploadedFile("a.csv", BOOKS)], **form})
        assert refused.status_code == 400
        assert f"the data of {other_tenant.email} now" in text_of(refused)
    assert not Upload.objects.using("owner").exists()
    assert send(client).user_id == other_tenant.pk
