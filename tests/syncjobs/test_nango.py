"""Every row of the table of statuses, over HTTP; Retry-After; bodies that stall, break or swell."""

import asyncio
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncjobs.errors import Permanent, Refused, SyncError, Transient, Unreadable
from syncjobs.http_errors import CAP, Peer, refusal, retry_after
from syncjobs.nango import Access, ConnectionStatus, Limits, Nango, owners, signed
from syncjobs.sandbox.server import Sandbox
from tests.syncjobs.saving import QUICK, client, nango

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WHO = Peer("Gmail", "c1")
PROFILE = "gmail/v1/users/me/profile"


@pytest.fixture(scope="module")
def box():
    with Sandbox() as sandbox:
        yield sandbox


async def got(box: Sandbox, key: str, limits: Limits = QUICK, **access: str) -> dict:
    async with client() as http:
        given_access = {"provider": "gmail", "secret": box.secret, "host": box.url} | access
        nango_ = Nango(Access(connection_id=key, **given_access), http, limits)
        return await nango_.get(PROFILE)


def failed(box: Sandbox, limits: Limits = QUICK, **behaviour: object) -> SyncError:
    """The error that a connection's first request ends with."""
    script = [behaviour] if behaviour else []
    box.control("c1", provider="gmail", reset=True, size=1, script=script)
    with pytest.raises(SyncError) as raised:
        asyncio.run(got(box, "c1", limits))
    assert box.secret not in str(raised.value)
    assert "\n" not in str(raised.value)
    return raised.value


@pytest.mark.parametrize(
    ("behaviour", "after"),
    [
        ({"do": "429"}, None),
        ({"do": "429", "retry_after": 2}, 2),
        ({"do": "plain_text_429"}, None),
        ({"do": "plain_text_429", "retry_after": 300}, 300),
        ({"do": "429", "retry_after": 10**9}, CAP),
        ({"do": "429_nango"}, 60),
        ({"do": "429_nango", "retry_after": 7}, 7),
        ({"do": "424_backoff"}, 30),
        ({"do": "424_backoff", "retry_after": 12}, 12),
        ({"do": "403_rate", "reason": "rateLimitExceeded"}, None),
        ({"do": "403_rate", "reason": "userRateLimitExceeded", "retry_after": 4}, 4),
        ({"do": "403_rate", "reason": "dailyLimitExceeded"}, CAP),
        ({"do": "500"}, None),
        ({"do": "503", "retry_after": 9}, 9),
        ({"do": "400_server_error"}, None),
        ({"do": "wrong_json"}, None),
        ({"do": "wrong_shape"}, None),
        ({"do": "stall"}, None),
        ({"do": "reset_mid_body"}, None),
    ],
    ids=str,
)
def test_what_passes_is_transient(box, behaviour, after):
    error = failed(box, **behaviour)
    assert isinstance(error, Transient)
    assert error.after == after


def test_a_date_to_come_is_waited_for(box):
    error = failed(box, do="429", retry_after=100, http_date=True)
    assert isinstance(error, Transient)
    assert error.after is not None
    assert 95 < error.after <= 100


@pytest.mark.parametrize(
    ("behaviour", "reauthorise", "says"),
    [
        ({"do": "401"}, True, "Connect Gmail again, then replay this sync"),
        ({"do": "424_exhausted"}, True, "Connect Gmail again, then replay this sync"),
        ({"do": "403_forbidden"}, False, "ask an administrator of Gmail"),
        (
            {"do": "403_forbidden", "reason": "insufficientPermissions"},
            True,
            "connect Gmail again and grant the access",
        ),
        ({"do": "404_config"}, False, "Correct the integration's id in the settings"),
        ({"do": "402_plan"}, False, "Raise its limit"),
        ({"do": "400_invalid_headers"}, False, "Check the connection's id"),
        ({"do": "redirect"}, False, "HTTP 302"),
    ],
    ids=str,
)
def test_what_stays_is_permanent_and_says_what_to_do(box, behaviour, reauthorise, says):
    error = failed(box, **behaviour)
    assert isinstance(error, Permanent)
    assert error.reauthorise is reauthorise
    assert says in str(error)


def test_400_server_error_is_permanent_when_nango_knows_no_connection(box):
    box.control("c2", provider="gmail", reset=True, state="missing")
    with pytest.raises(Permanent, match=r"knows no connection c2\. Connect Gmail again") as raised:
        asyncio.run(got(box, "c2"))
    assert raised.value.reauthorise


def test_400_server_error_is_permanent_when_nango_says_the_connection_is_dead(box):
    error = failed(box, do="400_server_error", dead=True)
    assert isinstance(error, Permanent)
    assert error.reauthorise


def test_an_unknown_connection_and_one_of_another_provider(box):
    for key in ("nobody", "dropbox-demo"):
        with pytest.raises(SyncError):
            asyncio.run(got(box, key))


def test_a_wrong_secret_key_is_ours_to_mend(box):
    with pytest.raises(Permanent, match="secret key") as raised:
        asyncio.run(got(box, "gmail-demo", secret="wrong"))
    assert not raised.value.reauthorise
    assert "wrong" not in str(raised.value)


@pytest.mark.parametrize("secret", ["two\nlines", "ключ"])
def test_a_secret_that_is_no_header_is_permanent(box, secret):
    with pytest.raises(Permanent, match="in the settings"):
        asyncio.run(got(box, "gmail-demo", secret=secret))


@pytest.mark.parametrize("host", ["nango", "ftp://nango", "http://nango:port"])
def test_an_address_that_is_none_is_permanent(box, host):
    with pytest.raises(Permanent, match="in the settings"):
        asyncio.run(got(box, "gmail-demo", host=host))


