"""The second factor at sign-in: set up, needed, used up, guessed, lost, turned off."""

import re
import sys
import time
from html import unescape

import pytest
import segno
from django.core.management import CommandError, call_command
from django.test import Client
from rest_framework.test import APIClient

from finley.auth import failed_attempts, second_factor, totp
from finley.models import SecondFactor, User
from graph.database.role import as_owner
from graph.errors import QuestionError
from syncjobs.alerts import sealed_secrets
from tests.finley.auth.test_sign_in import LOGIN, PASSWORD, forget_attempts, staff  # noqa: F401
from tests.problems import problem

SET_UP, ENTER = "/account/second-factor/set-up/", "/account/second-factor/"
SESSION = "/api/v1/session/"
# RFC 6238, appendix B: Unix time and the last six of its eight digits, for SHA-1.
VECTORS = ((59, "287082"), (1111111109, "081804"), (1111111111, "050471"),
           (1234567890, "005924"), (2000000000, "279037"), (20000000000, "353130"))  # fmt: skip


class Clock:
    """The clock of the app and the server. Each code can be used once, so tests move it on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = time.time()
        monkeypatch.setattr(second_factor.time, "time", lambda: self.now)

    def code(self, secret: str) -> str:
        """The app's next unused code."""
        self.now += totp.STEP
        return totp.code(secret, int(self.now) // totp.STEP)


@pytest.fixture
def clock(monkeypatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def secret(staff, clock) -> str:  # noqa: F811
    """The secret in the app of the staff user, whose second factor is on."""
    secret = second_factor.begin(staff)
    second_factor.confirm(staff, PASSWORD, clock.code(secret), {})
    return secret


def secret_on(page: str) -> str:
    return re.search(r"<code class=\"token\">(\w{32})</code>", page)[1]


def signed_in_by_password() -> Client:
    client = Client()
    form = {"username": "boss@example.org", "password": PASSWORD}
    assert client.post(LOGIN, form).status_code == 302
    return client


def test_codes_are_those_of_the_rfc():
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # the ASCII digits 12345678901234567890
    for now, code in VECTORS:
        assert totp.code(secret, now // totp.STEP) == code
        assert totp.step_of(secret, code, now) == now // totp.STEP
        assert totp.step_of(secret, code, now + 2 * totp.STEP) is None
    address = totp.address(secret, "ann@example.org")
    assert address.startswith("otpauth://totp/finley:ann%40example.org?secret=GEZD")


def test_it_is_set_up_with_the_app_s_first_code_and_asked_for_from_then_on(staff, clock):  # noqa: F811
    client = signed_in_by_password()
    answer = client.get(SET_UP)
    page = answer.content.decode()
    secret = secret_on(page)
    assert "otpauth://totp/finley:boss%40example.org" in page
    picture = segno.make_qr(totp.address(secret, "boss@example.org"), error="m")
    shown = unescape(re.search(r'<img src="([^"]+)"', page)[1])
    assert shown == picture.svg_data_uri(scale=4, border=4, light="#fff")
    assert "img-src 'self' data:" in answer["Content-Security-Policy"]
    page = client.post(SET_UP, {"code": "000000", "password": PASSWORD}).content.decode()
    assert 'role="alert"' in page
    assert secret_on(page) == secret, "the app need not be set up again"
    with as_owner():
        assert secret not in SecondFactor.objects.get().secret, "encrypted"
    page = client.post(SET_UP, {"code": clock.code(secret), "password": PASSWORD}).content.decode()
    codes = re.findall(r"<code class=\"token\">([0-9a-f-]+)</code>", page)
    assert len(set(codes)) == second_factor.RECOVERY_CODES
    assert client.get("/admin/").status_code == 200, "this session has shown a code"

    client = signed_in_by_password()
    for path in ("/", "/admin/", "/admin/finley/user/", "/account/", "/data/"):
        answer = client.get(path)
        assert answer.status_code == 302, path
        assert answer["Location"].startswith(f"{ENTER}?next="), path
    answer = client.post(ENTER, {"code": clock.code(secret), "next": "/admin/"})
    assert answer["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_without_the_library_of_pictures_the_key_is_shown_to_be_typed(staff, monkeypatch):  # noqa: F811
    monkeypatch.setitem(sys.modules, "segno", None)
    client = signed_in_by_password()
    response = client.get(SET_UP)
    page = response.content.decode()
    assert response.status_code == 200
    assert len(secret_on(page)) == 32
    assert "<img" not in page


def test_a_secret_that_somebody_else_has_seen_is_not_confirmed(staff, clock):  # noqa: F811
    """The page needs no password, so who took over a session can open it."""
    client, thief = signed_in_by_password(), signed_in_by_password()
    seen = secret_on(thief.get(SET_UP).content.decode())
    mine = secret_on(client.get(SET_UP).content.decode())
    refused = thief.post(SET_UP, {"code": clock.code(mine), "password": "guessed"})
    assert len({seen, mine, secret_on(refused.content.decode())}) == 3
    for secret in (seen, mine):
        page = client.post(SET_UP, {"code": clock.code(secret), "password": PASSWORD})
        assert "The code is wrong" in page.content.decode()
    with as_owner():
        assert SecondFactor.objects.get().confirmed_at is None


def test_a_secret_that_is_replaced_while_it_is_confirmed_is_not_turned_on(
    staff,  # noqa: F811
    clock,
    monkeypatch,
):
    secret, right = second_factor.begin(staff), second_factor._must_be_right

    def then_replaced(*args, **options):
        right(*args, **options)
        second_factor.begin(staff)

    monkeypatch.setattr(second_factor, "_must_be_right", then_replaced)
    with pytest.raises(QuestionError):
        second_factor.confirm(staff, PASSWORD, clock.code(secret), {})
    assert not second_factor.is_on(staff)


def test_turning_it_on_ends_the_person_s_other_sessions(staff, clock, tenant):  # noqa: F811
    other, stranger = signed_in_by_password(), Client()
    stranger.force_login(tenant)
    client = signed_in_by_password()
    secret = secret_on(client.get(SET_UP).content.decode())
    client.post(SET_UP, {"code": clock.code(secret), "password": PASSWORD})
    assert client.get("/account/").status_code == 200
    assert stranger.get("/account/").status_code == 200
    assert other.get("/account/")["Location"].startswith("/account/sign-in/")
    assert other.get(SESSION).json()["person"] is None


def test_a_session_waits_for_no_code_once_the_second_factor_is_off(staff, secret, clock):  # noqa: F811
    page, api, again = (signed_in_by_password() for _ in range(3))
    assert page.get("/account/")["Location"].startswith(ENTER)
    second_factor.turn_off(staff, clock.code(secret))
    assert page.get("/account/").status_code == 200
    assert api.get("/api/v1/tokens/").status_code == 200
    again.post(LOGIN, {"username": "boss@example.org", "password": PASSWORD})
    secret = second_factor.begin(staff)
    assert again.get("/account/").status_code == 200, "a new sign-in waits for nothing"
    assert page.get("/account/").status_code == 200


def test_a_session_that_waits_for_its_code_changes_nothing(staff, secret):  # noqa: F811
    client = signed_in_by_password()
    answer = client.post("/account/second-factor/off/", {"code": "0"})
    assert answer["Location"].startswith(ENTER)
    assert client.post("/admin/finley/user/add/", {"email": "x@example.org"}).status_code == 302
    htmx = client.get("/admin/", headers={"HX-Request": "true"})
    assert htmx["HX-Redirect"].startswith(ENTER)
    second_factor_page = client.get(SET_UP).content.decode()
    assert secret not in second_factor_page
    with as_owner():
        assert SecondFactor.objects.exists()
        assert not User.objects.filter(email="x@example.org").exists()
    assert client.post(ENTER, {"code": "0", "next": "https://evil.example/"}).status_code == 200
    assert client.post("/account/sign-out/").status_code == 302


def test_a_code_works_once(staff, secret, clock):  # noqa: F811
    code = clock.code(secret)
    second_factor.check(staff, code, {})
    with pytest.raises(Exception, match="used already"):
        second_factor.check(staff, code, {})
    earlier = totp.code(secret, int(clock.now) // totp.STEP - 1)
    with pytest.raises(Exception, match="used already"):
        second_factor.check(staff, earlier, {})


def test_wrong_codes_are_counted_and_the_right_one_has_to_wait(staff, secret, clock):  # noqa: F811
    client = signed_in_by_password()
    right = clock.code(secret)
    for number in range(second_factor.FREE):
        page = client.post(ENTER, {"code": f"{number:06}"}).content.decode()
        assert "The code is wrong" in page
    page = client.post(ENTER, {"code": right}).content.decode()
    assert "Too many wrong codes" in page
    clock.now += 3
    assert failed_attempts.time.time() == clock.now
    assert client.post(ENTER, {"code": right}).status_code == 302


def test_a_recovery_code_works_once_in_place_of_the_app(staff, secret, clock):  # noqa: F811
    codes = second_factor.replace_recovery_codes(staff, clock.code(secret))
    client = signed_in_by_password()
    assert client.post(ENTER, {"code": codes[3].upper().replace("-", " ")}).status_code == 302
    assert client.get("/account/").status_code == 200
    again = signed_in_by_password()
    assert again.post(ENTER, {"code": codes[3]}).status_code == 200
    with as_owner():
        assert len(SecondFactor.objects.get().recovery) == second_factor.RECOVERY_CODES - 1
        assert codes[4] not in str(SecondFactor.objects.values().get())
    page = client.post("/account/second-factor/codes/", {"code": clock.code(secret)})
    assert page.content.decode().count("<code class=") == second_factor.RECOVERY_CODES
    assert again.post(ENTER, {"code": codes[5]}).status_code == 200, "the former ones are void"


def test_the_api_asks_for_the_code_too(staff, secret, clock):  # noqa: F811
    body = {"email": staff.email, "password": PASSWORD}
    browser = APIClient()
    refused = browser.post(SESSION, body, format="json")
    assert refused.status_code == 401
    assert "second factor" in problem(refused)["detail"]
    wrong = browser.post(SESSION, {**body, "code": "123456"}, format="json")
    assert wrong.status_code == 400
    assert browser.get(SESSION).json()["person"] is None
    body["code"] = clock.code(secret)
    assert browser.post(SESSION, body, format="json").json()["person"] == staff.email
    assert browser.get("/api/v1/tokens/").status_code == 200
    by_page = signed_in_by_password()
    assert by_page.get("/api/v1/tokens/").status_code == 403
    assert by_page.get(SESSION).json()["person"] is None
    assert by_page.get("/api/v1/graph/stats/").status_code == 403


def test_where_staff_must_have_one_they_can_do_nothing_before(staff, clock, settings, tenant):  # noqa: F811
    settings.STAFF_SECOND_FACTOR = True
    client = signed_in_by_password()
    assert client.get("/admin/")["Location"].startswith(f"{SET_UP}?next=")
    assert client.get("/api/v1/tokens/").status_code == 403
    secret = second_factor.begin(staff)
    assert (
        client.post(SET_UP, {"code": clock.code(secret), "password": PASSWORD}).status_code == 200
    )
    assert client.get("/admin/").status_code == 200
    refused = client.post("/account/second-factor/off/", {"code": clock.code(secret)})
    assert refused.status_code == 400
    other = Client()
    other.force_login(tenant)
    assert other.get("/account/").status_code == 200, "others may, and need not"


def test_it_is_turned_off_with_a_code_or_by_the_operator(staff, secret, clock, capsys):  # noqa: F811
    client = signed_in_by_password()
    client.post(ENTER, {"code": clock.code(secret)})
    assert client.post("/account/second-factor/off/", {"code": "1"}).status_code == 400
    assert (
        client.post("/account/second-factor/off/", {"code": clock.code(secret)}).status_code == 302
    )
    assert signed_in_by_password().get("/admin/").status_code == 200
    secret = second_factor.begin(staff)
    second_factor.confirm(staff, PASSWORD, clock.code(secret), {})
    call_command("second_factor")
    assert "boss@example.org: on" in capsys.readouterr().out
    call_command("second_factor", off=staff.email)
    assert signed_in_by_password().get("/admin/").status_code == 200
    with pytest.raises(CommandError, match="no second factor"):
        call_command("second_factor", off=staff.email)


def test_secrets_are_encrypted_by_the_newest_key(staff, secret, settings):  # noqa: F811
    settings.ENCRYPTION_KEYS = ["MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="]
    call_command("rotate_keys")
    settings.SECRET_KEY = "another"
    with as_owner():
        assert sealed_secrets.unseal(SecondFactor.objects.get().secret) == secret


def test_the_application_s_role_cannot_read_it(staff, secret):  # noqa: F811
    with pytest.raises(Exception, match="permission denied"):
        SecondFactor.objects.using("default").exists()
    forget_attempts()
