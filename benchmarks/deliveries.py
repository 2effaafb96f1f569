"""Delivers messages to webhooks whose receiver answers 500 or not at all, while workers are killed.

    python -m benchmarks.deliveries [--messages 10000] [--seed N] [--json]

In a fresh state folder, two workers deliver messages, and every few seconds one of them is killed
with SIGKILL while it delivers. The receiver answers some requests with 500, some later than a
worker waits, and the others with 204. Then the kills end and the receiver answers only 204.
Messages that wait for their next attempt are delivered, and dead letters are replayed. The
receiver's own record is compared with the messages that were accepted: `lost` ones were never
answered with 204 in time, and `unknown` requests have an id or a body that no accepted message has.
"""

import argparse
import json
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.core.management import call_command
from django.db import connections, transaction
from django.db.models.functions import Now

from benchmarks import isolated_servers
from graph.database.role import as_owner
from syncjobs.alerts import channels, endpoints, messages
from syncjobs.failures import replay
from syncjobs.models import OPERATORS, Delivery, DeliveryEndpoint, JobFailure
from syncjobs.models.choices import Channel, DeliveryState, FailureStatus

WORKERS = 2
ENDPOINTS = 8
AT_ONCE = 50  # messages that are accepted in one transaction
KILLED_EVERY = (8.0, 16.0)  # seconds
REFUSED, LATE = 0.25, 0.03  # of the requests: answered 500; answered too late
DELIVERY_TIMEOUT = 1.0  # seconds that a worker waits for an answer
DISTURBED = 0.9  # of the messages are delivered before the kills end
TIMEOUT = 300.0  # seconds without a delivered message before the run is given up
ENVIRONMENT = {
    "FINLEY_DELIVERY_BACKOFF": "0.5",
    "FINLEY_DELIVERY_TIMEOUT": str(DELIVERY_TIMEOUT),
    "FINLEY_DELIVERY_TRIES": "4",
    "FINLEY_LEASE": "3",
    "FINLEY_LOG_LEVEL": "WARNING",
    "FINLEY_WEBHOOK_NETWORKS": "127.0.0.0/8",
}


def main() -> None:
    options = _options()
    if not isolated_servers.inside():
        sys.exit(isolated_servers.again("benchmarks.deliveries", ENVIRONMENT))
    isolated_servers.stoppable()
    figures = measure(options.messages, random.Random(options.seed))
    figures["seed"] = options.seed
    print(json.dumps(figures) if options.json else _told(figures))
    if figures["lost"] or figures["unknown"]:
        sys.exit(f"Something was lost or made up: seed {options.seed}.")


@dataclass
class Receiver:
    """A receiver of webhooks. For each message it counts the requests, and how many of them it
    answered with 204."""

    chance: random.Random
    port: int = 0
    is_well: bool = False
    cut_short: int = 0  # requests without their end
    arrived: Counter[tuple[str, bytes]] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, key: str, body: bytes) -> str:
        """Record the request for the message `key`, and choose its answer at random: taken, refused
        or late."""
        with self.lock:
            drawn = 1.0 if self.is_well else self.chance.random()
            kind = "refused" if drawn < REFUSED else "late" if drawn < REFUSED + LATE else "taken"
            self.arrived[key, body] += 1
            self.answers[kind] += 1
            self.taken[key] += kind == "taken"
        return kind


@contextmanager
def receiving(chance: random.Random) -> Iterator[Receiver]:
    receiver = Receiver(chance)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            if len(body) < length:  # its worker was killed while it sent this
                receiver.cut_short += 1
                self.close_connection = True
                return
            kind = receiver.answer(str(self.headers["webhook-id"]), body)
            if kind == "late":
                time.sleep(2 * DELIVERY_TIMEOUT)
            self.send_response(500 if kind == "refused" else 204)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Log nothing, because the requests are counted."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Ignore that a killed worker, or one that did not wait for an answer, has hung up."""

    server = Server(("127.0.0.1", 0), Handler)
    receiver.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


