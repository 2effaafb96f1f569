"""The tools themselves: how long their list is, what they refuse, and whose books they read."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import mcp_types
import pytest
from django.db import connections

from finley.mcp import origins, protocol, tool_calls
from finley.mcp.tool_calls import BY_NAME, call
from graph.view import refresh, version
from tests.graph import rows
from tests.graph.database.test_row_security import everything_of
from tests.leaks import MARK, PAYMENT, foreign, ids_of, leaks, without_our_filter

TOKENS = 6_000
CHARACTERS = 4  # of a token
SMALL = {**PAYMENT, "number": "1"}
NEEDED = {
    "search_parties": {"name": "A"},
    "check_payments": {"payments": [SMALL]},
    "path_between": {"from_party_id": str(uuid4()), "to_party_id": str(uuid4())},
    "party_summary": {"party_id": str(uuid4())},
    "explain_payment": {"payment_id": str(uuid4())},
}


def test_the_list_of_tools_is_short():
    listed = mcp_types.ListToolsResult(tools=protocol.tools())
    text = listed.model_dump_json(by_alias=True, exclude_none=True)
    assert len(text) / CHARACTERS <= TOKENS
    assert 8 <= len(BY_NAME) <= 12
    assert all(tool.annotations and tool.annotations.read_only_hint for tool in protocol.tools())


@pytest.mark.parametrize("name", BY_NAME)
def test_extra_arguments_are_refused(name):
    result = call(uuid4(), name, NEEDED.get(name, {}) | {"user_id": str(uuid4())})
    assert result.is_error
    assert "user_id: Extra inputs are not permitted" in result.content[0].text


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("search_parties", {"name": "a\0b"}, "NUL"),
        ("search_parties", {"name": "a", "cursor": "zz"}, "not a cursor"),
        ("find_payments", {"limit": 51}, "limit: "),
        ("find_payments", {"cursor": "zz"}, "cursor: "),
        ("due_payments", {"status": "fulfilled"}, "status: "),
        ("explain_payment", {"payment_id": "1"}, "payment_id: "),
        ("explain_payment", {"payment_id": str(uuid4())}, "no such relationship"),
        ("open_items", {"party": "Nobody"}, "party: "),
        ("paid_twice", {"as_of": "2999-01-01"}, "as_of: "),
        ("cash_flow", {"as_of": "1999-01-01"}, "as_of: "),
        ("path_between", NEEDED["path_between"], "from_party_id: "),
        ("check_payments", {"payments": []}, "payments: "),
        ("check_payments", {"payments": [SMALL], "source": "none"}, "source: "),
        ("check_payments", {"payments": [SMALL | {"amount": "NaN"}]}, "payments.0.amount: "),
    ],
)
def test_wrong_arguments_are_named(tenant, name, arguments, said):
    result = call(tenant.id, name, arguments)
    assert result.is_error
    assert said in result.content[0].text


def test_an_error_of_ours_tells_nothing(monkeypatch, caplog):
    def fails(*_: Any) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(tool_calls, "_asked", fails)
    result = call(uuid4(), "search_parties", {"name": "a"})
    assert result.is_error
    assert "secret" not in result.model_dump_json()
    assert "secret" in caplog.text


def test_the_past_is_answered(tenant):
    payer, payee = rows.entity(tenant.id, "A"), rows.entity(tenant.id, "B")
    payment = rows.payment(tenant.id, payer, payee, amount=17.5)
    refresh.refresh()
    before = {"as_of": version.version(tenant.id)}
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE relationship_instances SET deleted_at = now()")
    found, explained = ("find_payments", {"text": "17.50"}), {"payment_id": payment}
    for name, arguments in (("find_payments", {}), found, ("explain_payment", explained)):
        assert call(tenant.id, name, arguments | before).structured_content
        assert str(payment) in call(tenant.id, name, arguments | before).model_dump_json()
        now = call(tenant.id, name, arguments)
        assert now.is_error or str(payment) not in now.model_dump_json()


@pytest.fixture(params=[False, True], ids=["", "without our filter"])
def both(request, tenant, other_tenant, monkeypatch) -> Iterator[tuple[Any, Any]]:
    for user in (tenant, other_tenant):
        everything_of(user.id)
    user = other_tenant.id
    payer = rows.entity(user, f"{MARK} Sales", kind="department")
    payee = rows.entity(user, f"{MARK} Vendor")
    rows.relationship(user, rows.event(user, payer, amount=-1), rows.event(user, payee))
    rows.case(user, party=f"{MARK} Vendor")
    refresh.refresh()
    if not request.param:
        yield tenant, other_tenant
        return
    with without_our_filter(monkeypatch) as statements:
        yield tenant, other_tenant
    assert statements


def calls(ids: dict[str, list[str]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every tool, and each of its arguments into which an id or a word of another's fits."""
    entity, payment = ids["normalized_entities"][0], ids["relationship_instances"][0]
    for name, tool in BY_NAME.items():
        needed = NEEDED.get(name, {})
        fits = {
            "party_id": entity, "from_party_id": entity, "to_party_id": entity,
            "payment_id": payment, "party": entity, "name": MARK, "document_ref": MARK,
            "text": MARK, "payments": [SMALL | {"party": f"{MARK} Vendor"}], "source": MARK,
        }  # fmt: skip
        theirs = {field: fits[field] for field in tool.arguments.model_fields if field in fits}
        yield name, needed
        for field, value in theirs.items():
            yield name, needed | {field: value}
            if field == "party":
                yield name, needed | {field: MARK}
        yield name, needed | theirs


def test_no_tool_gives_anything_of_another_tenant(both):
    mine, theirs = both
    their_ids = ids_of(theirs.id)
    forbidden, given = foreign(theirs), list(calls(their_ids))
    found = []
    for name, arguments in given:
        told = call(mine.id, name, arguments).model_dump_json()
        echoed = json.dumps(arguments)  # what was asked may be told again
        found += [(name, one) for one in leaks(told, forbidden) if one not in echoed]
    assert not found
    own = call(theirs.id, "party_summary", {"party_id": their_ids["normalized_entities"][0]})
    assert leaks(own.model_dump_json(), forbidden), "the other tenant itself is told"
    assert {name for name, _ in given} == set(BY_NAME)


def test_any_host_is_no_named_host(settings, rf):
    settings.ALLOWED_HOSTS = ["*"]
    with pytest.raises(Exception, match="FINLEY_ALLOWED_HOSTS"):
        origins.check(rf.post("/mcp", headers={"Host": "evil.example"}))
