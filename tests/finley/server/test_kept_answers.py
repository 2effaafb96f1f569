"""A stored answer is the same whichever way it is given, and is given to nobody else."""

from datetime import timedelta
from functools import cache
from io import BytesIO
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import OperationalError, connections
from django.test.utils import CaptureQueriesContext

from finley.auth import token_cache
from finley.models import ApiToken
from finley.server import database_gate, kept_answers
from finley.server.handler import ThreadedHandler
from finley.server.middleware import HEADER
from graph.api import conditional
from graph.database.role import as_owner
from graph.layers import BY_NAME
from graph.models import TenantPreference
from graph.questions import days
from graph.view import refresh
from tests.conftest import client_of
from tests.graph import rows
from tests.graph.api.conftest import books, both_books  # noqa: F401

V1 = "/api/v1/graph/"
STATS = V1 + "stats/"
pytestmark = pytest.mark.usefixtures("kept_answers", "books")
QUESTIONS = (
    "stats/",
    "entities/?search=acme",
    "entities/{acme}/",
    "entities/{acme}/similar/",
    "entities/{sales}/neighbourhood/",
    "paths/?source={sales}&target={acme}",
    "paths/k-shortest/?source={sales}&target={acme}",
    "importance/?top=5",
    "communities/",
    "relationships/?limit=2",
    "relationships/?party={acme}&order=oldest",
    "relationships/?group=party",
    "relationships/{annotated}/",
    "relationships/{annotated}/explain/?today=2024-03-01",
    *(f"insights/{layer}/" for layer in BY_NAME),
    "cash-flow/",
    "cash-flow/?by=party&party={acme}",
    "due/",
    "open-items/",
    "reconcile/",
    "spend/",
)


class AsgiClient:
    """Sends GET requests to the server's handler, as uvicorn does."""

    def __init__(self, user, *scopes: str) -> None:
        self.authorization = client_of(user, *scopes)._credentials["HTTP_AUTHORIZATION"]

    def get(self, url: str, headers: dict[str, str] | None = None) -> SimpleNamespace:
        answer = handler()._answered(self.scope(url, headers), BytesIO())
        if isinstance(answer, kept_answers.KeptResponse):
            shown = [(name.decode(), value.decode()) for name, value in answer.headers]
            return SimpleNamespace(
                status_code=answer.status, headers=dict(shown), content=answer.body
            )
        return answer

    def scope(self, url: str, headers: dict[str, str] | None = None) -> dict:
        sent = {"Host": "testserver", "Authorization": self.authorization, **(headers or {})}
        path, _, query = url.partition("?")
        return {
            "type": "http",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "query_string": query.encode(),
            "headers": [(n.lower().encode(), v.encode()) for n, v in sent.items() if v],
            "client": ("127.0.0.1", 1),
            "server": ("testserver", 80),
        }


@cache
def handler() -> ThreadedHandler:
    return ThreadedHandler()


@pytest.fixture
def api(tenant) -> AsgiClient:
    return AsgiClient(tenant)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Counts the answers that were given by the short way."""
    count = SimpleNamespace(n=0)
    usual = kept_answers.given

    def counted(scope):
        answer = usual(scope)
        count.n += answer is not None
        return answer

    monkeypatch.setattr(kept_answers, "given", counted)
    yield count
    kept_answers.replies.forget()


def ask(api, url: str, **headers):
    """Status, headers and body, without the request's id."""
    answer = api.get(url, headers=headers)
    assert answer.headers[HEADER]
    shown = [(name, value) for name, value in answer.headers.items() if name != HEADER]
    return answer.status_code, shown, answer.content


@pytest.mark.parametrize("question", QUESTIONS)
def test_both_ways_give_the_same_bytes_and_headers(api, books, question, short):  # noqa: F811
    url = V1 + question.format(**vars(books))
    first = ask(api, url)
    assert first[0] == 200
    kept_answers.replies.forget()
    kept, n = ask(api, url), short.n
    again = ask(api, url)
    assert (n, short.n) == (0, 1)
    assert again == kept == first
    tag = dict(first[1])["ETag"]
    unchanged = [ask(api, url, **{"If-None-Match": tag}) for _ in range(2)]
    assert unchanged[0] == unchanged[1]
    assert (unchanged[0][0], short.n) == (304, 2)


