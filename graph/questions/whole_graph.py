"""Questions about a tenant's graph: key figures, paths, neighbourhoods, importance, communities.

Each returns plain values, ready for an answer in JSON. Amounts are summed on flow edges only.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, Literal
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.database import deadlines
from graph.engine.columns import storage, values
from graph.engine.communities import SEED
from graph.engine.communities import communities as find_communities
from graph.engine.edge_filters import Only
from graph.engine.graph import Graph
from graph.engine.importance import importance as score
from graph.engine.k_shortest import k_shortest
from graph.engine.neighbourhood import neighbourhood as find_neighbourhood
from graph.engine.paths import Hop, shortest_path
from graph.engine.projection import Direction
from graph.engine.stats import PRESENCE
from graph.engine.stats import stats as describe
from graph.engine.weights import columns_for
from graph.errors import NotFound
from graph.layers import BY_NAME, LAYERS, ColumnType
from graph.models import TenantRelationship
from graph.models.choices import MONEY_MOVED
from graph.questions import days, edge_ends, entities, source_names
from graph.questions.prediction_status import status_on
from graph.reading import current_rows as reading_rows
from graph.reading import memory_cache, row_ids
from graph.reading.current_rows import Reader
from graph.reading.graph_cache import load
from graph.reading.load_graph import LAYER_COLUMNS

Edges = Literal["flow", "all"]
Order = Literal["amount", "date"]
Values = npt.NDArray[np.float64]
Answer = dict[str, Any]

PAID = Only(kinds=MONEY_MOVED, once=True)  # money that moved, each payment once
HOP_COLUMNS = ("relationship_type", "confidence_score", "occurred_at", "amount", "currency")
FACTS = tuple(
    field.name
    for field in TenantRelationship._meta.fields
    if field.name not in {*LAYER_COLUMNS, "user_id", "source_entity_id", "target_entity_id"}
)


def stats(user_id: UUID) -> Answer:
    """Return key figures of the whole graph, and the seconds that building it took."""
    start = time.perf_counter()
    graph, _ = load(user_id, (*PRESENCE, *PAID.columns()))
    return {
        **asdict(graph.once("stats", describe)),
        "payments": graph.once("payments", _payments),
        "build_seconds": round(time.perf_counter() - start, 4),
    }


def _payments(graph: Graph) -> int:
    flows = pc.is_valid(storage(graph.edges["payment_group_id"])).to_numpy(zero_copy_only=False)
    return int((PAID.mask(graph) & flows).sum())


def path(
    user_id: UUID,
    source: UUID,
    target: UUID,
    *,
    max_length: int = 6,
    weight: str | None = None,
    direction: Direction = "any",
    edges: Edges = "flow",
    only: Only = PAID,
) -> Answer:
    """Return the shortest path between two entities, over the edges that meet `only`.

    Raises NotFound naming `source` or `target`.
    """
    graph = _graph(user_id, (*HOP_COLUMNS, *columns_for(weight)), edges, only)
    ends = _ends(user_id, graph, source, target)
    shortest = shortest_path(
        graph, *ends, max_length=max_length, weight=weight, direction=direction
    )
    if shortest is None:
        return {"found": False, "length": None, "cost": None, "weights_used": {}, "hops": []}
    return {
        "found": True,
        "length": len(shortest.hops),
        "cost": shortest.cost,
        "weights_used": shortest.weights_used,
        "hops": _hops(graph, shortest.hops),
    }


def paths(
    user_id: UUID,
    source: UUID,
    target: UUID,
    *,
    k: int = 3,
    max_length: int = 6,
    weight: str | None = None,
    direction: Direction = "any",
    edges: Edges = "flow",
    only: Only = PAID,
) -> Answer:
    """Return the `k` shortest paths, best first, over the edges that meet `only`.

    Raises NotFound naming `source` or `target`.
    """
    graph = _graph(user_id, (*HOP_COLUMNS, *columns_for(weight)), edges, only)
    ends = _ends(user_id, graph, source, target)
    shortest = k_shortest(
        graph,
        *ends,
        k=k,
        max_length=max_length,
        weight=weight,
        direction=direction,
        between=deadlines.check,
    )
    return {
        "weights_used": shortest[0].weights_used if shortest else {},
        "paths": [
            {"length": len(way.hops), "cost": way.cost, "hops": _hops(graph, way.hops)}
            for way in shortest
        ],
    }


def neighbourhood(
    user_id: UUID,
    entity: UUID | str,
    *,
    depth: int = 1,
    limit: int = 100,
    edge_limit: int = 1000,
    direction: Direction = "any",
    edges: Edges = "flow",
    order: Order = "amount",
    only: Only = PAID,
) -> Answer:
    """Return at most `limit` entities within `depth` edges, nearest first, and at most `edge_limit`
    edges among them.

    If there are more, `order` chooses. With "amount", the entities at a distance with the greatest
    sum of amounts towards nearer ones are chosen, and the edges of the greatest amounts. With
    "date", those with the newest edge, and the newest edges. Amounts of all currencies are compared
    without conversion. Raises NotFound naming `id`.
    """
    graph = _graph(user_id, HOP_COLUMNS, edges, only)
    start = _position(user_id, graph, entity, "id")
    worth = _worth(graph, order)
    total = np.add if order == "amount" else np.maximum
    near = find_neighbourhood(
        graph, start, depth=depth, most=limit, direction=direction, worth=worth, total=total
    )
    named = zip(_named(graph, near.nodes), near.distances, strict=True)
    return {
        "truncated": near.truncated,
        "edges_truncated": len(near.edges) > edge_limit,
        "entities": [{**each, "distance": distance} for each, distance in named],
        "edges": _edges(graph, _best(graph, near.edges, worth)[:edge_limit]),
    }


def importance(
    user_id: UUID,
    *,
    algorithm: str = "pagerank",
    top: int = 10,
    kind: str | None = None,
    direction: Direction = "any",
    edges: Edges = "flow",
    only: Only = PAID,
) -> Answer:
    """Return the `top` entities by a centrality, those of one `kind` if it is given.

    `edges` says which classes of edges count: "flow" has what was paid or is owed, "all" also the
    links between rows. Of these, only the edges that meet the conditions of `only` count, by
    default money that moved, each payment once. Equal scores are ordered by id.
    """
    graph = _graph(user_id, columns_for("causal_score"), edges, only)
    scored = graph.once(
        ("importance", algorithm, direction), lambda graph: score(graph, algorithm, direction)
    )
    rows = np.argsort(-scored.scores, kind="stable")  # nodes are ordered by id
    if kind is not None:
        kinds = np.array(values(graph.nodes["kind"]), dtype=object)
        rows = rows[kinds[rows] == kind]
    best = rows[:top].tolist()
    entities = _named(graph, best)
    return {
        "algorithm": algorithm,
        "weights_used": scored.weights_used,
        "results": [
            {"rank": rank, **entity, "score": float(scored.scores[row])}
            for rank, (row, entity) in enumerate(zip(best, entities, strict=True), start=1)
        ],
    }


def communities(
    user_id: UUID,
    *,
    top: int = 10,
    members: int = 10,
    seed: int = SEED,
    edges: Edges = "flow",
    only: Only = PAID,
) -> Answer:
    """Return the `top` largest communities, each with its `members` best connected entities.

    Only the edges of `only` count.
    """
    graph = _graph(user_id, columns_for("causal_score"), edges, only)
    partition = find_communities(graph, seed)
    degrees = np.bincount(np.concatenate([graph.source, graph.target]), minlength=graph.node_count)
    return {
        "count": len(partition.members),
        "modularity": partition.modularity,
        "seed": seed,
        "weights_used": partition.weights_used,
        "results": [
            {
                "rank": rank,
                "size": len(group),
                "members": _named(graph, sorted(group, key=lambda i: (-degrees[i], i))[:members]),
            }
            for rank, group in enumerate(partition.members[:top], start=1)
        ],
    }


def relationship(
    user_id: UUID, relationship_id: UUID | str, *, today: date | None = None
) -> Answer:
    """Return one relationship with its nine layers; a layer without a row is None.

    A prediction's status is as of `today`. Raises NotFound for another tenant's relationship and an
    unknown one alike; ViewMissing, ViewUnpopulated.
    """
    day = today or days.today(user_id)
    with reading_rows.snapshot(user_id) as reader:
        return {**relationship_in(reader, user_id, relationship_id, day), "today": day}


def relationship_in(
    reader: Reader, user_id: UUID, relationship_id: UUID | str, today: date | None = None
) -> Answer:
    """Return what `relationship` returns, in the reader's snapshot.

    Without a day, a prediction's status is the stored one.
    """
    row = _row(reader, user_id, relationship_id)
    if row is None:
        raise NotFound("There is no such relationship in your graph.", "id")
    (answer,) = source_names.with_reasons(user_id, as_answers(user_id, [row]))
    prediction = answer["layers"]["prediction"]
    if today is not None and prediction is not None:
        prediction["status"] = status_on(today, prediction)
    return answer


def as_answers(user_id: UUID, rows: Sequence[TenantRelationship]) -> list[Answer]:
    """Return the view's rows in the form of answers: facts, both entities, and the columns of each
    layer."""
    ends_of = edge_ends.of(user_id, rows)
    return [
        {
            **{name: getattr(row, name) for name in FACTS},
            **ends_of[row.id],
            "layers": {layer.name: _layer(row, layer.name) for layer in LAYERS},
        }
        for row in rows
    ]


def layer_fields(layer_name: str) -> dict[str, ColumnType]:
    """Return the fields that an answer has for a layer, with their types: its row's id and its
    columns."""
    layer = BY_NAME[layer_name]
    return {"id": "uuid", **{column.name: column.type for column in layer.columns}}


def _row(reader: Reader, user_id: UUID, relationship_id: UUID | str) -> TenantRelationship | None:
    """Return the view's row, or None if there is none or the id is not a UUID."""
    key = row_ids.parsed(relationship_id)
    if key is None:
        return None
    rows = TenantRelationship.objects.filter(user_id=user_id, id=key)
    return next(iter(reader.relationships(rows)), None)


