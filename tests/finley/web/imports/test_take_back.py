"""An import that a person takes back: what goes, what stays, and that it can come again."""

from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command
from django.utils import timezone
from rest_framework.test import APIClient

from finley.models import Membership, Role
from graph import models
from graph.database.role import as_owner
from graph.enrich.run_enrichment import enrich
from graph.questions import cases, spend
from graph.questions.decisions import case_decisions
from graph.questions.rows import link_decisions
from graph.view import refresh
from syncjobs.models import Upload
from syncjobs.uploads import take_back_upload
from tests.finley.test_admin import logged_in
from tests.finley.web.conftest import text_of
from tests.finley.web.imports.test_imports import send, worked
from tests.graph import rows
from tests.syncjobs.api.shapes import V1, as_published

HEAD = b"Date,Supplier,Invoice Number,Amount,Currency\n"
ACME = b"2024-03-01,Acme Wool Ltd,A-1,120.50,GBP\n"
BOROUGH = b"2024-03-15,Borough Printing,B-7,1200.00,GBP\n"
CAB = b"2024-04-15,Cab Company,C-1,33.10,GBP\n"


def imported(client, data: bytes, name: str = "books.csv") -> Upload:
    upload = worked(send(client, data, name))
    client.post(f"/import/{upload.pk}/confirm/")
    worked(upload)
    assert upload.state == "done", upload.error
    return upload


def page_of(upload: Upload) -> str:
    return f"/import/{upload.pk}/take-back/"


def taken_back(client, upload: Upload, count: int) -> str:
    """What the page answers to a person who saw `count` rows; a worker is at it afterwards."""
    form = {"tenant": str(upload.user_id), "rows": count}
    text = text_of(client.post(page_of(upload), form, follow=True))
    if Upload.objects.using("owner").get(pk=upload.pk).state == "taking_back":
        worked(upload)
    return text


def amounts(tenant) -> list[str]:
    events = models.RawEvent.objects.using("owner").filter(user_id=tenant.pk, posting=2)
    return sorted(str(event.amount) for event in events)


def parties(tenant) -> set[str]:
    found = models.NormalizedEntity.objects.using("owner").filter(user_id=tenant.pk, kind="vendor")
    return {row.name for row in found}


def test_the_page_says_what_goes_and_the_rows_leave_every_sum(client, tenant, quiet):
    upload = imported(client, HEAD + ACME + BOROUGH)
    assert page_of(upload) in text_of(client.get(f"/import/{upload.pk}/"))
    text = text_of(client.get(page_of(upload)))
    for words in ("2 rows leave your books", "GBP 1,320.50", "Nothing else"):
        assert words in text
    assert amounts(tenant) == ["120.5000", "1200.0000"], "nothing has happened yet"
    assert "being taken back" in taken_back(client, upload, 2)
    assert upload.state == "taken_back"
    assert amounts(tenant) == []
    assert parties(tenant) == set()
    assert "2 rows left your books" in text_of(client.get(f"/import/{upload.pk}/"))
    refresh.refresh()
    assert spend.spend(tenant.pk)["results"] == []
    logged = models.EventDeltaLog.objects.using("owner").filter(user_id=tenant.pk)
    values = [entry.old_values for entry in logged.filter(change_type="deleted")]
    assert sorted(Decimal(str(row["amount"])) for row in values) == [
        Decimal("120.50"), Decimal(1200),
    ]  # fmt: skip
    assert {row["taken_back_by"] for row in values} == {tenant.email}


def test_the_same_file_is_stored_again_afterwards(client, tenant, quiet):
    upload = imported(client, HEAD + ACME + BOROUGH)
    taken_back(client, upload, 2)
    again = imported(client, HEAD + ACME + BOROUGH)
    assert again.outcome["rows_stored"] == 2
    assert amounts(tenant) == ["120.5000", "1200.0000"]
    assert parties(tenant) == {"Acme Wool Ltd", "Borough Printing"}


@pytest.mark.parametrize("name", ["other.csv", "books.csv"])
def test_rows_that_another_import_holds_stay(client, tenant, quiet, name):
    first = imported(client, HEAD + ACME + BOROUGH)
    second = imported(client, HEAD + BOROUGH + CAB, name)
    assert second.outcome["rows_unchanged"] == 1
    text = text_of(client.get(page_of(first)))
    assert "1 row leaves your books" in text
    assert "1 of its rows stays" in text
    taken_back(client, first, 1)
    assert amounts(tenant) == ["1200.0000", "33.1000"]
    taken_back(client, second, 2)
    assert amounts(tenant) == []


