"""What a body may be: JSON, at most a mebibyte. A real server refuses larger ones unread."""

import json
import os
import socket
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from django.core.handlers.asgi import ASGIRequest
from rest_framework.request import Request

from finley.models import ApiToken
from graph.database.role import as_owner
from syncjobs.api.bodies import TooLarge, raw
from tests.problems import wrong
from tests.syncjobs.api.shapes import V1, as_published

SYNCS = f"{V1}syncs/"
MEBI = 1_048_576
SAYS = "The body is too large. The maximum is 1,048,576 bytes."


@pytest.fixture
def token(tenant) -> str:
    with as_owner():
        return ApiToken.objects.create(tenant, name="test")[1]


@pytest.mark.parametrize(
    "raw",
    [b"{", b"connection=1", b"\xff\xfe", b'{"a": NaN}', b'{"a": Infinity}', b"[" * 100_000,
     b'{"connection": "\\ud800"}', b'{"\\udfff": 1}', b"1" * 5000, b"\xef\xbb\xbf{}"],
    ids=lambda raw: ascii(raw[:20]),
)  # fmt: skip
def test_what_is_not_json_is_said(api, raw):
    answer = api.generic("POST", SYNCS, raw, "application/json")
    assert answer.status_code == 400
    assert wrong(answer) == {}
    assert "not JSON" in answer.json()["detail"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "x", ""])
def test_what_is_not_said_to_be_json_is_not_taken(api, kind):
    answer = api.generic("POST", SYNCS, b"{}", kind)
    as_published(answer, "syncs/", "post", 415)


def test_a_body_at_the_bound_is_read_and_one_above_it_is_not(api):
    for size, status in ((MEBI, 400), (MEBI + 1, 413)):
        raw = b'{"connection": "' + b"x" * (size - 18) + b'"}'
        assert len(raw) == size
        answer = api.generic("POST", SYNCS, raw, "application/json")
        assert answer.status_code == status
    assert as_published(answer, "syncs/", "post", 413)["detail"] == SAYS


@pytest.mark.parametrize(("size", "read"), [(MEBI, MEBI), (MEBI + 1, None), (9 * MEBI, None)])
def test_a_body_of_no_stated_length_is_read_to_the_bound(size, read):
    stream = BytesIO(b" " * size)
    request = Request(ASGIRequest({"method": "POST", "path": "/", "headers": []}, stream))
    if read is None:
        with pytest.raises(TooLarge):
            raw(request)
        assert stream.tell() == MEBI + 1
    else:
        assert len(raw(request)) == read


@pytest.mark.parametrize("path", ["webhooks/nango/", "syncs/", "connections/"])
def test_every_body_has_the_bound(api, path):
    answer = api.generic("POST", V1 + path, b" " * (MEBI + 1), "application/json")
    assert answer.status_code == 413


# By uvicorn


def head(token: str, *lines: str, path: str = SYNCS) -> bytes:
    return "\r\n".join(
        (
            f"POST {path} HTTP/1.1",
            "Host: localhost",
            f"Authorization: Bearer {token}",
            "Content-Type: application/json",
            *lines,
            "",
            "",
        )
    ).encode()


def dialled(server) -> socket.socket:
    host, port = server.address.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def answered(line: socket.socket) -> tuple[int, dict, bytes]:
    """The status, the body, and what came after it."""
    with line.makefile("rb") as stream:
        status = int(stream.readline().split()[1])
        length = 0
        while (header := stream.readline().strip()) != b"":
            name, _, text = header.partition(b":")
            if name.lower() == b"content-length":
                length = int(text)
        return status, json.loads(stream.read(length)), stream.read()


def test_fifty_megabytes_that_are_announced_are_not_waited_for(server, token):
    with dialled(server) as line:
        line.sendall(head(token, f"Content-Length: {50 * MEBI}"))
        status, body, rest = answered(line)
        assert (status, body["detail"], rest) == (413, SAYS, b"")  # and the connection is closed


def test_fifty_megabytes_that_are_not_announced_are_cut_off(server, token):
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    size = 0
    with dialled(server) as line:
        line.sendall(head(token, "Transfer-Encoding: chunked"))
        try:
            for _ in range(50 * MEBI // 0x10000):
                line.sendall(chunk)
                size += 0x10000
        except OSError:
            pass  # it does not listen any more
        assert size < 20 * MEBI
        status, body, _ = answered(line)
    assert (status, body["detail"]) == (413, SAYS)


def peak_kilobytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


@pytest.fixture
def zeros(tmp_path) -> Path:
    """A file of fifty mebibytes that takes no room."""
    path = tmp_path / "zeros"
    path.touch()
    os.truncate(path, 50 * MEBI)
    return path


def uploads(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(0x10000):
            yield chunk


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc")
@pytest.mark.parametrize("announced", [True, False])
def test_fifty_megabytes_do_not_pass_through_memory(server, token, zeros, announced):
    with httpx.Client(base_url=server.address, trust_env=False, timeout=30) as client:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        assert client.get(SYNCS, headers=headers).status_code == 200
        before = peak_kilobytes(server.pid)
        length = {"Content-Length": str(50 * MEBI)} if announced else {}
        answer = client.post(SYNCS, headers=headers | length, content=uploads(zeros))
        assert (answer.status_code, answer.json()["detail"]) == (413, SAYS)
        assert peak_kilobytes(server.pid) - before < 20 * 1024
        assert client.get(SYNCS, headers=headers).status_code == 200