def _layer(row: TenantRelationship, name: str) -> Answer | None:
    layer = BY_NAME[name]
    row_id = getattr(row, layer.id_column)
    if row_id is None:
        return None
    return {"id": row_id, **{c.name: getattr(row, c.name) for c in layer.columns}}


def _graph(user_id: UUID, columns: Iterable[str], edges: Edges, only: Only) -> Graph:
    """Return the tenant's graph with these edge columns. Only edges of the class `edges` that
    meet `only` are in it."""
    names = tuple(dict.fromkeys((*columns, *only.columns())))
    graph, _ = load(user_id, names, edge_class="flow" if edges == "flow" else None)
    deadlines.check()
    return only.of(graph) if only != PAID else _paid((user_id, names, edges), graph)


def _paid(source: tuple[Any, ...], graph: Graph) -> Graph:
    """Return the part of the graph that questions use by default: money that moved (PAID).

    The part is cached in memory, like the graph itself.
    """
    key = (*source, graph.version, "paid")
    part = memory_cache.graphs.get(key)
    if part is None:
        part = PAID.of(graph)
        memory_cache.graphs.put(key, part, part.nbytes)
    return part


def _ends(user_id: UUID, graph: Graph, source: UUID, target: UUID) -> list[int]:
    return [
        _position(user_id, graph, source, "source"),
        _position(user_id, graph, target, "target"),
    ]


