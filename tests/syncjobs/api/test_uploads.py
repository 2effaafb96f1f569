"""Files over HTTP: sent, decided, imported, and their rejected rows mended; two tenants."""

from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from finley.models import User
from graph.ingest.mappings import saved_mappings
from graph.models import RawEvent
from graph.view import refresh
from syncjobs.models import Upload
from syncjobs.uploads import upload_job
from tests.problems import problem, wrong
from tests.syncjobs.api.shapes import V1, as_published

UPLOADS = f"{V1}uploads/"
BOOKS = b"""Date,Supplier,Invoice Number,Amount,Currency
2024-03-01,Acme Wool Ltd,A-1,120.50,GBP
2024-03-15,Borough Printing,B-7,lots,GBP
2024-04-15,Dock Ltd,C-2,33.10,GBP
2024-04-16,=Cab Company,C-3,,GBP
"""
TWO_WAYS = b"""Date,Name,Amount
03/04/2024,Acme Wool Ltd,10.00
05/06/2024,Borough Printing,20.00
"""
FIRST = b"Date,Description,Amount\n2025-03-30,Fern Bakery,-20.00\n2025-03-31,Monthly fee,-5.00\n"
OTHER = b"Date,Description,Amount\n2025-03-29,Moss Kiosk,-7.00\n2025-03-31,Monthly fee,-5.00\n"


def at(upload_id: str, step: str = "") -> str:
    return f"{UPLOADS}{upload_id}/{step}"


def sent(api: APIClient, data: bytes, name: str = "books.csv") -> str:
    """The id of a file that a worker has read."""
    begun = as_published(
        api.post(UPLOADS, {"name": name, "size": len(data)}, format="json"), "uploads/", "post", 201
    )
    piece = at(begun["id"], "pieces/0/")
    answer = api.put(piece, data, content_type="application/octet-stream")
    path = "uploads/{upload_id}/pieces/{number}/"
    assert as_published(answer, path, "put") == {"missing": []}
    worked(begun["id"])
    return begun["id"]


def worked(upload_id: str) -> Upload:
    upload = Upload.objects.using("owner").get(pk=upload_id)
    upload_job.run(upload.user_id, upload.pk)
    upload.refresh_from_db()
    return upload


def done(api: APIClient, upload_id: str, **body: bool) -> Upload:
    answer = api.post(at(upload_id, "confirm/"), body, format="json")
    as_published(answer, "uploads/{upload_id}/confirm/", "post", 202)
    return worked(upload_id)


def shown(api: APIClient, upload_id: str) -> dict:
    return as_published(api.get(at(upload_id)), "uploads/{upload_id}/")


def mended(api: APIClient, upload_id: str, body: dict) -> dict:
    answer = api.post(at(upload_id, "rejected-rows/"), body, format="json")
    return as_published(answer, "uploads/{upload_id}/rejected-rows/", "post")


def listing(api: APIClient, upload_id: str) -> dict:
    answer = api.get(at(upload_id, "rejected-rows/"))
    return as_published(answer, "uploads/{upload_id}/rejected-rows/")


def rejected(api: APIClient, upload_id: str) -> list[dict]:
    return listing(api, upload_id)["results"]


def amounts(tenant: User) -> list[str]:
    events = RawEvent.objects.using("owner").filter(user_id=tenant.pk, posting=1)
    return sorted(str(abs(event.amount)) for event in events)


