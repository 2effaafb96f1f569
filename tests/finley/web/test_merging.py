"""Two parties that a person sees are one: found, compared, merged, and taken back."""

from uuid import uuid4

import pytest
from django.utils import timezone

from finley.models import Membership, Role
from graph import models
from graph.database.role import as_owner
from graph.enrich.resolution import step
from graph.questions import entities
from graph.view import refresh
from tests.finley.test_admin import logged_in
from tests.finley.web.conftest import text_of
from tests.graph import rows


@pytest.fixture
def shop(tenant) -> dict[str, models.NormalizedEntity]:
    """Sales pays AMZN Mktp 10 and 20, and Amazon EU 5, which pays AMZN Mktp 2 and refunds 1."""
    names = {"sales": "department", "AMZN Mktp": "vendor", "Amazon EU": "vendor"}
    parties = {name: rows.entity(tenant.id, name, kind) for name, kind in names.items()}
    sales, market, eu = parties.values()
    for payer, payee, amount in (
        (sales, market, 10), (sales, market, 20), (sales, eu, 5), (eu, market, 2), (eu, sales, 1),
    ):  # fmt: skip
        rows.payment(tenant.id, payer, payee, amount)
    refresh.refresh()
    return parties


def page_of(party: models.NormalizedEntity, more: str = "") -> str:
    return f"/parties/{party.id}/{more}"


def merge(client, party, other, **more):
    form = {"tenant": str(party.user_id), "other": str(other.id), "word": "merge", **more}
    return text_of(client.post(page_of(party, "one/"), form, follow=True))


def same_party(tenant, shop) -> bool:
    one, other = (entities.party(tenant.id, shop[n].id)["id"] for n in ("AMZN Mktp", "Amazon EU"))
    return one == other


def test_the_other_party_is_found_from_the_party_s_page(client, shop):
    market, eu = shop["AMZN Mktp"], shop["Amazon EU"]
    assert page_of(market, "merge/") in text_of(client.get(page_of(market)))
    text = text_of(client.get(page_of(market, "merge/"), {"name": "amazn eu"}))
    assert f"other={eu.id}" in text
    assert f"other={market.id}" not in text, "not with itself"
    nobody = text_of(client.get(page_of(market, "merge/"), {"name": "Zebra"}))
    assert "No other vendor, customer or employee" in nobody
    department = text_of(client.get(page_of(market, "merge/"), {"name": "sales"}))
    assert "No other vendor, customer or employee" in department


def test_the_preview_has_rows_sums_and_spellings_of_both(client, shop):
    market, eu = shop["AMZN Mktp"], shop["Amazon EU"]
    text = text_of(client.get(page_of(market, "merge/"), {"other": eu.id}))
    for words in ("AMZN Mktp", "Amazon EU", "32.00", "5.00", "37.00", "deal with each other"):
        assert words in text, words
    assert "Amazon EU pays AMZN Mktp" in text


def test_merged_is_one_everywhere_until_it_is_taken_back(client, tenant, shop):
    market, eu = shop["AMZN Mktp"], shop["Amazon EU"]
    assert "The two are one party now." in merge(client, market, eu, seen="none")
    assert same_party(tenant, shop)
    step.enrich(tenant.id)
    assert same_party(tenant, shop), "an enrichment keeps it"
    for party in (market, eu):
        text = text_of(client.get(page_of(party)))
        assert "GBP 35.00" in text, "each id leads to both; what one paid the other moves no money"
        assert f"merged by {tenant.email}" in text.casefold()
    form = {
        "tenant": str(tenant.id), "one": market.id, "other": eu.id, "word": "undo", "seen": "merge",
    }  # fmt: skip
    text = text_of(client.post(page_of(market, "one/"), form, follow=True))
    assert "taken back" in text
    assert not same_party(tenant, shop)
    step.enrich(tenant.id)
    assert not same_party(tenant, shop)


def test_a_merged_party_shows_the_numbers_of_both(client, tenant, shop):
    market, eu = shop["AMZN Mktp"], shop["Amazon EU"]
    for party, number in ((market, "S-1"), (eu, "S-2")):
        models.NormalizedEntity.objects.using("owner").filter(pk=party.id).update(
            keys={"supplier_number": number}
        )
    merge(client, market, eu, seen="none")
    text = text_of(client.get(page_of(market)))
    assert "<dt>supplier number</dt><dd>S-1</dd><dd>S-2</dd>" in text


def test_the_second_of_two_people_is_told(client, tenant, shop):
    market, eu = shop["AMZN Mktp"], shop["Amazon EU"]
    merge(logged_in(tenant), market, eu, seen="none")
    assert "Somebody else was faster" in merge(client, eu, market, seen="none")
    assert "are one party already" in merge(client, market, eu)
    assert same_party(tenant, shop)


def test_kept_apart_meanwhile_is_not_merged(client, tenant, shop):
    market, eu = shop["AMZN Mktp"], shop["Amazon EU"]
    merge(logged_in(tenant), market, eu, word="apart")
    assert "kept apart by a person" in merge(client, market, eu, seen="none")
    assert not same_party(tenant, shop)


def test_what_cannot_be_merged_is_refused(client, tenant, other_tenant, shop):
    market = shop["AMZN Mktp"]
    theirs = rows.entity(other_tenant.id, "Amazon of another tenant")
    assert client.get(page_of(market, "merge/"), {"other": market.id}).status_code == 400
    assert client.get(page_of(market, "merge/"), {"other": "x"}).status_code == 400
    for nobody in (theirs.id, uuid4()):
        assert client.get(page_of(market, "merge/"), {"other": nobody}).status_code == 404
    assert client.get(page_of(shop["sales"], "merge/")).status_code == 400
    assert "another tenant" not in text_of(
        client.get(page_of(market, "merge/"), {"name": "Amazon"})
    )
    assert "There is no such party" in merge(client, market, theirs)
    form = {"tenant": str(tenant.id), "other": str(market.id), "word": "merge"}
    assert client.post(page_of(market, "one/"), form).status_code == 400
    assert client.post(page_of(market, "one/"), {**form, "word": "burn"}).status_code == 400


def test_a_viewer_only_sees(tenant, other_tenant, shop):
    with as_owner():
        Membership.objects.create(
            member=other_tenant, tenant=tenant, role=Role.VIEWER, accepted=timezone.now()
        )
    viewer = logged_in(other_tenant)
    viewer.post("/account/tenant/", {"tenant": str(tenant.id)})
    market, eu = shop["AMZN Mktp"], shop["Amazon EU"]
    assert "Merge it with" not in text_of(viewer.get(page_of(market)))
    assert viewer.get(page_of(market, "merge/")).status_code == 403
    form = {"tenant": str(tenant.id), "other": str(eu.id), "word": "merge"}
    assert viewer.post(page_of(market, "one/"), form).status_code == 403
    assert not same_party(tenant, shop)
