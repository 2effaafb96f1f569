"""Links that finley drew wrongly: taken apart on a payment's page and over the API, and undone."""

from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from finley.models import Membership, Role
from graph import models
from graph.database.role import as_owner
from graph.enrich.run_enrichment import enrich
from graph.view import refresh
from tests.finley.test_admin import logged_in
from tests.finley.web.conftest import text_of
from tests.graph import rows
from tests.graph.api.shapes import V1, validator
from tests.graph.enrich.write.test_write_links import books, keys  # noqa: F401


@pytest.fixture
def linked(books):  # noqa: F811
    """The card's C1 is the ledger's L3; the bank's B1 pays L1. L2 is like L1."""
    enrich(books.id)
    refresh.refresh()
    assert keys("same_transaction") == {("C1", "L3")}
    assert keys("settles") == {("L1", "B1")}
    return books


def link(kind: str) -> models.RelationshipInstance:
    links = models.RelationshipInstance.objects.using("owner").filter(relationship_type=kind)
    return links.get(edge_class="link")


def flow(key: str) -> models.RelationshipInstance:
    flows = models.RelationshipInstance.objects.using("owner").filter(edge_class="flow")
    return flows.get(target_event__external_id=key)


def counting(*wanted: str) -> list[bool]:
    return [flow(key).canonical_id is None for key in wanted]


def say(client, tenant, word: str, link_id: UUID, page: UUID) -> str:
    form = {"tenant": str(tenant.id), "word": word, "link": str(link_id)}
    return text_of(client.post(f"/payments/{page}/apart/", form, follow=True))


def test_two_rows_that_are_not_the_same_count_both_from_then_on(client, linked):
    assert counting("C1", "L3") == [False, True]
    page = text_of(client.get(f"/payments/{flow('L3').pk}/"))
    assert "These are not the same" in page
    text = say(client, linked, "apart", link("same_transaction").pk, flow("L3").pk)
    assert "The two are apart now. Sums count both" in text
    assert f"{linked.email} took it apart" in text
    assert "GBP 17.80 to DALE HARDWARE" in text, "the other row is named"
    assert counting("C1", "L3") == [True, True], "at once"
    enrich(linked.id)
    assert keys("same_transaction") == set(), "an enrichment keeps it"
    assert counting("C1", "L3") == [True, True]
    assert "apart already" in say(
        client, linked, "apart", link("same_transaction").pk, flow("L3").pk
    )
    text = say(client, linked, "undo", link("same_transaction").pk, flow("C1").pk)
    assert "belong together again" in text
    assert "took it apart" not in text
    assert counting("C1", "L3") == [False, True]
    enrich(linked.id)
    assert keys("same_transaction") == {("C1", "L3")}


def test_a_payment_that_does_not_pay_an_invoice_pays_the_next_one(client, linked):
    page = text_of(client.get(f"/payments/{flow('B1').pk}/"))
    assert "These do not belong together" in page
    text = say(client, linked, "apart", link("settles").pk, flow("B1").pk)
    assert "does not pay this invoice or bill any more" in text
    assert "Sums count both" not in text
    assert keys("settles") == set()
    enrich(linked.id)
    assert keys("settles") == {("L2", "B1")}
    settles = models.RelationshipInstance.objects.using("owner").filter(relationship_type="settles")
    first = settles.get(source_event__external_id="L1")
    say(client, linked, "undo", first.pk, flow("B1").pk)
    enrich(linked.id)
    assert keys("settles") == {("L1", "B1")}


def test_a_row_that_was_published_once_only_counts(client, linked):
    models.DuplicateTransaction.objects.using("owner").update(evidence={"kind": "republished"})
    pair = models.DuplicateTransaction.objects.using("owner").get()
    say(client, linked, "apart", pair.relationship_id, pair.relationship_id)
    pair.refresh_from_db()
    assert pair.status == "dismissed"
    say(client, linked, "undo", pair.relationship_id, pair.relationship_id)
    pair.refresh_from_db()
    assert pair.status == "open"


def test_what_is_no_link_and_what_is_not_ones_own_is_refused(client, other_tenant, linked):
    page, form = flow("L3").pk, {"word": "apart"}
    assert client.post(f"/payments/{page}/apart/", form).status_code == 400, "no tenant"
    own = {"tenant": str(linked.id)}
    assert client.post(f"/payments/{page}/apart/", {**own, "word": "burn"}).status_code == 400
    for nothing in (flow("L3").pk, uuid4(), "x"):
        text = say(client, linked, "apart", nothing, page)
        assert "The two are apart now" not in text
    assert "Nobody took the two apart" in say(
        client, linked, "undo", link("same_transaction").pk, page
    )
    stranger = logged_in(other_tenant)
    stranger.post(
        f"/payments/{page}/apart/",
        {"tenant": str(other_tenant.id), "word": "apart", "link": link("same_transaction").pk},
    )
    assert keys("same_transaction") == {("C1", "L3")}
    with as_owner():
        Membership.objects.create(
            member=other_tenant, tenant=linked, role=Role.VIEWER, accepted=timezone.now()
        )
    stranger.post("/account/tenant/", {"tenant": str(linked.id)})
    assert "These are not the same" not in text_of(stranger.get(f"/payments/{page}/"))
    form = {"tenant": str(linked.id), "word": "apart", "link": link("same_transaction").pk}
    assert stranger.post(f"/payments/{page}/apart/", form).status_code == 403


def test_over_the_api(api, linked):
    one = link("same_transaction").pk
    path, page = f"{V1}relationships/{one}/decide/", f"{V1}relationships/{flow('L3').pk}/apart/"
    assert api.get(page).json()["results"] == []
    answer = api.post(path, {"decision": "apart"}, format="json")
    assert (answer.status_code, answer.json()["by"]) == (200, linked.email)
    listed = api.get(page).json()
    validator(f"{V1}relationships/{{relationship_id}}/apart/", 200).validate(listed)
    (row,) = listed["results"]
    assert (row["id"], row["other"]) == (str(one), str(flow("C1").pk))
    again = api.post(path, {"decision": "apart"}, format="json")
    assert (again.status_code, "apart already" in again.json()["detail"]) == (409, True)
    undone = api.post(path, {"decision": "undo"}, format="json").json()
    assert (undone["apart"], undone["reason"]) == (False, link("same_transaction").reason)
    assert api.post(path, {"decision": "undo"}, format="json").status_code == 409
    assert api.post(path, {"decision": "burn"}, format="json").status_code == 400
    nobody = f"{V1}relationships/{uuid4()}/decide/"
    assert api.post(nobody, {"decision": "apart"}, format="json").status_code == 404


def test_with_an_idempotency_key_the_sums_change_as_without(api, linked):
    path = f"{V1}relationships/{link('same_transaction').pk}/decide/"
    for decision, counted in (("apart", [True, True]), ("undo", [False, True])):
        key = {"HTTP_IDEMPOTENCY_KEY": f"key-{decision}"}
        answer = api.post(path, {"decision": decision}, format="json", **key)
        assert answer.status_code == 200
        assert counting("C1", "L3") == counted


def test_another_tenants_link_is_none(api, other_tenant):
    ends = [rows.event(other_tenant.id) for _ in range(2)]
    kind = {"relationship_type": "same_transaction", "edge_class": "link"}
    theirs = rows.relationship(other_tenant.id, *ends, **kind)
    path = f"{V1}relationships/{theirs.pk}/decide/"
    assert api.post(path, {"decision": "apart"}, format="json").status_code == 404
