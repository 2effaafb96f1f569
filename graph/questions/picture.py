"""A tenant's whole graph as a picture: positions, sizes, communities, and edges summed by pair.

The positions are computed for the whole graph, whatever edges are chosen. They are cached in Redis
under the graph's version.
"""

import hashlib
import json
import logging
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connections
from redis.exceptions import RedisError

from graph.database import deadlines
from graph.engine.columns import storage, values
from graph.engine.communities import communities
from graph.engine.edge_filters import Only
from graph.engine.graph import Graph
from graph.engine.importance import importance
from graph.engine.layout import layout
from graph.engine.weights import columns_for
from graph.questions import counted_rows
from graph.reading.graph_cache import PREFIX, load, redis

log = logging.getLogger(__name__)
COLUMNS = ("relationship_type", "occurred_at", "amount", "currency", "kind", "payment_group_id")
KEPT = 24 * 3600  # seconds that the positions are cached
DAY = 86_400_000_000  # microseconds
FORM = 1  # version of the cached format
Answer = dict[str, Any]
Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Places:
    """The positions, sizes and communities of all nodes, in the order of the graph's nodes."""

    x: Array
    y: Array
    size: Array
    community: Array


def picture(user_id: UUID, *, kind: str = counted_rows.DEFAULT, only: Only = Only()) -> bytes:  # noqa: B008
    """Return the picture as bytes: the length of a JSON object (uint32), the object, then arrays.

    Everything is little-endian. The object names the arrays in their order, with their types. Each
    array begins at a multiple of 8. Only rows that record `kind` count, and a payment that several
    sources saw counts once. Raises ViewMissing, ViewUnpopulated.
    """
    names = tuple(dict.fromkeys((*COLUMNS, *columns_for("causal_score"), *only.columns())))
    graph, _ = load(user_id, names, edge_class="flow")
    places = _places(user_id, graph)
    deadlines.check()
    selection = only.of(_counted(graph, kind))
    edges, words = _summed(selection)
    nodes = {name: values(graph.nodes[name]) for name in ("kind", "name")}
    ids = np.frombuffer(b"".join(storage(graph.nodes["id"]).to_pylist()), np.uint8)
    head = {"version": graph.version, "kinds": nodes["kind"], "names": nodes["name"], **words}
    arrays = {
        "ids": ids,
        **{name: getattr(places, name) for name in ("x", "y", "size", "community")},
        **edges,
    }
    return _packed(head, arrays)


def _counted(graph: Graph, kind: str) -> Graph:
    """Return the graph with only the edges that record `kind` and have an amount, and of each
    payment only the canonical one."""
    group, own = graph.edges["payment_group_id"], graph.edges["id"]
    once = pc.or_kleene(pc.is_null(group), pc.equal(storage(group), storage(own)))
    mask = once.to_numpy(zero_copy_only=False)
    if (types := counted_rows.kinds_selected_by(kind)) is not None:
        of_kind = pc.is_in(storage(graph.edges["kind"]), pa.array(types, pa.string()))
        mask &= of_kind.to_numpy(zero_copy_only=False)
    return graph.only(edges=mask & ~np.isnan(graph.numbers("amount")))


def _summed(graph: Graph) -> tuple[dict[str, Array], Answer]:
    """Return one edge for each payer, payee and currency as arrays: ends, sum, number, first and
    last day since 1970. The second result names the currencies, in the order of their codes."""
    names = sorted({name or "" for name in values(graph.edges["currency"])})
    codes = pc.fill_null(storage(graph.edges["currency"]), "")
    currency = pc.index_in(codes, pa.array(names, pa.string())).to_numpy(zero_copy_only=False)
    keys = np.column_stack([graph.source, graph.target, currency.astype(np.int64)])
    order = np.lexsort(keys.T[::-1])
    keys = keys[order]
    starts = np.flatnonzero(np.any(np.diff(keys, axis=0, prepend=-1) != 0, axis=1))
    amounts = np.abs(graph.numbers("amount"))[order]
    times = storage(graph.edges["occurred_at"]).cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    days = (times.to_numpy(zero_copy_only=False) // DAY)[order]
    counts = np.diff(np.append(starts, len(keys)))
    heads = keys[starts]
    empty = len(starts) == 0
    return {
        "source": heads[:, 0].astype("<u4"),
        "target": heads[:, 1].astype("<u4"),
        "currency": heads[:, 2].astype("u1"),
        "count": counts.astype("<u4"),
        "amount": (amounts if empty else np.add.reduceat(amounts, starts)).astype("<f4"),
        "first": (days if empty else np.minimum.reduceat(days, starts)).astype("<i4"),
        "last": (days if empty else np.maximum.reduceat(days, starts)).astype("<i4"),
    }, {"currencies": names}


def _places(user_id: UUID, graph: Graph) -> Places:
    database = connections["default"].settings_dict
    where = f"{database.get('HOST')}/{database['NAME']}"
    text = json.dumps([FORM, where, str(user_id), graph.version])
    digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    key = f"{PREFIX}places:{user_id}:{digest}"  # the tenant's id lets an erasure find the key
    dtypes = (("x", "<f4"), ("y", "<f4"), ("size", "<f4"), ("community", "<u4"))
    try:
        packed = redis().get(key)
    except (RedisError, OSError):
        packed = None
    if isinstance(packed, bytes) and (places := _unpacked(packed, graph.node_count, dtypes)):
        return places
    places = _computed(graph)
    content = b"".join(getattr(places, name).astype(dtype).tobytes() for name, dtype in dtypes)
    try:
        redis().set(key, zlib.compress(content, 1), ex=KEPT)
    except (RedisError, OSError) as error:
        log.warning("the places of a graph are not kept: no Redis (%s)", type(error).__name__)
    return places


def _unpacked(packed: bytes, count: int, dtypes: tuple[tuple[str, str], ...]) -> Places | None:
    try:
        content = zlib.decompress(packed)
    except zlib.error:
        return None
    if len(content) != 4 * count * len(dtypes):
        return None
    parts = (content[4 * count * at : 4 * count * (at + 1)] for at in range(len(dtypes)))
    x, y, size, community = (
        np.frombuffer(part, dtype) for part, (_, dtype) in zip(parts, dtypes, strict=True)
    )
    return Places(x, y, size, community)


def _computed(graph: Graph) -> Places:
    groups = communities(graph).members
    community = np.zeros(graph.node_count, "<u4")
    for number, members in enumerate(groups):
        community[members] = number
    pairs = np.unique(
        np.sort(np.column_stack([graph.source, graph.target]), axis=1), axis=0
    ).astype(np.int64)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    points = layout(groups, pairs[:, 0], pairs[:, 1])
    scores = importance(graph, "pagerank").scores
    greatest = scores.max(initial=0) or 1.0
    size = 1.5 + 12 * np.sqrt(scores / greatest)
    x, y = points[:, 0].astype("<f4"), points[:, 1].astype("<f4")
    return Places(x, y, size.astype("<f4"), community)


def _packed(head: Answer, arrays: dict[str, Array]) -> bytes:
    head["arrays"] = [[name, array.dtype.str, len(array)] for name, array in arrays.items()]
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    return b"".join(_pieces(text, arrays))


def _pieces(text: bytes, arrays: dict[str, Array]) -> Iterator[bytes]:
    text += b" " * (-(len(text) + 4) % 8)
    yield len(text).to_bytes(4, "little") + text
    for array in arrays.values():
        content = array.tobytes()
        yield content + b"\0" * (-len(content) % 8)