def test_rejected_rows_are_listed_mended_and_dropped(api: APIClient, tenant: User) -> None:
    upload = sent(api, BOOKS)
    assert done(api, upload).state == "done"
    assert [(row["line"], row["field"]) for row in rejected(api, upload)] == [
        (3, "amount"),
        (5, "amount"),
    ]
    still = {"line": 5, "text": "2024-04-16,=Cab Company,C-3,nothing,GBP"}
    assert listing(api, upload)["header"] == BOOKS.decode().split("\n")[0].split(",")
    cells = rejected(api, upload)[0]["cells"]
    assert cells == ["2024-03-15", "Borough Printing", "B-7", "lots", "GBP"]
    right = {"line": 3, "cells": [*cells[:3], "1200.00", "GBP"]}
    answer = mended(api, upload, {"rows": [right, still]})
    assert (answer["rows_stored"], answer["rows_rejected"]) == (1, 1)
    assert [(row["line"], row["text"]) for row in answer["results"]] == [(5, still["text"])]
    assert mended(api, upload, {"drop": [5]})["results"] == []
    outcome = shown(api, upload)["outcome"]
    assert (outcome["rows_in"], outcome["rows_stored"], outcome["rows_rejected"]) == (4, 3, 0)
    assert [float(amount) for amount in amounts(tenant)] == [120.5, 1200, 33.1]
    lines = RawEvent.objects.using("owner").filter(user_id=tenant.pk, posting=1)
    places = {(place["file"], place["line"]) for event in lines for place in event.provenance}
    assert places == {("books.csv", line) for line in (2, 3, 4)}
    refresh.refresh()
    pages = []
    for offset in range(3):
        answer = api.get(at(upload, "rows/"), {"limit": 1, "offset": offset})
        pages.append(as_published(answer, "uploads/{upload_id}/rows/"))
    assert [float(page["results"][0]["amount"]) for page in pages] == [33.1, 1200, 120.5]
    assert [(page["count"], page["next"]) for page in pages] == [(3, 1), (3, 2), (3, None)]


def test_a_piece_that_is_sent_again_changes_nothing(api: APIClient) -> None:
    """The answer to the last one may have got lost, or two were under way at once."""
    upload = sent(api, BOOKS)
    piece = at(upload, "pieces/0/")
    for data, status in ((BOOKS.replace(b"Wool", b"Silk"), 200), (b"x", 400)):
        answer = api.put(piece, data, content_type="application/octet-stream")
        assert answer.status_code == status
    assert shown(api, upload)["state"] == "ready"
    assert shown(api, upload)["parts"][0]["rows"][0]["payee"] == "Acme Wool Ltd"


def test_a_rejected_row_that_is_cut_off_keeps_no_file_from_its_import(api: APIClient) -> None:
    upload = sent(api, BOOKS + f"2024-04-17,{'L' * 600},C-4,,GBP\n".encode())
    assert done(api, upload).state == "done"
    rows = rejected(api, upload)
    assert [(row["line"], len(row["cells"])) for row in rows] == [(3, 5), (5, 5), (6, 0)]
    row = {"line": 6, "text": "2024-04-17,Long Ltd,C-4,7.00,GBP"}
    assert mended(api, upload, {"rows": [row], "drop": [3]})["rows_stored"] == 1
    assert [row["line"] for row in rejected(api, upload)] == [5]


def test_a_row_that_is_no_rejected_one_changes_nothing(api: APIClient, tenant: User) -> None:
    upload = sent(api, BOOKS)
    done(api, upload)
    row = {"line": 3, "text": "2024-03-15,Borough Printing,B-7,1200.00,GBP"}
    where = at(upload, "rejected-rows/")
    for body, words in (
        ({"rows": [row, {"line": 4, "text": "x"}]}, "No rejected row stands on line 4"),
        ({"rows": [row, row]}, "Each line at most once"),
        ({"rows": [{"line": 3}]}, "either `text` or `cells`"),
        ({"rows": [{**row, "cells": ["x"]}]}, "either `text` or `cells`"),
        ({"rows": [{"line": 3, "text": f"{row['text']}\n{row['text']}"}]}, "must stay one row"),
    ):
        assert words in str(problem(api.post(where, body, format="json")))
    assert len(amounts(tenant)) == 2
    assert len(rejected(api, upload)) == 2


def test_rows_of_a_file_that_is_not_imported_are_refused(api: APIClient) -> None:
    upload = sent(api, BOOKS)
    assert "ready" in str(problem(api.get(at(upload, "rejected-rows/"))))


def test_two_readings_are_decided_and_the_mapping_is_saved(api: APIClient, tenant: User) -> None:
    upload = sent(api, TWO_WAYS)
    (part,) = shown(api, upload)["parts"]
    assert any(doubt["blocking"] for doubt in part["doubts"])
    assert api.post(at(upload, "confirm/"), {}, format="json").status_code == 400
    choices = {"direction": "out", "date_order": "month", "currency": "GBP"}
    answer = api.post(at(upload, "choices/"), choices, format="json")
    as_published(answer, "uploads/{upload_id}/choices/", "post", 202)
    worked(upload)
    assert done(api, upload, save_mapping=True).state == "done"
    assert len(saved_mappings.of_tenant(tenant.pk)) == 1
    later = sent(api, TWO_WAYS.replace(b"03/04", b"07/04"), "later.csv")
    (part,) = shown(api, later)["parts"]
    assert not any(doubt["blocking"] for doubt in part["doubts"])
    assert part["rows"][0]["day"] == "2024-07-04"


