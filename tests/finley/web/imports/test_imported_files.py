"""What an imported file's page says of its rows: what is still looked for, and what others hold."""

from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from graph.models import Enrichment, RelationshipInstance
from graph.view import refresh
from tests.finley.web.conftest import text_of
from tests.finley.web.imports.test_imports import STATEMENT, imported
from tests.graph import rows


def test_a_page_says_until_when_names_and_double_payments_are_being_looked_at(
    client, tenant, quiet
):
    assert client.get("/looked-at/").status_code == 200, "nothing has come yet"
    upload = imported(client, STATEMENT, "savings.csv")
    page = f"/import/{upload.pk}/"
    for path in (page, "/"):
        assert "being looked at" in text_of(client.get(path)), path
    assert client.get("/looked-at/").status_code == 204
    Enrichment.objects.using("owner").filter(user_id=tenant.pk).update(done_for=F("wanted_at"))
    assert "being looked at" not in text_of(client.get(page))
    answer = client.get("/looked-at/")
    assert "Show the page again" in text_of(answer)
    assert "HX-Refresh" not in answer, "what a person types in the page would be lost"


def test_rows_that_other_books_hold_already_are_named_beside_these(client, tenant, quiet):
    upload = imported(client, STATEMENT, "savings.csv")
    assert upload.outcome["parts"][0]["file"] == "savings.csv"
    assert "other books" not in text_of(client.get(f"/import/{upload.pk}/"))
    flows = RelationshipInstance.objects.using("owner").filter(user_id=tenant.pk)
    fee = flows.get(target_event__party_name="Bank fee")
    office, bank = (
        rows.entity(tenant.pk, "Office", "department"),
        rows.entity(tenant.pk, "Langgate"),
    )
    twin = flows.get(pk=rows.payment(tenant.pk, office, bank, 12))
    reason = "row L1 of test and row of savings both state 12.00 GBP"
    rows.relationship(
        tenant.pk, fee.target_event, twin.target_event, relationship_type="same_transaction",
        edge_class="link", reason=reason,
    )  # fmt: skip
    assert "other books" not in text_of(client.get(f"/import/{upload.pk}/")), "both count"
    flows.filter(pk=fee.pk).update(canonical=twin.pk)
    refresh.refresh()
    text = text_of(client.get(f"/import/{upload.pk}/"))
    assert "1 of these rows is taken for payments that other books hold already" in text
    with CaptureQueriesContext(connection) as captured:
        client.get(f"/import/{upload.pk}/")
    assert not any("same_transaction" in query["sql"] for query in captured), "counted before"
    text = text_of(client.get(f"/import/{upload.pk}/same/"))
    for shown in (f"/payments/{fee.pk}/", f"/payments/{twin.pk}/", "Langgate", "state GBP 12.00"):
        assert shown in text
    assert "Shop Ltd" not in text
