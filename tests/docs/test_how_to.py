"""docs/how-to/, followed: each toy is really added, and the API is asked for it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.docs.walkthrough import ROOT, Project, copy_of_the_project, steps

PAGES = ROOT / "docs" / "how-to"
USER = "owner@example.org"
BOOKS = """Transaction number,Date,Supplier,Department,Amount
T1,2024-01-03,Mill,Kitchen,5000.00
T2,2024-01-04,Dairy,Kitchen,1234.50
T3,2024-01-05,Mill,Kitchen,1250.00
"""
GRANTS = "Grant No;Recipient;Paid on;Award\nG1;Sailing Club;03.02.2024;1.234,50\n"
FILES = {
    "1": ("spend.csv", "Key,Date,Supplier,Department,Amount\nN1,2024-02-01,Baker,Kitchen,7.50\n")
}
# `ask` is the user's request to the API, `page` a staff member's to the admin, `own` the user's to
# the pages.
ASK = """
import json, django
django.setup()
from django.conf import settings
from django.test import Client
from rest_framework.test import APIClient
from finley.models import ApiToken, User
from graph.database.role import as_owner
settings.ALLOWED_HOSTS = ["*"]
with as_owner():
    user = User.objects.get(email="owner@example.org")
    staff = User.objects.create_superuser("staff@example.org", "long-enough-a-word")
    admin = Client()
    admin.force_login(staff)
    person = Client()
    person.force_login(user)
    _, token = ApiToken.objects.create(user, name="test", scopes=["read", "sync"])
api = APIClient()
api.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
def ask(path):
    answer = api.get(path)
    content = b"".join(answer) if answer.streaming else answer.content
    return {"status": answer.status_code, "text": content.decode()}
def page(path, client=admin):
    answer = client.get(path)
    return {"status": answer.status_code, "text": answer.content.decode()}
def own(path):
    return page(path, person)
"""


class Notebox(BaseHTTPRequestHandler):
    """Nango's proxy before a Notebox of one file."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/proxy/v1/files":
            (after,) = parse_qs(url.query)["after"]
            fresh = [
                {"id": key, "name": name, "changed": "2024-02-02T00:00:00Z", "hash": key}
                for key, (name, _) in FILES.items()
                if int(key) > int(after)
            ]
            self._answer(json.dumps({"files": fresh, "last": "1", "more": False}).encode())
        elif url.path == "/proxy/v1/files/1/content":
            self._answer(FILES["1"][1].encode())
        else:
            self.send_error(404)

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def notebox() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Notebox) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def project(tmp_path_factory, notebox: str) -> Project:
    """All pages followed, one after another; then books, grants and a sync come in."""
    folder = tmp_path_factory.mktemp("project")
    project = copy_of_the_project(folder, tmp_path_factory.mktemp("state"))
    (folder / "books.csv").write_text(BOOKS)
    (folder / "grants.csv").write_text(GRANTS)
    for page in sorted(PAGES.glob("add-*.md"), key=lambda page: "layer" in page.name):
        project.follow(page)  # the layer last: its commands look at the result
    manage = ".venv/bin/python manage.py"
    project.run(
        f"{manage} import_ledger grants.csv --user {USER} --no-enrich\n"
        f"{manage} connect --user {USER} --provider notebox --nango-id n1\n"
        f"{manage} worker & worker=$!\n"
        f"{manage} sync --user {USER} --connection notebox --wait\n"
        "kill $worker; wait $worker",
        NANGO_HOST=notebox,
        NANGO_SECRET_KEY="test",
    )
    return project