def measure(count: int, chance: random.Random) -> dict[str, Any]:
    call_command("migrate", verbosity=0)
    over = threading.Event()
    with receiving(chance) as receiver:
        targets = _targets(receiver)
        workers = [isolated_servers.worker() for _ in range(WORKERS)]
        kills: list[int] = []
        killing = threading.Thread(target=_kill, args=(workers, kills, over, chance))
        killing.start()
        began = time.monotonic()
        try:
            accepted = _accepted(targets, count)
            _wait(lambda: _number(DeliveryState.DELIVERED) >= DISTURBED * count)
            waiting = _number(DeliveryState.WAITING)
            over.set()
            killing.join()
            receiver.is_well = True
            letters = _settled()
        finally:
            over.set()
            killing.join()
            for worker in workers:
                worker.kill()
                worker.wait()
        return {
            "kills": len(kills),
            "waiting_when_the_kills_ended": waiting,
            "dead_letters_replayed": letters,
            "seconds": round(time.monotonic() - began, 1),
            **_audited(receiver, accepted),
        }


def _targets(receiver: Receiver) -> list[DeliveryEndpoint]:
    address = f"http://127.0.0.1:{receiver.port}/hook"
    with as_owner():
        return [
            endpoints.create(OPERATORS, name=f"hook {n}", channel=Channel.WEBHOOK, address=address)[
                0
            ]
            for n in range(ENDPOINTS)
        ]


def _accepted(targets: list[DeliveryEndpoint], count: int) -> dict[str, bytes]:
    """Accept `count` messages to the targets, in transactions of AT_ONCE. Return the body of each
    message by its id."""
    bodies: dict[str, bytes] = {}
    for start in range(0, count, AT_ONCE):
        with as_owner(), transaction.atomic(using="owner"):
            for number in range(start, min(start + AT_ONCE, count)):
                target = targets[number % len(targets)]
                message = messages.deliver(target, "test", {"n": number}, title=f"Number {number}")
                assert message is not None
                bodies[channels.message_id(message)] = message.body.encode()
    return bodies


def _kill(
    workers: list[Any], kills: list[int], over: threading.Event, chance: random.Random
) -> None:
    """Kill a random worker with SIGKILL while it delivers, every few seconds until `over` is set.
    The worker's pid is added to `kills`, and a supervisor starts another worker."""
    try:
        while not over.wait(chance.uniform(*KILLED_EVERY)):
            at = chance.randrange(WORKERS)
            while not over.wait(0.05) and not _delivers(workers[at].pid):
                pass
            workers[at].send_signal(signal.SIGKILL)
            kills.append(workers[at].pid)
            workers[at].wait()
            workers[at] = isolated_servers.worker()
    finally:
        connections.close_all()


def _delivers(process: int) -> bool:
    leased = DeliveryEndpoint.objects.using("owner").filter(lease_until__gt=Now())
    return any(
        worker.split(":")[1] == str(process) for worker in leased.values_list("worker", flat=True)
    )


def _settled() -> int:
    """Wait until no message waits, and replay the dead letters until there are none. Return the
    number of replayed dead letters."""
    count = 0
    while True:
        _wait(lambda: not _number(DeliveryState.WAITING))
        with as_owner():
            rows = JobFailure.objects.filter(status=FailureStatus.OPEN)
            ids = list(rows.values_list("pk", flat=True)[:1_000])
            if not ids:
                return count
            count += len(replay.replay(ids, by=None).started)


def _number(state: DeliveryState) -> int:
    return Delivery.objects.using("owner").filter(state=state).count()


def _wait(done: Callable[[], bool]) -> None:
    """Wait until `done()` is true. Raises TimeoutError when no message has been delivered for
    TIMEOUT seconds."""
    delivered, since = -1, time.monotonic()
    while not done():
        if (now := _number(DeliveryState.DELIVERED)) != delivered:
            delivered, since = now, time.monotonic()
        if time.monotonic() > since + TIMEOUT:
            raise TimeoutError(f"Nothing was delivered for {TIMEOUT:g} s.")
        time.sleep(0.5)


def _audited(receiver: Receiver, accepted: dict[str, bytes]) -> dict[str, Any]:
    return {
        "accepted": len(accepted),
        "delivered": _number(DeliveryState.DELIVERED),
        "waiting": _number(DeliveryState.WAITING),
        "lost": sum(not receiver.taken[key] for key in accepted),
        "unknown": sum(accepted.get(key) != body for key, body in receiver.arrived),
        "requests": receiver.arrived.total(),
        "answered_500": receiver.answers["refused"],
        "cut_short": receiver.cut_short,
        "answered_late": receiver.answers["late"],
        "taken_twice_with_the_same_id": sum(times > 1 for times in receiver.taken.values()),
    }


def _told(figures: dict[str, Any]) -> str:
    return "\n".join(f"{name.replace('_', ' ')}: {value:,}" for name, value in figures.items())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.deliveries", description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000, help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="(random)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args()


if __name__ == "__main__":
    main()