def test_nobody_listening_is_transient(box):
    with pytest.raises(Transient, match="broke"):
        asyncio.run(got(box, "gmail-demo", host="http://127.0.0.1:9"))


def test_an_answer_too_large_is_not_read(box):
    with pytest.raises(Unreadable, match="more than"):
        asyncio.run(got(box, "gmail-demo", limits=Limits(most_bytes=10)))


def test_a_trickle_has_a_deadline(box):
    error = failed(box, Limits(silence=20, answer=0.3), do="stall")
    assert isinstance(error, Transient)
    assert "in time" in str(error)


def test_requests_keep_their_pace(box):
    async def three() -> float:
        async with client() as http:
            access = Access("gmail", "gmail-demo", box.secret, host=box.url)
            nango_ = Nango(access, http, Limits(pace=0.1))
            start = asyncio.get_running_loop().time()
            await asyncio.gather(*(nango_.get(PROFILE) for _ in range(3)))
            return asyncio.get_running_loop().time() - start

    assert asyncio.run(three()) >= 0.2


def test_the_standing_of_connections(box):
    async def sender_verdict(key: str) -> ConnectionStatus:
        async with nango(box, "gmail", key) as nango_:
            return await nango_.connection_status()

    box.control("c3", provider="gmail")
    assert asyncio.run(sender_verdict("c3")) is ConnectionStatus.ALIVE
    box.control("c3", state="dead")
    assert asyncio.run(sender_verdict("c3")) is ConnectionStatus.DEAD
    assert asyncio.run(sender_verdict("no/body?")) is ConnectionStatus.MISSING


def test_whose_a_connection_is(box):
    async def facts(key: str, **access: str) -> dict | None:
        given_access = {"provider": "gmail", "secret": box.secret, "host": box.url} | access
        async with client() as http:
            return await Nango(Access(connection_id=key, **given_access), http).connection_facts()

    box.control("c4", provider="gmail", end_user="me", tags={"end_user_id": "you"})
    assert owners(asyncio.run(facts("c4"))) == ["me", "you"]
    box.control("c4", end_user=None, tags={})
    assert owners(asyncio.run(facts("c4"))) == []
    assert asyncio.run(facts("c4", provider="dropbox")) is None
    assert asyncio.run(facts("c4", integration="unheard-of")) is None
    assert asyncio.run(facts("no/body?")) is None
    box.control("c4", state="dead")
    assert asyncio.run(facts("c4")) is None
    with pytest.raises(Permanent, match="secret key"):
        asyncio.run(facts("c4", secret="wrong"))
    with pytest.raises(Transient):
        asyncio.run(facts("c4", host="http://127.0.0.1:9"))


@pytest.mark.parametrize(
    "facts",
    [{}, {"end_user": None}, {"end_user": {"id": 7}}, {"tags": ["x"]}, {"endUser": {}},
     {"end_user": "me", "tags": {"end_user_id": ""}}],
    ids=str,
)  # fmt: skip
def test_nobodys_is_nobodys(facts):
    assert owners(facts) == []


def test_an_own_client_is_closed(box):
    async def one() -> bool:
        async with nango(box, "gmail", "gmail-demo") as nango_:
            await nango_.get(PROFILE)
        return nango_._client.is_closed

    assert asyncio.run(one())


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("0", 0),
        ("-5", 0),
        (" 2.5 ", 2.5),
        ("inf", CAP),
        ("9" * 400, CAP),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(days=90), usegmt=True), 0),
        ("Sun, 06 Nov 99999 08:49:37 GMT", None),
    ],
)
def test_retry_after(header, seconds):
    assert retry_after(header, NOW) == seconds


@given(
    st.integers(300, 599),
    st.one_of(st.none(), st.text(st.characters(codec="latin-1"), max_size=20)),
    st.one_of(
        st.binary(max_size=50),
        st.sampled_from(
            [
                b'{"error": 1}',
                b'{"error": {"errors": [1, {"reason": []}]}}',
                b'{"error": {"code": [], "retry_after": true}}',
                b'{"data": 1, "status": [1]}',
                b"[" * 100_000,
            ]
        ),
    ),
)
def test_any_answer_is_classified(status, header, body):
    headers = {} if header is None else {"retry-after": header}
    error = refusal(status, headers, body, WHO)
    assert isinstance(error, Transient | Permanent)
    if isinstance(error, Transient):
        assert error.after is None or 0 <= error.after <= CAP
    assert isinstance(error, Transient) or status < 500
    assert str(error).endswith((".", '"')) or "It said" in str(error)


def test_what_looks_like_a_token_is_not_quoted():
    token = "ya29.a0AfB_byC" + "x" * 60
    error = refusal(400, {}, f'{{"error": {{"code": 400, "message": "{token}"}}}}'.encode(), WHO)
    assert isinstance(error, Refused)
    assert token[:20] not in str(error)


def test_dropbox_says_how_long_in_its_body():
    body = b'{"error_summary": "too_many/.", "error": {"reason": {}, "retry_after": 15}}'
    error = refusal(429, {}, body, WHO)
    assert isinstance(error, Transient)
    assert error.after == 15


def test_webhook_signatures():
    body, key = b'{"type": "auth"}', "signing-key"
    good = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    assert signed(body, good, key)
    assert signed(body, good.upper(), key)
    assert not signed(body + b" ", good, key)
    assert not signed(body, good, "other")
    empty = hmac.new(b"", body, hashlib.sha256).hexdigest()
    for header, secret in ((None, key), ("", key), (empty, ""), ("é", key), (good[:-1], key)):
        assert not signed(body, header, secret)
