"""Shows the surroundings of one party as a picture and as a table. Each state has a URL."""

from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from math import cos, degrees, log1p, pi, sin
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render

from finley.web.access import PageRequest, page
from finley.web.explore import graph_filters
from finley.web.words import text
from graph.errors import NotFound, QuestionError
from graph.questions import search, whole_graph

SIDE = 1000  # side of the picture, which is a square
RINGS = (0, 190, 330)  # radius of the ring by distance from the party; names are outside
MARGINS = (140, 140, 0)  # left out of the picture on each side, by the greatest distance in it
CROWDED = 14  # parties on a ring; with more, names are turned outwards
NODES = {1: 40, 2: 60}  # most parties shown, by depth
EDGES = 20_000  # most relationships that are summed up
NAME = 20  # characters
PAID = "payment"  # what counts between two parties: money that moved
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Node:
    id: str
    name: str
    kind: str
    x: float
    y: float
    radius: float
    anchor: str
    short: str
    turned: float  # degrees


@dataclass(frozen=True, slots=True)
class Edge:
    """All payments from one party to another in one currency."""

    source: Row
    target: Row
    currency: str
    amount: Decimal
    count: int
    first: Any
    last: Any
    address: str = ""


@page()
def explorer(request: PageRequest, entity_id: UUID) -> HttpResponse:
    """The page of one party's surroundings, of money that moved. Its parameters are `depth` (1 or
    2) and those of `graph_filters` except `kind`. A filter that cannot be read has an error beside
    its field."""
    try:
        depth, filters = _depth(request), graph_filters.read(request)
    except QuestionError as error:
        return _refused(request, entity_id, error)
    surroundings = whole_graph.neighbourhood(
        request.access.tenant_id,
        entity_id,
        depth=depth,
        limit=NODES[depth],
        edge_limit=EDGES,
        only=filters.of_edges(kinds=whole_graph.PAID.kinds, once=whole_graph.PAID.once),
    )
    edges = [
        replace(edge, address=filters.address(edge.source, edge.target, edge.currency, kind=PAID))
        for edge in aggregated(surroundings)
    ]
    nodes = placed(surroundings["entities"], edges)
    margin = MARGINS[max(entity["distance"] for entity in surroundings["entities"])]
    by_id = {node.id: node for node in nodes}
    lines = [
        {"source": by_id[one], "target": by_id[other], "width": width, "label": label}
        for one, other, width, label in _lines(edges)
    ]
    context = {
        "centre": surroundings["entities"][0],
        "nodes": nodes,
        "lines": lines,
        "edges": edges,
        "depth": depth,
        **graph_filters.form(request),
        "truncated": surroundings["truncated"],
        "edges_truncated": surroundings["edges_truncated"],
        "margin": margin,
        "side": SIDE - 2 * margin,
    }
    return render(request, "web/explorer.html", context)


def _refused(request: PageRequest, entity_id: UUID, error: QuestionError) -> HttpResponse:
    entities = search.entities_of(request.access.tenant_id, [entity_id])
    if not entities:
        raise NotFound("There is no such party.", "id")
    context = {"centre": entities[0], **graph_filters.form(request, error)}
    return render(request, "web/explorer.html", context, status=400)


def _depth(request: PageRequest) -> int:
    depth = request.GET.get("depth") or "1"
    if depth not in {"1", "2"}:
        raise QuestionError("The depth is 1 or 2.", "depth")
    return int(depth)


def aggregated(surroundings: Row) -> list[Edge]:
    """Sum up the payments of the surroundings to one edge per payer, payee and currency, the
    greatest amount first."""
    parties = {str(entity["id"]): entity for entity in surroundings["entities"]}
    groups: defaultdict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for edge in surroundings["edges"]:
        if edge["amount"] is not None:
            source, target = (str(edge[end]["id"]) for end in ("source", "target"))
            groups[source, target, edge["currency"]].append(edge)
    edges = [
        Edge(
            parties[source],
            parties[target],
            currency,
            sum((abs(Decimal(row["amount"])) for row in rows), Decimal(0)),
            len(rows),
            min(row["occurred_at"] for row in rows),
            max(row["occurred_at"] for row in rows),
        )
        for (source, target, currency), rows in groups.items()
    ]
    return sorted(edges, key=lambda edge: (-edge.amount, edge.source["name"], edge.target["name"]))


def placed(entities: list[Row], edges: list[Edge]) -> list[Node]:
    """The nodes of the picture: the party in the middle, the others on a ring for each distance.
    The same graph gives the same positions."""
    weights: defaultdict[str, float] = defaultdict(float)
    for edge in edges:
        for end in (edge.source, edge.target):
            weights[str(end["id"])] += edge.count
    nodes = []
    for distance in sorted({entity["distance"] for entity in entities}):
        ring = [entity for entity in entities if entity["distance"] == distance]
        ring.sort(key=lambda entity: (entity["kind"], entity["name"], str(entity["id"])))
        for at, entity in enumerate(ring):
            angle = 2 * pi * at / len(ring) - pi / 2
            turned = len(ring) > CROWDED
            weight = weights[str(entity["id"])]
            nodes.append(_node(entity, (RINGS[distance], angle), weight, turned=turned))
    return nodes


def _node(entity: Row, polar: tuple[int, float], weight: float, *, turned: bool) -> Node:
    """The node of an entity at the polar position (radius, angle in radians). Its size grows with
    `weight`, the number of its payments. A `turned` name is rotated to point outwards, and reads
    from left to right on both sides."""
    (ring, angle), name = polar, str(entity["name"])
    is_left = cos(angle) < -1e-9
    outwards = degrees(angle) + (180 if is_left else 0)
    return Node(
        str(entity["id"]),
        name,
        str(entity["kind"]),
        round(SIDE / 2 + ring * cos(angle), 1),
        round(SIDE / 2 + ring * sin(angle), 1),
        round(5 + 2.5 * log1p(weight) ** 0.8, 1),
        ("end" if is_left else "start") if turned else "middle",
        name if len(name) <= NAME else f"{name[: NAME - 1]}…",
        round(outwards, 1) if turned else 0.0,
    )


def _lines(edges: list[Edge]) -> list[tuple[str, str, float, str]]:
    """The lines of the picture, one for each pair of parties, for all directions and currencies:
    (id, id, width, label)."""
    lines: dict[tuple[str, str], list[Edge]] = {}
    for edge in edges:
        one, other = sorted((str(edge.source["id"]), str(edge.target["id"])))
        if one != other:
            lines.setdefault((one, other), []).append(edge)
    return [
        (one, other, round(1 + log1p(sum(edge.count for edge in some)), 1), _label(some))
        for (one, other), some in lines.items()
    ]


def _label(edges: list[Edge]) -> str:
    return "; ".join(
        f"{edge.source['name']} to {edge.target['name']}: {text.money(edge.amount, edge.currency)} "
        f"in {edge.count:,} rows"
        for edge in edges
    )
