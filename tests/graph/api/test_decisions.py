"""What people decide over the API about pairs of parties and expected payments."""

from uuid import uuid4

import pytest

from graph import models
from graph.view import refresh
from tests.conftest import client_of
from tests.finley.web.test_review_parties import pair  # noqa: F401
from tests.graph import rows
from tests.graph.api.shapes import V1, validator


def test_a_pair_is_merged_and_taken_back(api, tenant, pair):  # noqa: F811
    listed = api.get(f"{V1}resolutions/").json()
    validator(f"{V1}resolutions/", 200).validate(listed)
    (row,) = listed["results"]
    assert (row["id"], row["kept"]["name"], row["kept"]["sums"]) == (
        str(pair.pk), "Acme Wool Ltd", "GBP 30.00",
    )  # fmt: skip
    path = f"{V1}resolutions/{pair.pk}/decide/"
    merged = api.post(path, {"decision": "merge", "seen": "open"}, format="json").json()["pair"]
    assert (merged["decided"], merged["decided_by"]) == ("merge", tenant.email)
    late = api.post(path, {"decision": "apart", "seen": "open"}, format="json")
    assert late.status_code == 409
    assert "merged by a person" in late.json()["detail"]
    other = models.NormalizedEntity.objects.using("owner").get(name="Albion Yarns")
    assert other.merged_into_id == pair.kept_id
    undone = api.post(path, {"decision": "undo"}, format="json")
    assert undone.status_code == 200
    assert undone.json()["pair"]["decided"] == "none"
    other.refresh_from_db()
    assert other.merged_into_id is None


def test_any_two_parties_are_merged_kept_apart_and_taken_back(api, tenant):
    one, other = (rows.entity(tenant.id, name) for name in ("Aal", "Zwirn"))
    body = {"one": str(one.id), "other": str(other.id)}
    for decision, merged in (("merge", 1), ("apart", 0), ("merge", 1), ("undo", 0)):
        answer = api.post(f"{V1}resolutions/", {**body, "decision": decision}, format="json")
        assert answer.status_code == 200, answer.content
        for party in (one, other):
            party.refresh_from_db()
        assert sum(party.merged_into_id is not None for party in (one, other)) == merged, decision
    undone = answer.json()["pair"]
    assert undone["decided"] == "none"
    assert {undone["kept"]["name"], undone["merged"]["name"]} == {"Aal", "Zwirn"}
    again = api.post(f"{V1}resolutions/", {**body, "decision": "undo"}, format="json")
    assert (again.status_code, "nothing to take back" in again.json()["detail"]) == (409, True)
    for wrong, status in (
        ({"other": str(one.id)}, 400),
        ({"other": str(uuid4())}, 404),
        ({"other": str(uuid4()), "decision": "undo"}, 404),
        ({"decision": "burn"}, 400),
        ({"other": "x"}, 400),
    ):
        sent = {**body, "decision": "merge", **wrong}
        assert api.post(f"{V1}resolutions/", sent, format="json").status_code == status


def test_a_merge_is_previewed_done_once_and_told_in_the_changes(api, tenant, books):
    one, other = books.acme, books.borough
    ends = {"one": str(one), "other": str(other)}
    preview = api.get(f"{V1}resolutions/preview/", ends).json()
    validator(f"{V1}resolutions/preview/", 200).validate(preview)
    assert [preview[side]["totals"][0]["money_in"] for side in ("one", "other", "together")] == [
        "123.5000", "5.0000", "128.5000",
    ]  # fmt: skip
    assert (preview["together"]["rows"], preview["decided"]) == (4, "none")
    since = api.get(f"{V1}stats/").json()["as_of_version"]
    body = {**ends, "decision": "merge", "seen": "none"}
    once = {"Idempotency-Key": "once"}
    first = api.post(f"{V1}resolutions/", body, format="json", headers=once)
    again = api.post(f"{V1}resolutions/", body, format="json", headers=once)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    changes = api.get(f"{V1}changes/", {"since": since}).json()
    gone = models.NormalizedEntity.objects.using("owner").get(merged_into__isnull=False)
    assert changes["entities"]["removed"] == [str(gone.pk)]
    (merged,) = changes["entities"]["merged"]
    assert str(gone.merged_into_id) in merged.values()
    assert api.get(f"{V1}entities/{gone.pk}/").json()["id"] == str(gone.merged_into_id)
    late = api.post(f"{V1}resolutions/", body, format="json")
    assert (late.status_code, "Somebody else was faster" in late.json()["detail"]) == (409, True)
    late = api.post(f"{V1}resolutions/", {**ends, "decision": "merge"}, format="json")
    assert (late.status_code, "one party already" in late.json()["detail"]) == (409, True)
    same = api.get(f"{V1}resolutions/preview/", ends)
    assert same.status_code == 400


@pytest.mark.parametrize("scopes", [("read",)])
def test_who_only_reads_decides_nothing(tenant, pair, scopes):  # noqa: F811
    reader = client_of(tenant, *scopes)
    assert reader.get(f"{V1}resolutions/").status_code == 200
    path = f"{V1}resolutions/{pair.pk}/decide/"
    assert reader.post(path, {"decision": "merge"}, format="json").status_code == 403


def test_an_expected_payment_is_dismissed_in_all_views_and_expected_again(api, tenant, books):
    user = tenant.id
    first = models.PredictedRelationship.objects.using("owner").get(user_id=user)
    second = rows.add(
        models.PredictedRelationship, user_id=user, relationship_id=books.plain,
        prediction_confidence=0.4, prediction_reason="seen by the bank",
    )  # fmt: skip
    models.RelationshipInstance.objects.using("owner").filter(pk=books.plain).update(
        canonical_id=books.annotated
    )
    refresh.refresh()
    path = f"{V1}predictions/{first.pk}/decide/"
    answer = api.post(path, {"action": "dismiss"}, format="json").json()
    assert (answer["status"], answer["by"], answer["target"]["name"]) == (
        "cancelled", tenant.email, "Acme 100% Wool",
    )  # fmt: skip
    assert api.get(f"{V1}insights/prediction/").json()["results"] == []
    listed = api.get(f"{V1}predictions/").json()
    validator(f"{V1}predictions/", 200).validate(listed)
    assert {row["id"] for row in listed["results"]} == {str(first.pk), str(second.pk)}
    again = api.post(path, {"action": "dismiss"}, format="json")
    assert again.status_code == 409
    assert f"dismissed by {tenant.email}" in again.json()["detail"]
    back = api.post(path, {"action": "expect"}, format="json").json()
    assert (back["status"], back["by"]) == ("overdue", "")
    assert api.get(f"{V1}predictions/").json()["count"] == 0
    settled = api.post(path, {"action": "elsewhere"}, format="json").json()
    assert (settled["status"], settled["elsewhere"]) == ("cancelled", True)
    again = api.post(path, {"action": "dismiss"}, format="json")
    assert f"settled elsewhere, says {tenant.email}" in again.json()["detail"]
    back = api.post(path, {"action": "expect"}, format="json").json()
    assert (back["status"], back["by"], back["elsewhere"]) == ("overdue", "", False)
    nobody = api.post(f"{V1}predictions/{uuid4()}/decide/", {"action": "expect"}, format="json")
    assert nobody.status_code == 404
