"""One shortened example answer for every operation of the API, as the service gives it in the
tests."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from django.db import connections
from django.utils import timezone
from rest_framework.test import APIClient

from graph.http.idempotency import IdempotentRequest
from graph.models import (
    EntityResolution,
    PaymentCase,
    PaymentCaseEntry,
    PaymentCaseRow,
    PredictedRelationship,
)
from graph.models.choices import QuestionFailure
from graph.view import refresh
from syncjobs.questions import question_state
from syncjobs.questions.question_state import End
from tests.conftest import client_of
from tests.graph import rows
from tests.graph.api.shapes import V1, published
from tests.graph.api.test_heavy_views import computed

FILE = Path(__file__).resolve().parents[3] / "graph" / "api" / "examples.json"
SOMEBODY = "7b3ea1a5-7a1e-4f0b-9c1d-1d2b3c4d5e6f"
MOST = 2  # of a list
LISTS = (("graph_resolutions", "resolutions/"), ("graph_predictions", "predictions/"))
TODAY = {"today": "2024-03-31"}


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (path, operation) for every question in the schema."""
    for path, methods in published()["paths"].items():
        if path.startswith(V1):
            yield from ((path.removeprefix(V1), operation) for operation in methods.values())


def asked_of(books) -> dict[str, tuple[str, dict[str, Any]]]:
    """The request whose answer is the example of each operation: operation's id → (path,
    parameters)."""
    ends = {"source": books.acme, "target": books.borough}
    return {
        "graph_stats": ("stats/", {}),
        "graph_entities": ("entities/", {"search": "acme"}),
        "graph_entity": (f"entities/{books.sales}/", {}),
        "graph_similar": (f"entities/{books.acme}/similar/", {}),
        "graph_neighbourhood": (f"entities/{books.sales}/neighbourhood/", {}),
        "graph_path": ("paths/", {**ends, "weight": "causal_score"}),
        "graph_k_shortest": ("paths/k-shortest/", {**ends, "k": 2}),
        "graph_importance": ("importance/", {"top": 2}),
        "graph_communities": ("communities/", {"top": 2}),
        "graph_insights": ("insights/fraud/", TODAY),
        "graph_changes": ("changes/", {}),
        "graph_diff": ("diff/", {"from": str(timezone.now().date())}),
        "graph_cash_flow": ("cash-flow/", TODAY),
        "graph_open_items": ("open-items/", TODAY),
        "graph_due": ("due/", {**TODAY, "today": "2024-03-01", "until": "2024-05-31"}),
        "graph_spend": ("spend/", TODAY),
        "graph_cash_flow_payments": ("cash-flow/payments/", {"currency": "GBP"}),
        "graph_spend_payments": (
            "spend/payments/",
            {**TODAY, "currency": "GBP", "party": books.acme},
        ),
        "graph_reconcile": ("reconcile/", {}),
        "graph_cases": ("cases/", {}),
        "graph_relationships": ("relationships/", {"has": "fraud"}),
        "graph_relationship": (f"relationships/{books.annotated}/", {}),
        "graph_explain": (f"relationships/{books.annotated}/explain/", {}),
        "graph_series": (f"relationships/{books.annotated}/series/", TODAY),
        "graph_relationship_apart": (f"relationships/{books.to_borough}/apart/", {}),
        "graph_export": ("export/", {"columns": "relationship_type,amount,occurred_at"}),
        "graph_changes_stream": ("changes/stream/", {}),
        "graph_questions_list": ("questions/", {}),
        "graph_resolutions_preview": (
            "resolutions/preview/",
            {"one": books.acme, "other": books.borough},
        ),
    }


def answers(api, books) -> dict[str, dict[str, Any]]:
    heavy = {
        operation["operationId"] for _, operation in operations() if "202" in operation["responses"]
    }
    missing = {
        operation["operationId"] for _, operation in operations() if "404" in operation["responses"]
    }
    examples = {}
    for name, (path, parameters) in asked_of(books).items():
        examples[name] = {
            "200": body(api, path, parameters),
            "400": api.get(V1 + path, {**parameters, "colour": "red"}).json(),
        }
        if name in heavy:
            options = {"headers": {"Prefer": "respond-async"}}
            examples[name]["202"] = api.get(V1 + path, parameters, **options).json()
            with connections["owner"].cursor() as cursor:
                cursor.execute("DELETE FROM asked_questions")
        if name in missing:
            examples[name]["404"] = not_found(api, path, parameters)
    return examples


def body(api, path: str, parameters: dict[str, Any]) -> Any:
    """Request the path and return the answer, shortened; as text if it is not JSON. Of an export,
    one text per media type."""
    if path == "changes/stream/":
        return streamed(api)
    answer = api.get(V1 + path, parameters)
    assert answer.status_code == 200, answer.content
    if not answer.streaming:
        return shortened(answer.json())
    texts = {"json": whole(answer)}
    for kind in ("graphml", "gexf", "csv"):
        texts[kind] = whole(api.get(V1 + path, {**parameters, "format": kind}))
    return {
        "application/json": shortened(json.loads(texts["json"])),
        "application/graphml+xml": texts["graphml"][:600] + "…",
        "application/gexf+xml": texts["gexf"][:600] + "…",
        "text/csv": "\n".join(texts["csv"].splitlines()[:3]) + "\n",
    }


