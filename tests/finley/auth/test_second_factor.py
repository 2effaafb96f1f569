"""The second factor at sign-in: set up, needed, used up, guessed, lost, turned off."""

import re
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
    page = client.get(SET_UP).content.decode()
    secret = re.search(r"<code class=\"token\">(\w{32})</code>", page)[1]
    assert "otpauth://totp/finley:boss%40example.org" in page
    picture = segno.make_qr(totp.address(secret, "boss@example.org"), error="m")
    shown = unescape(re.search(r'<img src="([^"]+)"', page)[1])
    assert shown == picture.svg_data_uri(scale=4, border=4, light="#fff")
    assert "img-src 'self' data:" in client.get(SET_UP)["Content-Security-Policy"]
    assert 'role="alert"' in client.post(SET_UP, {"code": "000000"}).content.decode()
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
