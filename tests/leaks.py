"""Requests other tenants' rows through every operation of the API that takes an id, and finds
leaks."""

import hashlib
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from asgiref.sync import async_to_sync
from django.db import connections
from django.http import HttpResponse
from django.utils import timezone
from psycopg.sql import SQL, Composable, Identifier
from rest_framework.test import APIClient

from finley.models import ApiToken, Erasure, Membership, User
from graph.database import arrow, row_security
from graph.database.role import as_owner
from graph.view.triggers import EVERYBODY
from tests.conftest import client_of
from tests.graph.api.shapes import published

SOMEBODY = "7b3ea1a5-7a1e-4f0b-9c1d-1d2b3c4d5e6f"
MARK = "Zweitmandant"  # in the other tenant's names only
FILTER = re.compile(
    r"""(\b(?:WHERE|AND|ON)\s+\(*\s*)((?:"?\w+"?\.)?"?user_id"?)\s*=\s*"""
    r"""(%s|%\(user_id\)s|'[0-9a-f-]{32,36}'(?:::uuid)?)""",
    re.IGNORECASE,
)


@dataclass
class Asked:
    """The result of the search: the number of requests, the operations that were reached, and the
    `leaks`. `unlike` lists requests whose answer differs from that for an unknown id."""

    requests: int = 0
    operations: set[tuple[str, str]] = field(default_factory=set)
    leaks: list[str] = field(default_factory=list)
    unlike: list[str] = field(default_factory=list)


NUMBERED = {"recorded_transactions", "row_history"}  # tables whose ids stand in any amount


def ids_of(user: UUID) -> dict[str, list[str]]:
    """The ids of the tenant's rows by table, read as the owner."""
    by_key = {}
    with connections["owner"].cursor() as cursor:
        for table, _ in row_security.tenant_tables(cursor):
            if table.startswith(("change_", "knox_")) or table in NUMBERED:
                continue
            query = SQL("SELECT id::text FROM {} WHERE user_id = %s AND user_id <> %s ORDER BY 1")
            cursor.execute(query.format(Identifier(table)), [user, EVERYBODY])
            by_key[table] = [row[0] for row in cursor.fetchall()]
    return by_key


def of_person(user: User) -> dict[str, list[str]]:
    """Create a membership in the user's tenant and a token. Return their ids by table, which only
    the owner's role can read."""
    with as_owner():
        member, _ = User.objects.get_or_create(email=f"{MARK}@example.org")
        membership, _ = Membership.objects.get_or_create(member=member, tenant=user)
        token, _ = ApiToken.objects.create(user, name=MARK)
        Erasure.objects.get_or_create(
            tenant_id=user.pk,
            digest=hashlib.sha256(MARK.encode()).hexdigest(),
            defaults={"erase_at": timezone.now() + timedelta(days=1)},
        )
    return {
        "memberships": [str(membership.pk)],
        "tokens": [token.token_key],
        "secrets": [secrets.token_urlsafe(32)],  # another's cannot be known
    }


OF_PARAMETER = {
    "entity_id": "normalized_entities",
    "source": "normalized_entities",
    "target": "normalized_entities",
    "party": "normalized_entities",
    "relationship_id": "relationship_instances",
    "run_id": "sync_runs",
    "connection_id": "sync_connections",
    "connection": "sync_connections",
    "failure_id": "job_failures",
    "question_id": "asked_questions",
    "case_id": "payment_cases",
    "pair_id": "entity_resolutions",
    "prediction_id": "predicted_relationships",
    "upload_id": "uploads",
    "ids": "normalized_entities",
    "membership_id": "memberships",
    "token_key": "tokens",
    "subscription_id": "delivery_endpoints",
    "message_id": "deliveries",
    "export_id": "tenant_exports",
    "secret": "secrets",
    "one": "normalized_entities",
    "other": "normalized_entities",
}
WORDS = {
    "search": MARK,
    "layer": "fraud",
    "type": MARK,
    "types": MARK,
    "document_ref": MARK,
    "text": MARK,
    "function": MARK,
    "columns": "reason",
    "currency": "GBP",
    "number": "0",
}
PAYMENT = {
    "date": "2024-03-01", "amount": "1.00", "currency": "GBP", "party": "Acme", "number": MARK,
}  # fmt: skip
ECHO = re.compile(r'"parameters":\{[^}]*\}')  # what was asked, told again
ASYNC = {"Prefer": "respond-async"}


@dataclass(frozen=True)
class Sent:
    """One request. `template` is its path in the schema."""

    template: str
    method: str
    path: str
    query: dict[str, str]
    body: dict[str, Any]
    headers: dict[str, str]