def streamed(api) -> str:
    """One server-sent event, without the rows of its data."""
    since = api.get(V1 + "stats/").json()["as_of_version"]
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE raw_events SET amount = 2 * amount")
    text = whole(api.get(V1 + "changes/stream/", {"since": since}))
    head, _, data = text.strip().partition("data: ")
    facts = json.loads(data)
    return (
        f"{head}data: {json.dumps({n: facts[n] for n in ('since', 'as_of_version')})[:-1]}, …}}\n\n"
    )


async def _pieces(answer: Any) -> bytes:
    return b"".join([piece async for piece in answer])


def whole(answer: Any) -> str:
    found: bytes = async_to_sync(_pieces)(answer)
    return found.decode()


def not_found(api, path: str, parameters: dict[str, Any]) -> Any:
    steps = path.split("/")
    if "source" in parameters:
        parameters = {**parameters, "target": SOMEBODY}
    elif path == "resolutions/preview/":
        parameters = {**parameters, "other": SOMEBODY}
    elif path.endswith("/payments/"):
        parameters = {**parameters, "party": SOMEBODY}
    elif path in {"cash-flow/", "open-items/", "spend/"}:
        parameters = {"party": "nobody"}
    else:
        steps[1] = "luck" if steps[0] == "insights" else SOMEBODY
    answer = api.get(V1 + "/".join(steps), parameters)
    assert answer.status_code == 404, answer.content
    return answer.json()


def case_of(tenant, books) -> UUID:
    """Create an open case that says that the payments to Acme are possibly one payment twice.
    Return its id."""
    case = rows.add(
        PaymentCase,
        user_id=tenant.id,
        kind="same_amount",
        reason="the same party and amount",
        confidence=0.7,
        party="Acme 100% Wool",
        amount_at_risk="120.5000",
        currency="GBP",
        extra_payments=1,
        first_day="2024-01-31",
        last_day="2024-02-29",
        evidence={
            "for": [
                {
                    "kind": "same_amount",
                    "why": "the same party and amount",
                    "confidence": 0.7,
                    "repeats": ["books 2", "books 1"],
                }
            ],
            "against": ["as far apart as the payments of a contract may be"],
        },
        row_keys=["books 1", "books 2"],
    )
    about = {"user_id": tenant.id, "case": case}
    for relationship, role in ((books.plain, "original"), (books.annotated, "extra")):
        rows.add(PaymentCaseRow, **about, relationship_id=relationship, role=role)
    rows.add(PaymentCaseEntry, **about, action="found", by="enrichment", state="open")
    return UUID(str(case.id))


def in_use(api, user_id: UUID, path: str, decision: dict[str, Any]) -> Any:
    """The response to a repeated request while the first one with the same idempotency key is
    running."""
    is_held, has_answered = threading.Event(), threading.Event()

    def hold() -> None:
        with IdempotentRequest(user_id, "first", "digest").first():
            is_held.set()
            has_answered.wait(30)
        connections["default"].close()

    with ThreadPoolExecutor(1) as threads:
        threads.submit(hold)
        assert is_held.wait(30)
        key = {"Idempotency-Key": "first"}
        answer = api.post(path, decision, format="json", headers=key)
        has_answered.set()
    assert answer.status_code == 409, answer.content
    return answer.json()


def one_case(api, case: UUID, user_id: UUID) -> dict[str, dict[str, Any]]:
    path, nobody = f"{V1}cases/{case}/", f"{V1}cases/{SOMEBODY}/"
    decision = {"action": "confirm", "note": "their statement has it twice"}
    return {
        "graph_case": {
            "200": shortened(api.get(path).json()),
            "400": api.get(path, {"colour": "red"}).json(),
            "404": api.get(nobody).json(),
        },
        "graph_case_decide": {
            "400": api.post(f"{path}decide/", {"action": "burn"}, format="json").json(),
            "404": api.post(f"{nobody}decide/", decision, format="json").json(),
            "409": in_use(api, user_id, f"{path}decide/", decision),
            "200": shortened(api.post(f"{path}decide/", decision, format="json").json()),
        },
    }


def checked(api) -> dict[str, Any]:
    path, payment = f"{V1}check/", {
        "id": "7", "date": "2024-03-31", "amount": "120.50", "currency": "GBP",
        "party": "Acme 100% Wool", "number": "INV-7",
    }  # fmt: skip
    wrong = {**payment, "amount": "a lot"}
    return {
        "200": shortened(api.post(path, {"payments": [payment]}, format="json").json()),
        "400": api.post(path, {"payments": [payment, wrong]}, format="json").json(),
    }