def test_problems_take_the_usual_way(api, short):
    for url in ("paths/?source=x", "nothing/", f"entities/{uuid4()}/"):
        for _ in range(3):
            api.get(V1 + url)
    assert short.n == 0


def twice(api, url=STATS, **headers):
    """The second of two answers to the same request."""
    return [ask(api, url, **headers) for _ in range(2)][1]


def test_a_change_of_the_data_is_seen_at_once(api, tenant, short):
    before = twice(api)
    rows.payment(tenant.id)
    after = ask(api, STATS)
    assert (after[0], short.n) == (200, 1)
    assert after[2] != before[2]


def test_a_refresh_changes_nothing(api, short):
    before = twice(api)
    refresh.refresh()
    assert ask(api, STATS) == before
    assert short.n == 2


def test_a_change_whose_record_is_deleted_is_seen(api, tenant, short):
    """A change record may be deleted once a refresh contains it, and then only a fold counts it."""
    before = twice(api)
    rows.payment(tenant.id)
    refresh.refresh()
    with connections["owner"].cursor() as cursor:
        cursor.execute("DELETE FROM change_marks")
    after = twice(api)
    assert after[2] != before[2]
    assert short.n == 2


def test_a_long_transaction_of_others_makes_no_answer_old(api, tenant, short):
    """It began before records were folded, and holds back the oldest running transaction of each
    snapshot."""
    other = connections["owner"].copy()
    with other.cursor() as cursor:
        cursor.execute("BEGIN; SELECT pg_current_xact_id()")
    rows.payment(tenant.id)
    refresh.refresh()
    with connections["owner"].cursor() as cursor:
        cursor.execute("DELETE FROM change_marks")
    twice(api)
    other.close()
    assert short.n == 1


def test_a_server_that_was_started_again_may_have_other_data(api, short, monkeypatch):
    twice(api)
    usual = days.unchanged

    def of_another_server(tenant_id, moment, day, zone):
        earlier = type(moment)(moment.snapshot, "2020-01-01 00:00:00+00")
        return usual(tenant_id, earlier, day, zone)

    monkeypatch.setattr(days, "unchanged", of_another_server)
    assert ask(api, STATS)[0] == 200
    assert short.n == 1


def test_the_next_day_has_its_own_answer(api, tenant, short):
    url = V1 + "cash-flow/"
    today = twice(api, url)
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):  # never on the same day
        with as_owner():
            TenantPreference.objects.update_or_create(
                user_id=tenant.id, defaults={"time_zone": zone}
            )
        n = short.n
        other = ask(api, url)
        assert dict(other[1])["ETag"] == dict(today[1])["ETag"] or short.n == n
    assert short.n < 3


def test_a_token_of_another_tenant_gets_its_own(api, other_tenant, short):
    mine = twice(api, V1 + "entities/?search=acme")
    theirs = ask(AsgiClient(other_tenant), V1 + "entities/?search=acme")
    assert (theirs[0], short.n) == (200, 1)
    assert theirs[2] != mine[2]


def test_a_token_without_the_scope_is_refused(api, tenant, short):
    twice(api)
    assert AsgiClient(tenant, "sync").get(STATS).status_code == 403
    assert ask(AsgiClient(tenant), STATS)[0] == 200
    assert short.n == 1  # a token that this process does not know yet takes the usual way


def test_a_revoked_token_is_refused(api, tenant, short):
    twice(api)
    with as_owner():
        ApiToken.objects.filter(user=tenant).delete()
        for token in ApiToken.objects.filter(user=tenant):
            token.delete()
    token_cache.forget()
    assert api.get(STATS).status_code == 401
    assert short.n == 1


def test_an_expired_token_is_refused(tenant, short, settings):
    with as_owner():
        _, token = ApiToken.objects.create(tenant, expiry=timedelta(seconds=300))
    client = AsgiClient(tenant)
    client.authorization = f"Bearer {token}"
    twice(client)
    settings.TOKEN_SECONDS = 0
    token_cache.forget()
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE finley_apitoken SET expiry = now() - interval '1 second'")
    assert client.get(STATS).status_code == 401
    assert short.n == 1