def _position(user_id: UUID, graph: Graph, entity: UUID | str, field: str) -> int:
    """Return the row of the entity's node, or of the node of the entity that it was merged into."""
    key = row_ids.parsed(entity)
    position = None if key is None else graph.position(str(key))
    if position is None:
        position = graph.position(str(entities.representative(user_id, entity, field)))
    if position is None:
        raise NotFound("There is no such entity in your graph.", field)
    return position


def _worth(graph: Graph, order: Order) -> Values:
    """Return for each edge its absolute amount (0 if it has none), or its time in µs."""
    if order == "amount":
        return np.nan_to_num(np.abs(graph.numbers("amount")))
    times = storage(graph.edges["occurred_at"]).cast(pa.timestamp("us", "UTC"))
    return np.asarray(times.cast(pa.int64()).to_numpy(zero_copy_only=False), np.float64)


def _best(graph: Graph, rows: list[int], worth: Values) -> list[int]:
    """Return the edges by greatest worth first, and by id if the worth is equal."""
    ids = pc.array_sort_indices(storage(graph.edges["id"].take(pa.array(rows, pa.int64()))))
    by_id = np.array(rows, np.int64)[ids.to_numpy()]
    best: list[int] = by_id[np.argsort(-worth[by_id], kind="stable")].tolist()
    return best


def _named(graph: Graph, rows: list[int]) -> list[Answer]:
    nodes = graph.nodes.take(pa.array(rows, pa.int64()))
    columns = [values(nodes[name]) for name in ("id", "kind", "name")]
    return [
        {"id": node, "kind": kind, "name": name} for node, kind, name in zip(*columns, strict=True)
    ]


def _edges(graph: Graph, rows: list[int]) -> list[Answer]:
    chosen = graph.edges.take(pa.array(rows, pa.int64()))
    columns = {
        "id": values(chosen["id"]),
        "source": _named(graph, graph.source[rows].tolist()),
        "target": _named(graph, graph.target[rows].tolist()),
        **{name: values(chosen[name]) for name in HOP_COLUMNS},
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _hops(graph: Graph, hops: Sequence[Hop]) -> list[Answer]:
    edges = graph.edges.take(pa.array([hop.edge for hop in hops], pa.int64()))
    columns = {
        "id": values(edges["id"]),
        "source": _named(graph, [hop.source for hop in hops]),
        "target": _named(graph, [hop.target for hop in hops]),
        "forward": [hop.forward for hop in hops],
        **{name: values(edges[name]) for name in HOP_COLUMNS},
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