def decisions(api, user_id: UUID, books) -> dict[str, dict[str, Any]]:
    """The answers to decisions by the id of the operation and the status: about a pair of entities,
    any two entities, and an expected payment."""
    pair = rows.add(
        EntityResolution, user_id=user_id, kept_id=books.acme, merged_id=books.cab,
        confidence=0.6, reason="nearly the same name", decided="open",
    )  # fmt: skip
    prediction = PredictedRelationship.objects.using("owner").get(user_id=user_id).pk
    parties = {"one": str(books.cab), "other": str(books.borough), "decision": "apart"}
    listed = {
        name: {
            "200": shortened(api.get(V1 + path).json()),
            "400": api.get(V1 + path, {"colour": "red"}).json(),
        }
        for name, path in LISTS
    }
    return {
        **listed,
        "graph_resolutions_decide_parties": decided(
            api, user_id, ("resolutions/", "resolutions/"), parties, other=SOMEBODY
        ),
        "graph_resolution_decide": decided(
            api, user_id, (f"resolutions/{pair.pk}/decide/", f"resolutions/{SOMEBODY}/decide/"),
            {"decision": "apart"},
        ),
        "graph_relationship_decide": decided(
            api, user_id,
            (f"relationships/{books.link}/decide/", f"relationships/{SOMEBODY}/decide/"),
            {"decision": "apart"},
        ),
        "graph_prediction_decide": decided(
            api, user_id,
            (f"predictions/{prediction}/decide/", f"predictions/{SOMEBODY}/decide/"),
            {"action": "dismiss"},
        ),
    }  # fmt: skip


def decided(api, user_id: UUID, paths: tuple[str, str], body: Any, **missing: Any) -> Any:
    one, nobody = (V1 + path for path in paths)
    return {
        "400": api.post(one, {"colour": "red"}, format="json").json(),
        "404": api.post(nobody, {**body, **missing}, format="json").json(),
        "409": in_use(api, user_id, one, body),
        "200": shortened(api.post(one, body, format="json").json()),
    }


def questions_to_workers(api) -> dict[str, dict[str, Any]]:
    accepted = api.get(V1 + "importance/?top=2", headers={"Prefer": "respond-async"})
    computed(accepted)
    one = accepted.headers["Location"]
    examples = {
        "graph_questions_list": {
            "200": shortened(api.get(V1 + "questions/").json()),
            "400": api.get(V1 + "questions/?colour=red").json(),
        },
        "graph_questions_read": {
            "200": shortened(api.get(one).json()),
            "400": api.get(f"{one}?colour=red").json(),
            "404": api.get(f"{V1}questions/{SOMEBODY}/").json(),
        },
    }
    return {**examples, "graph_questions_forget": dict(examples["graph_questions_read"])}


def problems(api, tenant, settings) -> dict[str, Any]:
    """One problem for each status with which any question may be refused: status → problem."""
    stats = V1 + "stats/"
    accepted = api.get(V1 + "communities/", headers={"Prefer": "respond-async"})
    claim = question_state.claimed(*accepted_job(accepted), "worker:1")
    end = End(failure=QuestionFailure.TOO_LONG, error="The question took longer than its limit of 600 s. Narrow it.")  # fmt: skip  # noqa: E501
    assert question_state.ended(claim.id, claim.fence, end)
    refused = {
        "401": APIClient().get(stats),
        "403": client_of(tenant, "sync").get(stats),
        "406": api.get(stats, headers={"Accept": "text/html"}),
        "422": api.get(V1 + "communities/", headers={"Prefer": "respond-async"}),
        "410": too_old(api),  # the graph has another version from here on
        "503": never_filled(api),
    }
    settings.REQUESTS_PER_MINUTE = 1
    many = [api.get(stats) for _ in range(4)]
    refused["429"] = next(each for each in many if each.status_code == 429)
    assert {code: answer.status_code for code, answer in refused.items()} == {
        code: int(code) for code in refused
    }
    return {code: answer.json() for code, answer in sorted(refused.items())}


def accepted_job(answer) -> tuple[str, str]:
    return answer.json()["id"], f"{answer.json()['id']}:1"


def too_old(api) -> Any:
    version = api.get(V1 + "stats/").json()["as_of_version"]
    with connections["owner"].cursor() as cursor:
        cursor.execute("TRUNCATE causal_relationships")
    return api.get(V1 + "changes/", {"since": version})


def never_filled(api) -> Any:
    with connections["owner"].cursor() as cursor:
        cursor.execute("REFRESH MATERIALIZED VIEW view_enriched_relationships WITH NO DATA")
    answer = api.get(V1 + "stats/")
    refresh.refresh(concurrently=False)
    return answer


def shortened(value: Any) -> Any:
    """The value with at most two items of each list. Of a list without an order of its own, these
    are the items with the most values."""
    if isinstance(value, dict):
        return {name: shortened(inner) for name, inner in value.items()}
    if not isinstance(value, list):
        return value
    return [shortened(inner_) for inner_ in sorted(value, key=_silent)[:MOST]]


def _silent(value: Any) -> int:
    return sum(inner is None for inner in value.values()) if isinstance(value, dict) else 0
