"""Two tenants, every address of the pages and every form: nothing of one comes to the other.

The addresses are read from the URL configuration, so that a new page is asked, too. All is asked
once more with the application's own tenant filter taken out of every statement.
"""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections
from django.test import Client
from psycopg.sql import SQL, Identifier

from finley.models import User
from finley.web.urls import urlpatterns
from graph.view import refresh
from tests.finley.test_admin import logged_in
from tests.graph import rows
from tests.graph.database.test_row_security import everything_of
from tests.leaks import MARK, foreign, ids_of, leaks, of_person, without_our_filter

OF_PARAMETER = {
    "entity_id": "normalized_entities",
    "relationship_id": "relationship_instances",
    "case_id": "payment_cases",
    "pair": "entity_resolutions",
    "prediction": "predicted_relationships",
    "upload_id": "uploads",
    "export_id": "tenant_exports",
    "subscription_id": "delivery_endpoints",
    "message_id": "deliveries",
    "member": "memberships",
    "token_key": "tokens",
}
FIXED = {"number": "0", "uidb64": "MQ", "token": "set-password"}
OF_DJANGO = {"sign-out", "password-sent", "password_reset_confirm", "password-forgotten", "sign-in"}


@pytest.fixture
def both(tenant: User, other_tenant: User, own_queue: str) -> tuple[User, User]:
    for user in (tenant, other_tenant):
        everything_of(user.id)
    theirs = other_tenant.id
    payer = rows.entity(theirs, f"{MARK} Sales", "department")
    rows.payment(theirs, payer, rows.entity(theirs, f"{MARK} Ltd"), 31, reason=MARK)
    rows.case(theirs, party=f"{MARK} Ltd")
    refresh.refresh()
    return tenant, other_tenant


def forms(known: dict[str, list[str]], theirs: User) -> dict[str, list[dict[str, Any]]]:
    """What a form of that address may send, with the other's ids wherever one fits."""
    return {
        "decide": [
            {"action": action, "seen": "open", "case": known["payment_cases"], "note": "x"}
            for action in ("confirm", "dismiss")
        ],
        "decide-parties": [{"word": word, "seen": "open"} for word in ("merge", "apart", "undo")],
        "one-party": [
            {"word": word, "tenant": str(theirs.id), "other": known["normalized_entities"][1]}
            for word in ("merge", "apart", "undo")
        ],
        "take-apart": [
            {"word": word, "tenant": str(theirs.id), "link": known["relationship_instances"][0]}
            for word in ("apart", "undo")
        ],
        "decide-missed": [{"action": action} for action in ("dismiss", "elsewhere", "expect")],
        "imports": [{"tenant": str(theirs.id)}],
        "import-mend": [{"tenant": str(theirs.id), "drop": "1"}, {"drop": "1"}],
        "import-choose": [{"direction": "in"}],
        "switch-tenant": [{"tenant": str(theirs.id)}],
        "invite": [{"email": theirs.email, "role": "viewer"}],
        "answer-invitation": [{"answer": answer} for answer in ("accept", "decline")],
        "make-token": [{"name": "x", "scopes": "read"}],
        "webhook-test": [{"tenant": str(theirs.id)}],
        "webhook-send-again": [{"tenant": str(theirs.id)}],
    }


def addresses(known: dict[str, list[str]]) -> list[tuple[str, str]]:
    """(name, address) of every page, with the first of the other's ids where one fits."""
    found = []
    for pattern in urlpatterns:
        route = str(pattern.pattern)
        given = {
            name: FIXED.get(name) or known[OF_PARAMETER[name]][0]
            for name in pattern.pattern.converters
        }
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda match: given[match[1]], route)  # noqa: B023
        found.append((str(pattern.name), f"/{path}"))
    return found


LISTS = {f"/{pattern.pattern}" for pattern in urlpatterns if not pattern.pattern.converters}
QUERIES = (
    "",
    "?way=out&currency=GBP",
    f"?q={MARK}",
    f"?party={MARK}",
    "?format=csv",
    "?format=xlsx",
    "?q=31&state=open",
)


def ask(client: Client, known: dict[str, list[str]], theirs: User) -> tuple[int, list[str]]:
    """How many requests, and what came through."""
    forbidden, asked, found = foreign(theirs), 0, []
    for name, path in addresses(known):
        if name in OF_DJANGO:
            continue
        for query in QUERIES if path in LISTS else QUERIES[:1]:
            response = client.get(path + query)
            asked += 1
            text = response.content.decode(errors="replace")
            for own in (path, MARK if MARK in query else "\0"):
                text = text.replace(own, "")
            found += [f"GET {name}{query}: {leak}" for leak in leaks(text, forbidden)]
        for body in forms(known, theirs).get(name, [{}]):
            response = client.post(path, body, follow=True)
            asked += 1
            text = response.content.decode(errors="replace").replace(path, "")
            text = text.replace(theirs.email, "")
            found += [f"POST {name} {body}: {leak}" for leak in leaks(text, forbidden)]
    return asked, found


def of_theirs(theirs: User) -> dict[str, list[str]]:
    """Their rows' ids, and what a decision would change."""
    states = {}
    for table, column in (("payment_cases", "state"), ("entity_resolutions", "decided"),
                          ("predicted_relationships", "status"), ("uploads", "state")):  # fmt: skip
        with connections["owner"].cursor() as cursor:
            query = SQL("SELECT {} FROM {} WHERE user_id = %s ORDER BY id")
            cursor.execute(query.format(Identifier(column), Identifier(table)), [theirs.id])
            states[f"{table}.{column}"] = [str(row[0]) for row in cursor.fetchall()]
    return {name: sorted(ids) for name, ids in ids_of(theirs.id).items()} | states


@pytest.mark.parametrize("forget", [False, True], ids=["", "without our filter"])
def test_no_page_and_no_form_gives_anything_of_another_tenant(both, monkeypatch, forget):
    mine, theirs = both
    known = ids_of(theirs.id) | of_person(theirs)
    before = of_theirs(theirs)
    if forget:
        with without_our_filter(monkeypatch) as forgotten:
            asked, found = ask(logged_in(mine), known, theirs)
        assert forgotten
    else:
        asked, found = ask(logged_in(mine), known, theirs)
    assert found == []
    assert asked > 150
    assert of_theirs(theirs) == before, "nothing of theirs was changed"


def test_the_matrix_finds_what_is_ones_own(both):
    """So that it can fail: asked as the other, its own words come."""
    _, theirs = both
    _, found = ask(logged_in(theirs), ids_of(theirs.id) | of_person(theirs), theirs)
    assert {leak.split(":")[0].split("?")[0] for leak in found} >= {
        "GET parties", "GET payments", "GET review", "GET whole-graph-data",
    }  # fmt: skip


def test_an_unknown_id_is_answered_like_another_s(both):
    mine, theirs = both
    client, known = logged_in(mine), ids_of(theirs.id) | of_person(theirs)
    nobody = {name: ["999999999"] if name == "memberships" else [str(uuid4())] for name in known}
    for (name, path), (_, other) in zip(addresses(known), addresses(nobody), strict=True):
        if name not in OF_DJANGO and path != other:
            assert client.get(path).status_code == client.get(other).status_code, name