@pytest.fixture(scope="module")
def answers(project: Project) -> dict[str, Any]:
    """What the API and the admin answer about the toys."""
    code = ASK + (
        "from syncjobs.alerts import rules\n"
        "from syncjobs.models import AlertRule, DeliveryEndpoint\n"
        "with as_owner():\n"
        " endpoint = DeliveryEndpoint.objects.create(\n"
        "  user_id=user.pk, name='post', channel='email', address='owner@example.org')\n"
        " rule = AlertRule.objects.create(\n"
        "  user_id=user.pk, endpoint=endpoint, kind='large_payment', threshold=4000,\n"
        "  created_at='2024-01-01T00:00:00Z')\n"
        " alerts = [[alert.title, alert.data['amount']] for alert in rules.new_alerts(rule)]\n"
        'v1 = "/api/v1"\n'
        'rows = json.loads(ask(f"{v1}/graph/insights/roundness/")["text"])["results"]\n'
        "one = rows[0]['id']\n"
        "print(json.dumps({\n"
        ' "insights": rows, "alerts": alerts,\n'
        ' "stats": ask(f"{v1}/graph/stats/"),\n'
        ' "relationship": ask(f"{v1}/graph/relationships/{one}/"),\n'
        ' "has": ask(f"{v1}/graph/relationships/?has=roundness&min_roundness=0.7"),\n'
        ' "explain": ask(f"{v1}/graph/relationships/{one}/explain/"),\n'
        ' "admin": page("/admin/graph/roundamount/"),\n'
        ' "view": page(f"/admin/graph/enrichedrelationship/{one}/change/"),\n'
        ' "payment": own(f"/payments/{one}/"), "payments": own("/payments/"),\n'
        ' "relationships": ask(f"{v1}/graph/relationships/?document_ref=G1"),\n'
        ' "dot": ask(f"{v1}/graph/export/?format=dot"),\n'
        ' "syncs": ask(f"{v1}/syncs/?provider=notebox"),\n'
        ' "types": ask(f"{v1}/graph/relationship-types/"),\n'
        ' "schema": page("/api/schema/"),\n'
        "}))\n"
    )
    (project.folder / "ask.py").write_text(code)
    printed = project.run(".venv/bin/python ask.py", DJANGO_SETTINGS_MODULE="finley.settings")
    loaded: dict[str, Any] = json.loads(printed)
    return loaded


def content(answer: dict[str, Any]) -> Any:
    assert answer["status"] == 200, answer["text"]
    return json.loads(answer["text"])


def test_the_tenth_layer(answers: dict[str, Any]):
    (row,) = answers["insights"]
    assert (row["layer"], row["amount"]) == ("roundness", "5000.0000")
    assert row["insight"]["roundness"] == 0.75
    assert row["evidence"] == {"amount": 5000.0}
    assert content(answers["stats"])["layers"]["roundness"] == 1
    assert len(content(answers["stats"])["layers"]) == 10
    assert content(answers["relationship"])["layers"]["roundness"]["roundness"] == 0.75
    assert [row["amount"] for row in content(answers["has"])["results"]] == ["5000.0000"]
    explained = content(answers["explain"])
    assert "75% of the digits of its amount are trailing zeros." in explained["in_words"]
    assert explained["layers"]["roundness"]["evidence"] == {"amount": 5000.0}


def test_the_tenth_layer_in_the_admin(answers: dict[str, Any]):
    assert answers["admin"]["status"] == answers["view"]["status"] == 200
    assert "0.75" in answers["admin"]["text"]
    assert "Roundness" in answers["view"]["text"]


def test_the_tenth_layer_in_the_pages(answers: dict[str, Any]):
    assert answers["payment"]["status"] == answers["payments"]["status"] == 200
    assert "Roundness" in answers["payment"]["text"]
    assert "75% of the digits of its amount are trailing zeros." in answers["payment"]["text"]
    assert "roundness</option>" in answers["payments"]["text"]


def test_the_import_format(answers: dict[str, Any]):
    (grant,) = content(answers["relationships"])["results"]
    assert (grant["amount"], grant["currency"]) == ("1234.5000", "EUR")
    assert grant["occurred_at"] == "2024-02-03T00:00:00Z"


def test_the_export_format(answers: dict[str, Any]):
    assert answers["dot"]["status"] == 200
    text = answers["dot"]["text"]
    assert text.startswith("digraph finley {\n")
    assert text.endswith("}\n")
    assert '[label="Sailing Club"];' in text
    assert text.count(" -> ") >= 5


def test_the_provider(answers: dict[str, Any]):
    (run,) = content(answers["syncs"])["results"]
    assert (run["provider"], run["status"]) == ("notebox", "succeeded")
    assert run["progress"]["rows"] == 1
    assert "\n      - notebox\n" in answers["schema"]["text"]


def test_the_question(answers: dict[str, Any]):
    rows = content(answers["types"])["results"]
    payments = next(row for row in rows if row["relationship_type"] == "payment")
    assert payments == {"relationship_type": "payment", "edge_class": "flow", "relationships": 5}
    assert "\n  /api/v1/graph/relationship-types/:\n" in answers["schema"]["text"]


def test_the_alert(answers: dict[str, Any]):
    assert answers["alerts"] == [["Payment of 5000.00 GBP to Mill", "5000.0000"]]


def test_every_page_is_listed_and_says_where_its_code_goes():
    index = (PAGES / "index.md").read_text()
    pages = sorted(PAGES.glob("add-*.md"))
    assert pages
    for page in pages:
        assert f"({page.name})" in index
        assert list(steps(page.read_text())), page
