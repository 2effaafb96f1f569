"""Clients that send slowly, read slowly or not at all, over real sockets: nobody else waits."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import httpx
import pytest
import uvicorn
from django.conf import settings
from django.db import connections, transaction

from finley.models import ApiToken, User
from finley.server import uvicorn as served
from graph.database.role import as_owner
from graph.http.scopes import READ
from graph.view import refresh
from tests.graph import rows
from tests.graph.api.conftest import Server, serving
from tests.syncjobs.workers import until

QUICK = {"FINLEY_SLOW_HEAD": "1", "FINLEY_SLOW_BODY": "1", "FINLEY_SLOW_READ": "1"}
PATIENT = {"FINLEY_SLOW_READ": "60"}
SYNCS = "/api/v1/syncs/"
LARGE = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"
ENTITIES = "/api/v1/graph/entities/?limit=100"


@pytest.fixture(scope="module")
def quick(django_db_setup) -> Iterator[Server]:
    with serving(**QUICK) as server:
        until_it_answers(server)
        yield server


def token_of(user: User) -> str:
    with as_owner():
        return str(ApiToken.objects.create(user, name="test", scopes=[READ])[1])


@pytest.fixture
def token(tenant: User) -> str:
    return token_of(tenant)


def until_it_answers(server: Server) -> None:
    assert httpx.get(f"{server.address}/healthz", timeout=60).status_code == 200


def dialled(server: Server, receive: int = 0) -> socket.socket:
    """A connection; with a small buffer for what is received, if one is given."""
    host, port = server.address.removeprefix("http://").split(":")
    line = socket.socket()
    if receive:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    line.settimeout(30)
    line.connect((host, int(port)))
    return line


def head(path: str, *lines: str, method: str = "GET", token: str = "") -> bytes:
    authorization = (f"Authorization: Bearer {token}",) if token else ()
    first = (f"{method} {path} HTTP/1.1", "Host: localhost")
    return "\r\n".join((*first, *authorization, *lines, "", "")).encode()


def rest(line: socket.socket) -> bytes:
    """All that comes until the server hangs up."""
    result = b""
    try:
        while piece := line.recv(65536):
            result += piece
    except ConnectionResetError:
        pass
    return result


def dripped(line: socket.socket, data: bytes, pause: float = 0.1) -> float:
    """Seconds until the server would have no more of it."""
    start = time.monotonic()
    line.settimeout(pause)
    for place in range(len(data)):
        try:
            line.sendall(data[place : place + 1])
            if line.recv(65536, socket.MSG_PEEK) is not None:  # an answer, or the end
                break
        except TimeoutError:
            continue
        except OSError:
            break
    line.settimeout(30)
    return time.monotonic() - start


def too_slow(answer: bytes) -> None:
    """It is a 408, and a problem."""
    top, _, body = answer.partition(b"\r\n\r\n")
    assert top.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in top
    document = json.loads(body)
    assert document["status"] == 408
    assert document["detail"] == "The request did not arrive within 1 seconds."


def test_an_answers_body_does_not_wait_for_its_head_to_be_acknowledged():
    """Over a socket that was there before the server, as with --fd and --workers."""

    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})

    server = uvicorn.Server(uvicorn.Config(application, **served.options() | {"lifespan": "off"}))
    with socket.create_server(("127.0.0.1", 0)) as listening, httpx.Client() as client:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            client.get("http://{}:{}/".format(*listening.getsockname()))
            (connection,) = server.server_state.connections
            line = connection.transport.get_extra_info("socket")
            assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        finally:
            server.should_exit = True
            thread.join()


def test_a_client_that_says_nothing_is_left(quick):
    with dialled(quick) as line:
        start = time.monotonic()
        assert rest(line) == b""
        assert 0.8 < time.monotonic() - start < 5


def test_a_head_that_drips_is_not_waited_for(quick):
    with dialled(quick) as line:
        seconds = dripped(line, head(LARGE, *(f"X-{n}: {'x' * 50}" for n in range(50))))
        assert 0.8 < seconds < 5
        too_slow(rest(line))


def test_a_body_that_drips_is_not_waited_for(quick, token):
    lines = ("Content-Type: application/json", "Content-Length: 900")
    with dialled(quick) as line:
        line.sendall(head(SYNCS, *lines, method="POST", token=token))
        seconds = dripped(line, b"{" + b" " * 899)
        assert 0.8 < seconds < 5
        too_slow(rest(line))


def test_a_body_that_stops_is_not_waited_for(quick, token):
    lines = ("Content-Type: application/json", "Transfer-Encoding: chunked")
    with dialled(quick) as line:
        line.sendall(head(SYNCS, *lines, method="POST", token=token) + b"5\r\n{    \r\n")
        too_slow(rest(line))


def test_a_body_that_comes_in_time_is_taken(quick, token):
    lines = ("Content-Type: application/json", "Content-Length: 5", "Connection: close")
    with dialled(quick) as line:
        line.sendall(head(SYNCS, *lines, method="POST", token=token))
        dripped(line, b"{   }")
        assert rest(line).startswith(b"HTTP/1.1 403 ")  # the token's scope


def test_a_connection_that_is_used_lasts(quick):
    with dialled(quick) as line:
        for _ in range(8):  # twice as long as a head may take
            line.sendall(head("/healthz"))
            result = b""
            while not result.endswith(b'"alive"}'):
                result += line.recv(65536)
            time.sleep(0.3)
        assert dripped(line, head("/healthz", f"X-Long: {'x' * 200}")) < 5
        too_slow(rest(line))


def stalled(server: Server, asked: bytes, times: int) -> socket.socket:
    """A client that asks again and again and reads nothing."""
    line = dialled(server, receive=4096)
    line.settimeout(1)
    with suppress(TimeoutError):  # its own requests do not fit any more
        line.sendall(asked * times)
    line.settimeout(30)
    return line


def test_a_reader_that_does_not_read_is_left(quick):
    """Sixty times over a megabyte are more than the system's buffers hold."""
    size = len(httpx.get(f"{quick.address}{LARGE}", timeout=60).content)
    with stalled(quick, head(LARGE), 60) as line:
        time.sleep(4)
        assert len(rest(line)) < 60 * size