def test_a_user_who_is_not_active_is_refused(api, tenant, short):
    twice(api)
    with as_owner():
        tenant.is_active = False
        tenant.save()
    assert api.get(STATS).status_code == 401
    assert short.n == 1


def test_requests_beyond_the_limit_wait(api, settings, short):
    twice(api)
    settings.REQUESTS_PER_MINUTE = 3
    answers = [api.get(STATS) for _ in range(8)]  # in two windows at most
    assert {answer.status_code for answer in answers} == {200, 429}
    assert 1 + sum(answer.status_code == 200 for answer in answers) == short.n
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert 1 <= int(refused.headers["Retry-After"]) <= 60


def test_a_request_beyond_the_limit_asks_no_database(api, settings, monkeypatch, short):
    twice(api)
    settings.REQUESTS_PER_MINUTE = 1
    monkeypatch.setattr(kept_answers.rate_limit, "allowed", lambda key: False)
    monkeypatch.setattr(days, "unchanged", None)
    with CaptureQueriesContext(connections["default"]) as queries:
        assert api.get(STATS).status_code == 429
    assert len(queries) == 0
    assert short.n == 1


def test_each_request_counts_once(api, settings, monkeypatch, short):
    counted = []
    usual = kept_answers.rate_limit.allowed
    monkeypatch.setattr(
        kept_answers.rate_limit, "allowed", lambda key: counted.append(key) or usual(key)
    )
    for n in range(4):
        api.get(STATS)
        assert len(counted) == n + 1
    assert short.n == 3
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE raw_events SET amount = amount * 2 WHERE amount > 0")
    api.get(STATS)
    assert len(counted) == 5, "the usual way does not count it again"
    assert short.n == 3


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "elsewhere.example"}, 400),
        ({"Accept": "text/html"}, 406),
        ({"X-Finley-User": "x"}, 403),
        ({"Prefer": "respond-async"}, 202),
    ],
)
def test_a_request_with_another_header_takes_the_usual_way(api, short, headers, status):
    twice(api)
    assert twice(api, STATS, **headers)[0] == status
    assert short.n == 1


@pytest.mark.parametrize(
    "header", [(b"authorization", b"Bearer other"), (b"cookie", b"a=b"), (b"origin", b"null")]
)
def test_a_further_header_is_not_overlooked(api, short, header):
    twice(api)
    scope = api.scope(STATS)
    assert kept_answers.given({**scope}) is not None
    assert kept_answers.given({**scope, "headers": [*scope["headers"], header]}) is None
    assert kept_answers.given({**scope, "headers": [header, *scope["headers"]]}) is None
    assert kept_answers.given({**scope, "scheme": "https"}) is None


def test_a_session_takes_the_usual_way(api, client, tenant, short):
    twice(api)
    client.force_login(tenant)
    cookie = {"Cookie": f"sessionid={client.cookies['sessionid'].value}", "Authorization": ""}
    for _ in range(2):
        assert api.get(STATS, headers=cookie).status_code == 200
    assert short.n == 1


def test_without_the_database_it_is_the_usual_problem(api, short, monkeypatch):
    twice(api)

    def away(*_):
        raise OperationalError("away")

    monkeypatch.setattr(days, "unchanged", away)
    assert ask(api, STATS)[0] == 200  # the usual way reads the version itself
    assert short.n == 1


def test_a_database_that_is_not_there_is_not_waited_for(api, short, monkeypatch):
    twice(api)
    monkeypatch.setattr(database_gate, "is_reachable", lambda: False)
    monkeypatch.setattr(days, "unchanged", None)
    assert ask(api, STATS)[0] == 503
    assert short.n == 1


def test_an_answer_that_is_dropped_is_computed_again(api, short):
    twice(api)
    conditional.memory_cache.answers.forget()
    assert ask(api, STATS)[0] == 200
    assert short.n == 1
    assert twice(api)[0] == 200
    assert short.n == 3


def test_it_is_measured_under_its_route(api, short, caplog):
    caplog.set_level("INFO", "finley.requests")
    twice(api)
    first, second = (record for record in caplog.records if record.name == "finley.requests")
    assert (first.path, first.status) == (second.path, second.status) == (STATS, 200)
    assert short.n == 1
