"""`make demo` as a person runs it: a process of its own, an empty state folder, real HTTP."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import httpx
import pytest

from finley.demo import steps
from graph.layers import LAYERS
from syncjobs.models import ExternalItem, SyncConnection
from tests import child_process
from tests.finley import tour
from tests.graph.rows import add
from tests.syncjobs.run_rows import connection

MANAGE = Path(__file__).resolve().parents[2] / "manage.py"
TIMEOUT_SECONDS = 60


@pytest.fixture(scope="module")
def state(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("state")


UNTIL = "2025-12-31"  # the tour's books: what it prints is the same on every day


def environment(state: Path) -> dict[str, str]:
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE_", "REDIS_"))}
    return {**plain, "FINLEY_STATE": str(state), "PYTHONUNBUFFERED": "1"}


def demo(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return child_process.run(MANAGE, "demo", "--no-serve", *arguments, env=environment(state))


def test_what_was_synced_beside_other_books_is_synced_again(tenant, other_tenant, tmp_path):
    """A sync takes what it knows for stored: the forecast was another on a second day."""
    kept = [
        add(ExternalItem, user_id=row.user_id, connection=row, external_id="m1", kind="message")
        for row in (connection(user.id, cursor={"at": 7}) for user in (tenant, other_tenant))
    ]
    for _ in range(2):
        steps.forget_other_days(tenant.id, tmp_path, 7, date(2026, 11, 28))
    assert list(ExternalItem.objects.using("owner").all()) == kept[1:]
    cursors = SyncConnection.objects.using("owner").values_list("user_id", "cursor")
    assert dict(cursors) == {tenant.id: None, other_tenant.id: {"at": 7}}


class Serving:
    """A demo that serves, and what it printed."""

    def __init__(self, state: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(MANAGE), "demo", "--port", "0", *arguments],
            env=environment(state),
            stdout=subprocess.PIPE,
            text=True,
        )
        self.printed = self._until("Serving until Ctrl-C.")
        self.url = self._find(r"docs +(http://127\.0\.0\.1:\d+)/")
        self.token = self._find(r"token +(\S+)")

    def _until(self, last: str) -> str:
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if line.startswith(last):
                return "".join(lines)
        raise AssertionError(f"it ended: {''.join(lines)}")

    def _find(self, pattern: str) -> str:
        return re.search(pattern, self.printed).group(1)

    def get(self, path: str, **headers: str) -> httpx.Response:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while True:
            try:
                return httpx.get(self.url + path, headers=headers, timeout=TIMEOUT_SECONDS)
            except httpx.ConnectError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


@contextmanager
def served(state: Path, *arguments: str) -> Iterator[Serving]:
    running = Serving(state, *arguments)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
        running.process.wait()
        running.process.stdout.close()


@pytest.fixture(scope="module")
def serving(state: Path) -> Iterator[Serving]:
    """One server for the tests that ask it; the last one of them ends it."""
    with served(state, "--until", UNTIL) as running:
        yield running


def pids(state: Path) -> set[int]:
    """The guardian and its servers, as the state folder knows them."""
    process = subprocess.run(
        [sys.executable, "-m", "finley.embedded", "status", "--json", "--state", str(state)],
        env=environment(state),
        cwd=MANAGE.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    status = json.loads(process.stdout)
    return {status[name] for name in ("guardian", "postgres", "valkey") if status.get(name)}


def all_gone(processes: set[int]) -> bool:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if not any(Path(f"/proc/{pid}").exists() for pid in processes):
            return True
        time.sleep(0.05)
    return False


def test_says_what_it_found(serving: Serving):
    printed = serving.printed
    for layer in LAYERS:
        count = re.search(rf"^ +{layer.name} +([\d,]+|none)$", printed, re.MULTILINE)
        assert count, layer.name
        # one imports once: nothing has changed yet, and two years are few for a season
        assert (count[1] != "none") or layer.name in ("change", "seasonal")
    assert re.search(r"What came in and went out\?\n(?: .*\n)* +GBP .* in, .* out", printed)
    assert re.search(r"What was paid twice\?\n +\d+ cases, .* at risk\n.* to .*% sure\)", printed)
    assert re.search(r"Why did this payment come\?\n .*It began with .*", printed)
    assert "What is overdue?" in printed
    assert re.search(r"[\d,]+ entities, [\d,]+ relationships, .* in 2 queries", printed)
    assert re.search(r"communities, modularity 0\.\d\d", printed)
    vendors = re.findall(r"^ +\d+\. (\S.*?) +0\.\d{4}$", printed, re.MULTILINE)
    assert len(vendors) == 10
    # of parallel edges any may be taken, refunds too: they are told apart by their ids alone
    path = re.search(r"^  A path\n +(.+)$", printed, re.MULTILINE)
    assert path
    first, *_, last = re.split(r" (?:—[a-z_]+→|←[a-z_]+—) ", path[1])
    assert first == vendors[0]
    assert last in vendors[1:]
    assert re.search(r"^ +Gmail +succeeded: 14 items, \d+ events$", printed, re.MULTILINE)
    assert re.search(r"^ +Dropbox +failed for good: .*Connect Dropbox again", printed, re.MULTILINE)
    assert re.search(r"A mail as an edge\n +the mail '.+' names .+ as row .+", printed)


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="no curl, no bash")
def test_the_tour_is_true(serving: Serving, state: Path, tmp_path: Path):
    assert serving.get("/readyz").status_code == 200
    variables = {**environment(state), "TOKEN": serving.token, "TMPDIR": str(tmp_path)}
    page = tour.PAGE.read_text()
    new_page = tour.filled(page, tour.run(page, variables, serving.url.rpartition(":")[2]))
    if os.environ.get("TOUR") == "write":
        tour.PAGE.write_text(new_page)
        return
    assert tour.alike(new_page) == tour.alike(page)


def test_serves_api_docs_and_admin_until_ctrl_c(serving: Serving, state: Path):
    stats = serving.get("/api/v1/graph/stats/", Authorization=f"Bearer {serving.token}")
    assert stats.status_code == 200
    assert stats.json()["edges"] > 3000
    assert serving.get("/api/v1/graph/stats/").status_code == 401
    assert serving.get("/api/docs/").status_code == 200
    login = serving.get("/admin/login/")
    assert login.status_code == 200
    style = re.search(r'href="(/static/unfold/css/styles[^"]*)"', login.text).group(1)
    assert serving.get(style).status_code == 200
    servers = pids(state)
    assert len(servers) == 3
    serving.process.send_signal(signal.SIGINT)
    assert serving.process.wait(TIMEOUT_SECONDS) in (0, 130, -signal.SIGINT)
    assert all_gone(servers)


def test_today_s_books_have_payments_due_and_nothing_survives_kill_9(state: Path):
    with served(state) as serving:
        assert re.search(
            r"What is due next\?\n +\d+ payments, .*\n .*most likely on 20", serving.printed
        )
        servers = pids(state)
        assert len(servers) == 3
        serving.process.kill()
        serving.process.wait(TIMEOUT_SECONDS)
        assert all_gone(servers)


def test_other_books_are_another_tenants(state: Path, tmp_path: Path):
    books = tmp_path / "bakery"
    books.mkdir()
    (books / "spend.csv").write_text(
        "Transaction number,Date,Supplier,Department,Amount\n"
        + "".join(f"T{n},2024-01-{n:02},Mill {n % 3},Kitchen,{n}.50\n" for n in range(1, 29))
    )
    process = demo(state, "--data", str(books))
    assert process.returncode == 0, process.stderr
    assert "bakery@finley.example" in process.stdout
    assert "4 entities, 28 relationships" in process.stdout
    refused = demo(state, "--data", str(tmp_path / "nowhere"))
    assert refused.returncode == 1
    assert "nowhere" in refused.stderr
