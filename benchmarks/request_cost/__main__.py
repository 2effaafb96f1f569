"""Compares the processor time of a request: finley's questions and bare Django views on the same
rows.

A database of its own has the books of one tenant. One server process answers finley's questions and
the bare views (benchmarks.request_cost.bare_views), requested in turn. A second one answers
finley's questions from its stored answers. A figure is the processor time of the server's threads
and of PostgreSQL's backends for one request, the median of the rounds.

`ours_over_drf` is the time for the mix of questions (benchmarks.load.MIX), computed, divided by
that of the REST framework's answers of the same size: one row for questions about one thing, 20
rows for the others. `kept_over_django` is the time for the mix of stored answers divided by that of
one SELECT with JsonResponse. `database_over_bare` is PostgreSQL's part of the first ratio, and
`dearest_over_list` the most expensive question divided by the list of 20 relationships.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from uuid import UUID

from django.db import connections

from benchmarks import dataset, isolated_servers
from benchmarks.load import MIX
from benchmarks.request_cost.processor_time import Cost, measured_of
from benchmarks.serving import Server, database, served
from finley.models import ApiToken, User
from graph.database.role import as_owner

TENANT = UUID(int=0xC057)
EDGES, ENTITIES = 2_000, 200
LIST = "relationships/?limit=20&party={entity}"
OF_ONE = {"stats/", "entities/{entity}/"}  # with those of one relationship
ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "benchmarks.request_cost.bare_settings",
    "FINLEY_LOG_LEVEL": "ERROR",
    "FINLEY_REQUESTS_PER_MINUTE": "0",
}
SERVER = ("-m", "benchmarks.request_cost.serve")


@dataclass(frozen=True, slots=True)
class Way:
    """One way to answer one question: the URL paths to request in turn, and the headers to send."""

    paths: tuple[str, ...]
    headers: dict[str, str]


def main() -> None:
    options = _options()
    if not isolated_servers.inside():
        sys.exit(isolated_servers.again("benchmarks.request_cost", {}))
    isolated_servers.stoppable()
    with dataset.database("finley_request_cost"):
        dataset.fill(TENANT, EDGES, ENTITIES, options.seed)
        figures = run(_token(), options)
    print(json.dumps(figures) if options.json else _report(figures))


def run(token: str, options: argparse.Namespace) -> dict[str, Any]:
    computed, stored = _ways(token, options.requests)
    with _server("0") as first, _server("32") as second:
        costs = _medians(first, computed, options)
        kept = _medians(second, stored, options)
    return _figures(costs, kept)


def _ways(token: str, count: int) -> tuple[dict[str, Way], dict[str, Way]]:
    """The ways to measure, by name ("ours QUESTION", "drf one", "django many" …): those of the
    server that computes answers, and those of the server that stores them."""
    headers = {"Authorization": f"Bearer {token}"}
    ids = {kind: _ids(kind) for kind in ("normalized_entities", "relationship_instances")}
    entities, rows = ids.values()
    computed = {
        f"ours {question}": Way(
            tuple(
                "/api/v1/graph/"
                + question.format(
                    name=f"party%20{number % ENTITIES}",
                    entity=entities[number % len(entities)],
                    other=entities[(number + 7) % len(entities)],
                    relationship=rows[number % len(rows)],
                )
                for number in range(count)
            ),
            headers,
        )
        for question in MIX
    }
    stored = {name: Way(way.paths[:1] * count, headers) for name, way in computed.items()}
    for kind in ("drf", "django"):
        place = f"/bare/{kind}/relationship/{TENANT}/"
        one = tuple(f"{place}{rows[number % len(rows)]}/" for number in range(count))
        bare = {f"{kind} one": Way(one, {}), f"{kind} many": Way((place,) * count, {})}
        computed |= bare
        if kind == "django":
            stored |= bare
    return computed, stored


def _medians(server: Server, ways: dict[str, Way], options: argparse.Namespace) -> dict[str, Cost]:
    """Request the ways in turn, after one round that is not counted. Return the median cost of a
    request by way."""
    [pid] = server.pids
    costs: dict[str, list[Cost]] = {name: [] for name in ways}
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    for number in range(options.rounds + 1):
        for name, way in ways.items():
            with measured_of(pid) as cost:
                for path in way.paths:
                    _ask(connection, path, way.headers)
            if number:
                costs[name].append(cost.each(len(way.paths)))
        print(f"round {number} of {options.rounds}", file=sys.stderr)
    return {name: _median(each) for name, each in costs.items()}


def _median(costs: list[Cost]) -> Cost:
    return Cost(
        statistics.median(cost.server for cost in costs),
        statistics.median(cost.database for cost in costs),
    )


def _ask(connection: HTTPConnection, path: str, headers: dict[str, str]) -> None:
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        sys.exit(f"{path} → {response.status} {body[:300]!r}")


def _figures(costs: dict[str, Cost], kept: dict[str, Cost]) -> dict[str, Any]:
    ours, drf = _mix(costs, "ours"), _mix(costs, "drf")
    stored, django = _mix(kept, "ours"), _mix(kept, "django")
    each = {question: costs[f"ours {question}"] for question in MIX}
    return {
        "ours_over_drf": round(ours.total / drf.total, 3),
        "kept_over_django": round(stored.total / django.total, 3),
        "database_over_bare": round(ours.database / drf.database, 3),
        "dearest_over_list": round(max(cost.total for cost in each.values()) / each[LIST].total, 2),
        "bare": {name: costs[name].shown() for name in costs if not name.startswith("ours")},
        "per_question": {
            question: {
                "computed": cost.shown(),
                "kept": kept[f"ours {question}"].shown(),
                "over_drf": round(cost.total / costs[f"drf {_size(question)}"].total, 2),
                "kept_over_django": round(
                    kept[f"ours {question}"].total / kept[f"django {_size(question)}"].total, 2
                ),
            }
            for question, cost in each.items()
        },
    }


def _mix(costs: dict[str, Cost], way: str) -> Cost:
    """The mean cost of a request of benchmarks.load.MIX, if all are answered in this way ("ours",
    "drf" or "django")."""
    parts = [
        (costs[f"{way} {question if way == 'ours' else _size(question)}"], part)
        for question, part in MIX.items()
    ]
    return Cost(
        sum(cost.server * part for cost, part in parts) / 100,
        sum(cost.database * part for cost, part in parts) / 100,
    )


def _size(question: str) -> str:
    return "one" if question in OF_ONE or "{relationship}" in question else "many"


@contextmanager
def _server(answers: str) -> Iterator[Server]:
    """Run the measured server process, with `answers` MB of memory for stored answers."""
    environment = {**ENVIRONMENT, **database(), "FINLEY_ANSWERS_MEMORY_MB": answers}
    with served(environment, program=SERVER) as server:
        yield server


def _token() -> str:
    with as_owner():
        user = User.objects.create(id=TENANT, email="cost@finley.example")
        return str(ApiToken.objects.create(user, name="cost")[1])


def _ids(table: str) -> list[str]:
    with connections["owner"].cursor() as cursor:
        query = f"SELECT id::text FROM {table} WHERE user_id = %s ORDER BY id LIMIT 200"  # noqa: S608
        cursor.execute(query, [TENANT])
        return [row_id for (row_id,) in cursor.fetchall()]


def _report(figures: dict[str, Any]) -> str:
    lines = [f"{name:20} {value}" for name, value in figures.items() if isinstance(value, float)]
    for name, cost in figures["bare"].items():
        lines.append(f"{name:44} {cost['server_ms']:6.2f} + {cost['database_ms']:5.2f} ms")
    for question, parts in figures["per_question"].items():
        computed, kept = parts["computed"], parts["kept"]
        lines.append(
            f"{question:44} {computed['server_ms']:6.2f} + {computed['database_ms']:5.2f} ms, "
            f"kept {kept['server_ms']:5.2f} + {kept['database_ms']:5.2f} ms, "
            f"{parts['over_drf']:.2f} of the REST framework's"
        )
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.request_cost",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=7, help="(7)")
    parser.add_argument("--requests", type=int, default=40, help="of each way in a round (40)")
    parser.add_argument("--seed", type=int, default=1, help="of the books (1)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args()


if __name__ == "__main__":
    main()