def requests_of(given: Callable[[str], str]) -> Iterator[Sent]:
    """Yield requests to every operation of the schema. `given(name)` returns the value for the
    parameter of this name that takes an id or a word."""
    for template, operations in published()["paths"].items():
        for method, operation in operations.items():
            parameters = {p["name"]: p for p in operation.get("parameters", [])}
            path = re.sub(r"\{(\w+)\}", lambda result: given(result[1]), template)
            query = {
                name: given(name)
                for name, item in parameters.items()
                if item["in"] == "query" and (name in OF_PARAMETER or name in WORDS)
            }
            body = {}
            if operation.get("requestBody"):
                body = {"connection": given("connection"), "ids": [given("failure_id")]}
                body |= {"note": "x", "reason": "x", "action": "dismiss"}
                body |= {"payments": [PAYMENT]}
                body |= {"decision": "merge", "one": given("source"), "other": SOMEBODY}
                body |= {"name": "a.csv", "size": 1}
            for some in ({}, query, *({n: v} for n, v in query.items() if len(query) > 1)):
                needed = {n: query[n] for n, p in parameters.items() if p.get("required") and n in query}  # fmt: skip  # noqa: E501
                keyed = {"Idempotency-Key": given("Idempotency-Key")}
                more = {"Prefer": ASYNC, "Idempotency-Key": keyed}
                for headers in ({}, *(more[name] for name in more if name in parameters)):
                    yield Sent(template, method, path, {**needed, **some}, body, headers)


def send(client: APIClient, sent: Sent) -> HttpResponse:
    if sent.method == "get":
        answer = client.get(sent.path, sent.query, headers=sent.headers)
        if answer.streaming:
            answer = HttpResponse(async_to_sync(whole)(answer), headers=answer.headers)
        return answer
    if "/pieces/" in sent.path:
        return client.put(sent.path, b"x", content_type="application/octet-stream")
    trimmed = {k: v for k, v in sent.body.items() if _takes(sent.path, k)}
    return getattr(client, sent.method)(sent.path, trimmed, format="json", headers=sent.headers)


async def whole(answer: Any) -> bytes:
    return b"".join([chunk async for chunk in answer])


def foreign(user: User) -> list[str]:
    """The texts that must not appear in an answer: the user's id, the ids of the tenant's rows, and
    MARK."""
    return [*(one for some in ids_of(user.id).values() for one in some), str(user.id), MARK]


def leaks(told: str, forbidden: list[str]) -> list[str]:
    return [item for item in forbidden if item in told]


def _takes(path: str, name: str) -> bool:
    return {
        "connection": path.endswith("/syncs/"),
        "ids": path.endswith("/job-failures/replay/"),
        "note": path.endswith(("/resolve/", "/ignore/")),
        "reason": path.endswith("/discard/"),
        "action": path.endswith("/decide/")
        and not any(part in path for part in ("/resolutions/", "/relationships/")),
        "payments": path.endswith("/check/"),
        "decision": any(part in path for part in ("/resolutions/", "/relationships/")),
        "one": path.endswith("/resolutions/"),
        "other": path.endswith("/resolutions/"),
        "name": path.endswith(("/uploads/", "/subscriptions/")),
        "size": path.endswith("/uploads/"),
    }[name]


def asked_for_foreign_rows(mine: User, theirs: User) -> Asked:
    """Send every operation the other tenant's ids, as `mine`. Each answer is searched for foreign
    texts and compared with the answer for an unknown id."""
    their_ids, client, report = ids_of(theirs.id) | of_person(theirs), client_of(mine), Asked()
    forbidden, stranger = foreign(theirs), str(uuid4())

    def of_theirs(name: str) -> str:
        if name == "Idempotency-Key":
            return str(uuid4())
        return WORDS.get(name) or their_ids[OF_PARAMETER[name]][0]

    def of_nobody(name: str) -> str:
        if name == "Idempotency-Key":
            return str(uuid4())
        return WORDS.get(name) or {"membership_id": "999999999"}.get(name, stranger)

    pairs = zip(requests_of(of_theirs), requests_of(of_nobody), strict=True)
    for one, other in pairs:
        answer, unknown = send(client, one), send(client, other)
        report.requests += 2
        report.operations.add((one.template, one.method))
        label = f"{one.method} {one.template}"
        output = ECHO.sub("", answer.content.decode()) + str(answer.headers)
        report.leaks += [f"{label}: {leak}" for leak in leaks(output, forbidden)]
        if _outline(answer) != _outline(unknown):
            report.unlike.append(f"{label} {one.query}")
    return report


def _outline(answer: Any) -> tuple[int, str]:
    """The status and the body of an answer, without the parts that differ between any two
    requests."""
    new = "|id|created_at|updated_at" if answer.status_code == 201 else ""
    apart = rf'"(request_id|build_seconds|csrf_token{new})":[^,}}]+'
    body = re.sub(apart, "", answer.content.decode())
    return answer.status_code, body


@contextmanager
def without_our_filter(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Remove the application's filter `user_id = …` from every statement in the block. Yields the
    list of the changed statements."""
    forgotten: list[str] = []

    def forget(statement: Any) -> str:
        text = statement.as_string() if isinstance(statement, Composable) else statement
        rewritten: str = FILTER.sub(r"\1(\2 = \3 OR true)", text)
        if rewritten != text:
            forgotten.append(rewritten)
        return rewritten

    def execute(run: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        return run(forget(sql), params, many, context)

    original = arrow.TenantReader.table
    monkeypatch.setattr(
        arrow.TenantReader,
        "table",
        lambda self, query, *given, **more: original(self, SQL(forget(query)), *given, **more),
    )
    with connections["default"].execute_wrapper(execute):
        yield forgotten
    monkeypatch.undo()


def told(answer: Any) -> str:
    body = b"".join(answer) if not answer.streaming else async_to_sync(whole)(answer)
    return body.decode() + str(answer.headers)