def test_a_reader_that_reads_gets_all_of_it(quick):
    size = len(httpx.get(f"{quick.address}{LARGE}", timeout=60).content)
    with dialled(quick, receive=32_768) as line:
        line.sendall(head(LARGE) * 3 + head(LARGE, "Connection: close"))
        assert len(rest(line)) > 4 * size


def test_many_slow_clients_hold_nobody_up(quick, token):
    post = head(SYNCS, "Content-Type: application/json", "Content-Length: 9", method="POST")
    with ExitStack() as lines:
        for _ in range(150):
            lines.enter_context(dialled(quick)).sendall(b"GET / HT")
            lines.enter_context(dialled(quick)).sendall(post)
        start = time.monotonic()
        for _ in range(5):
            answer = httpx.get(
                f"{quick.address}{ENTITIES}",
                headers={"Authorization": f"Bearer {token}"},
                timeout=20,
            )
            assert answer.status_code == 200
        assert time.monotonic() - start < 10


def test_slow_readers_keep_no_connection_of_the_pool(tenant, token):
    """More of them than the pool has connections, while nobody gives up on them yet."""
    for n in range(100):
        rows.entity(tenant.id, f"{n} {'long name ' * 100}")
    refresh.refresh()
    headers = {"Authorization": f"Bearer {token}"}
    with serving(DATABASE_POOL_SIZE="2", DATABASE_POOL_TIMEOUT="3", **PATIENT) as server:
        url = f"{server.address}{ENTITIES}"
        size = len(httpx.get(url, headers=headers, timeout=60).content)
        times = 16 * 2**20 // size
        with ExitStack() as lines:
            for _ in range(4):
                lines.enter_context(stalled(server, head(ENTITIES, token=token), times))
            time.sleep(5)  # until all of them stand still
            for _ in range(4):
                assert httpx.get(url, headers=headers, timeout=20).status_code == 200


def test_a_process_has_so_many_clients_at_most():
    with serving(FINLEY_CONNECTIONS="5", FINLEY_SLOW_HEAD="60") as server:
        until_it_answers(server)
        time.sleep(0.5)
        with ExitStack() as lines:
            open_lines = [lines.enter_context(dialled(server)) for _ in range(5)]
            time.sleep(0.5)
            with dialled(server) as line:
                line.sendall(head(ENTITIES))
                assert rest(line).startswith(b"HTTP/1.1 503 ")
            with dialled(server) as line:  # a further connection is for probes
                line.sendall(head("/healthz", "Connection: close"))
                assert rest(line).startswith(b"HTTP/1.1 200 ")
            open_lines[0].close()
            time.sleep(0.5)
            until_it_answers(server)


