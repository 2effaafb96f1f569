"""The sandbox as a server: its control endpoint, its command, and what it does to a connection."""

import json
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from syncjobs.sandbox.nango_proxy import PROVIDERS
from syncjobs.sandbox.server import Sandbox

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def box():
    with Sandbox(seed=7) as sandbox:
        yield sandbox


def request_to(box: Sandbox, path: str, connection: str = "gmail-demo", **more) -> httpx.Response:
    headers = {
        "Authorization": f"Bearer {box.secret}",
        "Connection-Id": connection,
        "Provider-Config-Key": connection.partition("-")[0],
    }
    return httpx.get(f"{box.url}/{path}", headers=headers, timeout=2, trust_env=False, **more)


def test_the_same_seed_gives_the_same_accounts(box):
    with Sandbox(seed=7) as same, Sandbox(seed=8) as other:
        for provider in PROVIDERS:
            assert box.truth(f"{provider}-demo") == same.truth(f"{provider}-demo")
            assert box.truth(f"{provider}-demo") != other.truth(f"{provider}-demo")


def test_a_script_counts_the_requests_of_its_connection(box):
    script = [{"do": "429", "at": 2, "times": 2, "retry_after": 5}, {"do": "500", "on": "history"}]
    box.control("gmail-a", provider="gmail", script=script)
    profile = "proxy/gmail/v1/users/me/profile"
    history = "proxy/gmail/v1/users/me/history?startHistoryId=1000"
    answers = [request_to(box, profile, "gmail-a") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 429, 429, 200]
    assert answers[1].headers["retry-after"] == "5"
    assert request_to(box, history, "gmail-a").status_code == 500
    assert request_to(box, history, "gmail-a").status_code == 200
    assert box.control("gmail-a")["requests"] == 6
    assert box.control("gmail-a")["behaved"] > 0


def test_a_stall_is_silence_in_mid_body(box):
    box.control("gmail-b", provider="gmail", script=[{"do": "stall"}])
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(
            f"{box.url}/proxy/gmail/v1/users/me/profile",
            headers={
                "Authorization": f"Bearer {box.secret}",
                "Connection-Id": "gmail-b",
                "Provider-Config-Key": "gmail",
            },
            timeout=0.3,
            trust_env=False,
        )


def test_a_reset_is_one(box):
    box.control("gmail-c", provider="gmail", script=[{"do": "reset_mid_body"}])
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        request_to(box, "proxy/gmail/v1/users/me/profile", "gmail-c")


def test_what_is_put_is_there_and_what_is_deleted_is_not(box):
    box.control("dropbox-d", provider="dropbox", size=0)
    things = [{"name": "A.csv", "folder": "In", "text": "1"}, {"name": "b.csv", "base64": "Mg=="}]
    box.control("dropbox-d", put=things)
    assert sum(key == "/in/a.csv" for key in box.truth("dropbox-d")) == 1
    box.control("dropbox-d", put=[{"name": "a.CSV", "folder": "IN", "text": "3"}])
    assert len(box.truth("dropbox-d")) == 2
    box.control("dropbox-d", delete=5)
    assert box.truth("dropbox-d") == {}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"provider": "icloud"},
        {"provider": "gmail", "script": [{"do": "explode"}]},
        {"provider": "gmail", "script": [{"do": "429", "when": 3}]},
        {"provider": "gmail", "state": "asleep"},
        {"provider": "gmail", "size": "many"},
        {"provider": "gmail", "tags": 7},
    ],
    ids=str,
)
def test_what_it_does_not_understand_it_refuses(box, given):
    with pytest.raises(httpx.HTTPStatusError) as raised:
        box.control("new", reset=True, **given)
    assert raised.value.response.status_code == 400


def test_unknown_places_are_not_found(box):
    for path in ("", "sandbox/connections/nobody", "sandbox/else", "proxy", "connections/nobody"):
        assert request_to(box, path).status_code == 404
    for provider in PROVIDERS:
        answer = request_to(box, "proxy/2/nowhere", f"{provider}-demo")
        assert answer.status_code in {400, 404, 409}


def test_a_mistake_of_the_sandbox_shows_as_one(box, monkeypatch):
    monkeypatch.setattr(box.world, "answer", lambda request: 1 / 0)
    answer = request_to(box, "sandbox/connections")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "sandbox_broke"


def test_what_is_not_http_does_no_harm(box):
    host, port = box.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=2) as line:
        line.sendall(b"\x00\x01 nonsense\r\n\r\n")
        assert line.recv(100) == b""
    assert request_to(box, "sandbox/connections").status_code == 200


def test_many_at_once(box):
    codes: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: codes.append(request_to(box, "connections/gmail-demo").status_code)
        )
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [200] * 20


def test_a_taken_port_is_said(box):
    port = int(box.url.rsplit(":", 1)[1])
    with pytest.raises(OSError, match=f":{port}"), Sandbox(port=port):
        pass


def test_the_command_serves_until_it_is_told_to_stop(tmp_path):
    connections = tmp_path / "connections.json"
    values = {"mail": {"provider": "gmail", "size": 3, "script": [{"do": "401", "times": None}]}}
    connections.write_text(json.dumps(values))
    command = [sys.executable, "manage.py", "sandbox", "--seed", "7", "--json"]
    command += ["--connections", str(connections)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        output = json.loads(process.stdout.readline())
        assert output["connections"]["mail"] == "gmail"
        answer = httpx.get(
            f"{output['url']}/proxy/gmail/v1/users/me/profile",
            headers={
                "Authorization": f"Bearer {output['secret_key']}",
                "Connection-Id": "mail",
                "Provider-Config-Key": "gmail",
            },
            trust_env=False,
        )
        assert answer.status_code == 401
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