def test_the_rows_of_a_file_are_those_of_its_own_import(client, tenant, quiet):
    first = imported(client, HEAD + ACME)
    second = imported(client, HEAD + CAB)
    refresh.refresh()
    for upload, name, other in (
        (first, "Acme Wool Ltd", "Cab Company"), (second, "Cab Company", "Acme Wool Ltd"),
    ):  # fmt: skip
        text = text_of(client.get(f"/import/{upload.pk}/rows/"))
        assert (name in text, other in text) == (True, False)


def test_a_second_time_and_other_numbers_are_answered_clearly(client, tenant, quiet):
    upload = imported(client, HEAD + ACME + BOROUGH)
    assert "2 rows would go now, not 3" in taken_back(client, upload, 3)
    assert len(amounts(tenant)) == 2
    taken_back(client, upload, 2)
    assert "was taken back already, by " in taken_back(client, upload, 2)
    assert "was taken back already" in text_of(client.get(page_of(upload), follow=True))
    fresh = worked(send(client, HEAD + CAB, "fresh.csv"))
    assert client.get(page_of(fresh)).status_code == 400
    for form in ({}, {"tenant": str(tenant.pk)}, {"tenant": str(tenant.pk), "rows": "x"}):
        assert client.post(page_of(upload), form).status_code == 400


def test_rows_that_changed_before_the_worker_came_stay(client, tenant, quiet, tmp_path):
    upload = imported(client, HEAD + ACME + BOROUGH)
    take_back_upload.request(tenant.pk, upload.pk, rows=2, by="a person")
    program = tmp_path / "program.csv"
    program.write_bytes(HEAD + BOROUGH)
    call_command("import_ledger", program, user=str(tenant.pk), no_enrich=True, rejects=tmp_path)
    worked(upload)
    assert (upload.state, "taken_back" in upload.outcome) == ("done", False)
    assert "1 rows would go now, not 2" in upload.error
    assert len(amounts(tenant)) == 2
    assert "1 rows would go now, not 2" in text_of(client.get(f"/import/{upload.pk}/"))
    taken_back(client, upload, 1)
    assert (upload.state, upload.error) == ("taken_back", "")
    assert amounts(tenant) == ["1200.0000"]


def test_a_decided_case_keeps_its_decision_and_counts_no_money(client, tenant, quiet):
    twice = BOROUGH + b"2024-03-16,Borough Printing,B-7,1200.00,GBP\n"
    upload = imported(client, HEAD + twice)
    enrich(tenant.pk)
    (case,) = cases.cases(tenant.pk)["results"]
    case_decisions.decide(tenant.pk, case["id"], "confirm", by="a person")
    text = text_of(client.get(page_of(upload)))
    assert "1 case of possible double payments that people decided" in text
    taken_back(client, upload, 2)
    enrich(tenant.pk)
    (left,) = cases.cases(tenant.pk)["results"]
    assert (left["state"], left["found"]) == ("confirmed", False)
    assert [row["amount_at_risk"] for row in cases.totals(tenant.pk)] == [Decimal(0)]
    imported(client, HEAD + twice)
    enrich(tenant.pk)
    (back,) = cases.cases(tenant.pk)["results"]
    assert (back["id"], back["state"], back["found"]) == (case["id"], "confirmed", True)
    assert [row["amount_at_risk"] for row in cases.totals(tenant.pk)] == [Decimal(1200)]


def test_decisions_on_links_are_counted_before_they_go(api: APIClient, client, tenant, quiet):
    upload = imported(client, HEAD + ACME + BOROUGH)
    flows = models.RelationshipInstance.objects.using("owner").filter(user_id=tenant.pk)
    one, other = flows.filter(edge_class="flow")
    ends = one.target_event, other.target_event
    link = rows.relationship(tenant.pk, *ends, edge_class="link", relationship_type="settles")
    rows.add(
        models.DuplicateTransaction, user_id=tenant.pk, relationship_id=one.pk,
        original_relationship_id=other.pk, duplicate_confidence=0.9,
        evidence={"kind": "republished"},
    )  # fmt: skip
    path = f"{V1}uploads/{upload.pk}/take-back/"
    assert api.get(path).json()["links_decided"] == 0
    assert "links that people took apart" not in text_of(client.get(page_of(upload)))
    for decided in (link.pk, one.pk):
        link_decisions.decide(tenant.pk, decided, "apart", by="a person")
    assert api.get(path).json()["links_decided"] == 2
    assert "2 links that people took apart rest on such rows" in text_of(
        client.get(page_of(upload))
    )
    taken_back(client, upload, 2)
    assert upload.outcome["taken_back"]["links_decided"] == 2
    assert not flows.exists()