@contextmanager
def locked(table: str) -> Iterator[None]:
    """Nobody reads the table."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


def test_one_token_does_not_take_all_places(tenant, other_tenant, token):
    refresh.refresh()
    mine = {"Authorization": f"Bearer {token}"}
    other = {"Authorization": f"Bearer {token_of(other_tenant)}"}
    with serving(FINLEY_REQUESTS_AT_ONCE="4", FINLEY_ANSWERS_MEMORY_MB="0") as server:
        until_it_answers(server)
        with locked("normalized_entities"), ExitStack() as lines:
            for _ in range(2):
                line = lines.enter_context(dialled(server))
                line.sendall(head(ENTITIES, token=token))
            time.sleep(1)
            url = f"{server.address}{SYNCS}"
            assert httpx.get(url, headers=mine, timeout=10).status_code == 503
            assert httpx.get(url, headers=other, timeout=10).status_code == 200


def test_above_so_many_requests_at_once_there_is_an_answer_at_once(tenant, token):
    refresh.refresh()
    headers = {"Authorization": f"Bearer {token}"}
    first: list[int] = []
    with serving(FINLEY_REQUESTS_AT_ONCE="1", FINLEY_ANSWERS_MEMORY_MB="0") as server:
        url = f"{server.address}{ENTITIES}"
        assert httpx.get(url, headers=headers, timeout=60).status_code == 200

        def ask() -> None:
            first.append(httpx.get(url, headers=headers, timeout=60).status_code)

        with locked("normalized_entities"):
            waiting = threading.Thread(target=ask)
            waiting.start()
            time.sleep(1)
            refused = httpx.get(url, headers=headers, timeout=10)
            assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
            assert refused.headers["Content-Type"] == "application/problem+json"
            assert "moment" in refused.json()["detail"]
        waiting.join(30)
        assert first == [200]
        assert httpx.get(url, headers=headers, timeout=20).status_code == 200


def test_one_token_does_not_hold_all_threads(tenant, other_tenant, token):
    refresh.refresh()
    other = {"Authorization": f"Bearer {token_of(other_tenant)}"}
    statuses: list[int] = []
    with serving(FINLEY_THREADS="2", FINLEY_ANSWERS_MEMORY_MB="0") as server:
        until_it_answers(server)

        def ask() -> None:
            headers = {"Authorization": f"Bearer {token}"}
            response = httpx.get(f"{server.address}{ENTITIES}", headers=headers, timeout=60)
            statuses.append(response.status_code)

        with locked("normalized_entities"):
            waiting = [threading.Thread(target=ask) for _ in range(4)]
            for item in waiting:
                item.start()
            time.sleep(1)
            free = httpx.get(f"{server.address}{SYNCS}", headers=other, timeout=10)
            assert free.status_code == 200
            assert statuses == []
        for item in waiting:
            item.join(30)
        assert statuses == [200] * 4


def test_what_watches_the_process_is_answered_when_all_threads_are_held(tenant, token):
    refresh.refresh()
    with serving(FINLEY_THREADS="1", FINLEY_ANSWERS_MEMORY_MB="0") as server:
        until_it_answers(server)
        with locked("normalized_entities"), dialled(server) as line:
            line.sendall(head(ENTITIES, token=token))
            time.sleep(1)
            for path in ("/healthz", "/metrics"):
                assert httpx.get(f"{server.address}{path}", timeout=5).status_code == 200


def test_who_has_left_before_its_turn_is_not_answered(tenant, token):
    refresh.refresh()
    with serving(FINLEY_THREADS="1", FINLEY_ANSWERS_MEMORY_MB="0") as server:
        until_it_answers(server)
        before = asked_so_far(server)
        with locked("normalized_entities"):
            for _ in range(3):
                with dialled(server) as line:
                    line.sendall(head(ENTITIES, token=token))
                    time.sleep(0.5)
        headers = {"Authorization": f"Bearer {token}"}
        assert (
            httpx.get(f"{server.address}{ENTITIES}", headers=headers, timeout=60).status_code == 200
        )
        assert asked_so_far(server) - before == 2, "the first had begun, and this one"


def asked_so_far(server: Server) -> int:
    """Questions for entities that the process has worked on."""
    report = httpx.get(f"{server.address}/metrics", timeout=20).text
    of_entities = 'finley_request_seconds_count{method="GET",route="api/v1/graph/entities/"'
    lines = [line for line in report.splitlines() if line.startswith(of_entities)]
    return round(sum(float(line.rpartition(" ")[2]) for line in lines))


def test_the_command_serves_so():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--port", str(port), "--log-level", "warning"],
        cwd=settings.BASE_DIR,
        env={**os.environ, **QUICK},
    )
    try:
        server = Server(f"http://127.0.0.1:{port}", process.pid)
        until(lambda: alive(server), 60)
        with dialled(server) as line:
            dripped(line, head("/healthz", f"X-Long: {'x' * 200}"))
            too_slow(rest(line))
    finally:
        process.terminate()
        assert process.wait(30) == -signal.SIGTERM  # as uvicorn ends, after all else


def alive(server: Server) -> bool:
    try:
        return httpx.get(f"{server.address}/healthz", timeout=20).status_code == 200
    except httpx.TransportError:
        return False
