"""What pages may load (CSP), and which other pages may ask the API (CORS)."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from django.test import Client

from finley.models import ApiToken, User
from graph.database.role import as_owner
from graph.http.scopes import READ
from graph.models import NormalizedEntity
from graph.view import refresh
from tests.finley import browser
from tests.finley.test_admin import logged_in
from tests.graph.api.conftest import keep_books, serving

APP = "https://app.example.com"
STATS = "/api/v1/graph/stats/"
POLICY, REPORTED = "Content-Security-Policy", "Content-Security-Policy-Report-Only"


@pytest.fixture
def staff(committed) -> User:
    with as_owner():
        return User.objects.create_superuser("staff@example.org")


def policy(answer) -> dict[str, str]:
    return dict(word.split(" ", 1) for word in answer.headers[POLICY].split("; "))


@pytest.mark.parametrize("path", ["/api/docs/", "/api/schema/", STATS, "/healthz", "/nowhere"])
def test_every_answer_loads_only_what_is_ours(committed, path):
    response = policy(Client().get(path))
    assert response["default-src"] == "'none'"
    assert response["script-src"] == response["connect-src"] == response["form-action"] == "'self'"
    assert response["frame-ancestors"] == response["base-uri"] == "'none'"


def test_only_the_admin_evaluates_its_attributes(staff):
    for path in ("/admin/", "/admin/graph/normalizedentity/", "/admin/login/"):
        response = policy(logged_in(staff).get(path))
        assert response["script-src"] == "'self' 'unsafe-eval'"
        assert response["default-src"] == response["frame-ancestors"] == "'none'"


def test_no_page_has_a_script_written_into_it(staff):
    for path in ("/admin/", "/admin/finley/user/", "/api/docs/"):
        page = logged_in(staff).get(path).content.decode()
        scripts = [word.partition(">")[0] for word in page.split("<script")[1:]]
        assert scripts
        assert all("src=" in word for word in scripts)


def served(path: str, mode: str) -> httpx.Response:
    with serving(FINLEY_CSP=mode) as server:
        return httpx.get(f"{server.address}{path}", timeout=60)


def test_a_policy_may_only_be_reported_or_be_off(committed):
    answers = {mode: served("/admin/login/", mode) for mode in ("report", "off")}
    assert POLICY not in answers["report"].headers
    assert "'unsafe-eval'" in answers["report"].headers[REPORTED]
    assert not {POLICY, REPORTED} & set(answers["off"].headers)


def test_without_origins_no_other_page_may_ask(api, committed):
    answer = api.get("/api/v1/graph/entities/", headers={"Origin": APP})
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("Access-Control")]


def test_the_origins_that_are_named_may_ask_and_no_other(tenant):
    with as_owner():
        _, token = ApiToken.objects.create(tenant, name="test", scopes=[READ])
    refresh.refresh()
    requested = {
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization,if-none-match,x-finley-user",
    }
    with (
        serving(FINLEY_CORS_ORIGINS=f"{APP}, http://localhost:3000") as server,
        httpx.Client(base_url=server.address, timeout=60) as client,
    ):
        preflight = client.options(STATS, headers={"Origin": APP, **requested})
        assert preflight.status_code == 200
        assert preflight.headers["Access-Control-Allow-Origin"] == APP
        allowed = {
            word.strip() for word in preflight.headers["Access-Control-Allow-Headers"].split(",")
        }
        assert {"authorization", "if-none-match", "x-finley-user"} <= allowed
        assert "Access-Control-Allow-Credentials" not in preflight.headers
        headers = {"Origin": "http://localhost:3000", "Authorization": f"Bearer {token}"}
        answer = client.get(STATS, headers=headers)
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
        assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
        assert "origin" in answer.headers["Vary"].lower()
        refused = client.get(STATS, headers={"Origin": APP})
        assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (401, APP)
        for origin in ("https://evil.example", f"{APP}.evil.example", "http://app.example.com"):
            preflight = client.options(STATS, headers={"Origin": origin, **requested})
            assert "Access-Control-Allow-Origin" not in preflight.headers
        admin = client.get("/admin/login/", headers={"Origin": APP})
        assert "Access-Control-Allow-Origin" not in admin.headers


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("FINLEY_CORS_ORIGINS", "app.example.com", "'app.example.com' is not an origin"),
        ("FINLEY_CORS_ORIGINS", f"{APP},{APP}/", "without a path"),
        ("FINLEY_CORS_ORIGINS", "*", "'*' is not an origin"),
        ("FINLEY_CSP", "yes", "must be one of: enforce, report, off"),
    ],
)
def test_what_is_set_wrongly_is_said(name, value, words):
    command = [sys.executable, "manage.py", "check"]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(Path.home()), name: value}
    process = subprocess.run(
        command,
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode != 0
    assert words in process.stderr


@pytest.mark.skipif(not browser.installed(), reason="no chromium with its chromedriver here")
def test_pages_work_in_a_browser_under_their_policies(staff, tenant, tmp_path):
    """Nothing is refused, and scripts have run: the admin's Alpine.js, and Swagger UI."""
    keep_books(tenant.id)
    entity = NormalizedEntity.objects.using("owner").filter(user_id=tenant.id).first()
    session = logged_in(staff).cookies["sessionid"].value
    pages = {
        "/admin/": "return document.querySelectorAll('[x-cloak]').length === 0",
        "/admin/graph/normalizedentity/": "return document.querySelector('#result_list a')",
        f"/admin/graph/normalizedentity/{entity.pk}/change/": "return window.Alpine && true",
        "/admin/graph/relationshipinstance/": "return window.Alpine && true",
        "/admin/finley/user/add/": "return window.Alpine && true",
        "/admin/syncjobs/jobfailure/": "return window.Alpine && true",
        "/api/docs/": "return document.querySelectorAll('.opblock').length > 10",
    }
    with serving() as server, browser.browser(tmp_path / "profile") as window:
        window.open(f"{server.address}/healthz")
        window.keep("sessionid", session)
        window.said()
        for path, works in pages.items():
            window.open(f"{server.address}{path}")
            window.until(works)
            items = [item for item in window.said() if "/favicon.ico" not in item]
            assert items == [], path


@pytest.mark.skipif(not browser.installed(), reason="no chromium with its chromedriver here")
def test_a_browser_refuses_what_the_policy_does_not_allow(committed, tmp_path):
    """The test above can fail."""
    inline = "const s = document.createElement('script'); s.text = 'window.was = 1';"
    with serving() as server, browser.browser(tmp_path / "profile") as window:
        window.open(f"{server.address}/api/docs/")
        window.said()
        assert window.run(f"{inline} document.body.append(s); return window.was") is None
        assert any("Content Security Policy" in item for item in window.said())