def test_a_file_that_is_read_otherwise_than_shown_is_shown_again(
    api: APIClient, tenant: User
) -> None:
    """Another file of these columns came between, and decides the currency of this one."""
    shown_first = sent(api, FIRST, "first.csv")
    (part,) = shown(api, shown_first)["parts"]
    assert part["rows"][0]["currency"] == "GBP"
    between = sent(api, OTHER, "other.csv")
    api.post(at(between, "choices/"), {"currency": "NOK", "direction": "in"}, format="json")
    worked(between)
    assert done(api, between).state == "done"
    again = done(api, shown_first)
    assert (again.state, len(amounts(tenant))) == ("ready", 2)
    assert "read otherwise" in again.error
    (part,) = shown(api, shown_first)["parts"]
    assert part["rows"][0]["currency"] == "NOK"
    choices = {"same_account": "yes"}
    api.post(at(shown_first, "choices/"), choices, format="json")
    worked(shown_first)
    ended = done(api, shown_first)
    assert (ended.state, ended.error, len(amounts(tenant))) == ("done", "", 3)


def test_the_mapping_of_a_table_in_another_format_is_saved(api: APIClient, tenant: User) -> None:
    upload = sent(
        api, b'{"Date": "2024-04-13", "Payee": "Acme", "Amount": -1.5}\n' * 2, "rows.jsonl"
    )
    assert done(api, upload, save_mapping=True).state == "done"
    assert len(saved_mappings.of_tenant(tenant.pk)) == 1


@pytest.mark.parametrize(
    ("choice", "stored"), [({"account": "Savings"}, 2), ({"same_account": "yes"}, 1)]
)
def test_whose_account_a_file_is_can_be_decided(
    api: APIClient, choice: dict[str, str], stored: int
) -> None:
    known = {"direction": "in", "currency": "GBP"}
    for data, more in ((FIRST, {}), (OTHER, {}), (OTHER, choice)):
        upload = sent(api, data, "first.csv" if data is FIRST else "other.csv")
        api.post(at(upload, "choices/"), {**known, **more}, format="json")
        worked(upload)
        ended = done(api, upload)
        assert ended.state == ("done" if data is FIRST or more else "refused"), ended.error
        if ended.state == "refused":
            assert "Is it another account's file" in ended.error
            assert "--" not in ended.error
            assert shown(api, upload)["parts"], "a person decides with the rows before them"
    assert ended.outcome["rows_stored"] == stored


def test_wrong_values_are_named(api: APIClient) -> None:
    for body, field in (
        ({"name": "a.csv"}, "size"),
        ({"name": "a.csv", "size": 0}, "size"),
        ({"name": "..", "size": 5}, "name"),
    ):
        assert list(wrong(api.post(UPLOADS, body, format="json"))) == [field]
    upload = sent(api, BOOKS)
    for step, body, field in (
        ("choices/", {"direction": "up"}, "direction"),
        ("choices/", {"currency": "pounds"}, "currency"),
    ):
        assert list(wrong(api.post(at(upload, step), body, format="json"))) == [field]


def test_others_files_are_not_there(api: APIClient, their_api: APIClient) -> None:
    upload = sent(api, BOOKS)
    done(api, upload)
    assert their_api.get(UPLOADS).json() == {"results": []}
    for path in (at(upload), at(upload, "rejected-rows/"), at(str(uuid4())), at("none")):
        assert their_api.get(path).status_code == 404
    body = {"drop": [3]}
    assert their_api.post(at(upload, "rejected-rows/"), body, format="json").status_code == 404
    assert their_api.delete(at(upload)).status_code == 404
    assert len(rejected(api, upload)) == 2
    assert api.delete(at(upload)).status_code == 204
    listing = as_published(api.get(UPLOADS), "uploads/")
    assert listing == {"results": []}