def test_a_payment_whose_counting_row_goes_counts_through_another_one(client, tenant, quiet):
    upload = imported(client, HEAD + ACME)
    flows = models.RelationshipInstance.objects.using("owner").filter(user_id=tenant.pk)
    counting = flows.get()
    office = rows.entity(tenant.pk, "Office", "department")
    acme = rows.entity(tenant.pk, "Acme")
    views: list[UUID] = [rows.payment(tenant.pk, office, acme, 120.5) for _ in range(2)]
    flows.filter(pk__in=views).update(canonical=counting)
    assert "1 of the payments stays in your sums" in text_of(client.get(page_of(upload)))
    taken_back(client, upload, 1)
    first, second = sorted(views, key=str)
    assert flows.get(pk=first).canonical_id is None
    assert flows.get(pk=second).canonical_id == first


def test_who_may_take_an_import_back(client, tenant, other_tenant, quiet):
    upload = imported(client, HEAD + ACME)
    stranger = logged_in(other_tenant)
    assert stranger.get(page_of(upload)).status_code == 404
    own = {"rows": 1, "tenant": str(other_tenant.pk)}
    assert stranger.post(page_of(upload), own).status_code == 404
    with as_owner():
        Membership.objects.create(
            member=other_tenant, tenant=tenant, role=Role.VIEWER, accepted=timezone.now()
        )
    stranger.post("/account/tenant/", {"tenant": str(tenant.pk)})
    assert stranger.get(page_of(upload)).status_code == 403
    assert "Take this import back" not in text_of(stranger.get(f"/import/{upload.pk}/"))
    with as_owner():
        Membership.objects.filter(member=other_tenant).update(role=Role.REVIEWER)
    assert stranger.get(page_of(upload)).status_code == 403
    assert "Take this import back" not in text_of(stranger.get(f"/import/{upload.pk}/"))
    path, body = f"{V1}uploads/{upload.pk}/take-back/", {"rows": 1}
    answer = stranger.post(path, body, content_type="application/json")
    assert answer.status_code == 403, answer.content
    assert Upload.objects.using("owner").get(pk=upload.pk).state == "done"
    with as_owner():
        Membership.objects.filter(member=other_tenant).update(role=Role.OWNER)
    assert "1 row leaves" in text_of(stranger.get(page_of(upload)))
    assert len(amounts(tenant)) == 1


def test_over_the_api(api: APIClient, client, tenant, quiet):
    upload = imported(client, HEAD + ACME)
    path, name = f"{V1}uploads/{upload.pk}/take-back/", "uploads/{upload_id}/take-back/"
    shown = as_published(api.get(path), name)
    assert (shown["rows"], shown["sums"][0]["amount"]) == (1, "120.5000")
    changed = api.post(path, {"rows": 2}, format="json")
    assert (changed.status_code, "1 rows would go" in changed.json()["detail"]) == (409, True)
    answer = as_published(api.post(path, {"rows": 1}, format="json"), name, "post", 202)
    assert answer["state"] == "taking_back"
    assert "is being taken back" in api.post(path, {"rows": 1}, format="json").json()["detail"]
    worked(upload)
    answer = as_published(api.get(f"{V1}uploads/{upload.pk}/"), "uploads/{upload_id}/")
    assert answer["outcome"]["taken_back"]["rows"] == 1
    assert api.get(path).status_code == 409
    assert api.get(f"{V1}uploads/{uuid4()}/take-back/").status_code == 404
    assert api.post(path, {}, format="json").status_code == 400


def test_the_command_takes_a_program_s_import_back(tenant, tmp_path, capsys):
    books, more = tmp_path / "books.csv", tmp_path / "more.csv"
    books.write_bytes(HEAD + ACME + BOROUGH)
    more.write_bytes(HEAD + BOROUGH + CAB)
    options = {"user": str(tenant.pk), "no_enrich": True, "rejects": tmp_path}
    call_command("import_ledger", books, more, **options)
    call_command("import_ledger", books, take_back=True, dry_run=True, **options)
    text = capsys.readouterr().out
    assert "1 rows (GBP 120.50) would go; 1 stay" in text
    assert "0 decisions on links would be lost" in text
    assert len(amounts(tenant)) == 3
    call_command("import_ledger", books, take_back=True, **options)
    assert amounts(tenant) == ["1200.0000", "33.1000"]
    call_command("import_ledger", books, take_back=True, **options)
    assert "no row of your books comes from a file of this name" in capsys.readouterr().out
    call_command("import_ledger", books, **options)
    assert len(amounts(tenant)) == 3
