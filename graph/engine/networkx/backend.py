"""finley as a networkx backend: `nx.pagerank(graph)` runs on compiled code.

networkx finds the backend by the entry point `networkx.backends`. Functions in NATIVE run on
arrays. Other functions run in networkx on a converted graph, and a log message says so.
"""

import logging
from collections.abc import Callable
from typing import Any

import networkx as nx
from networkx.utils import backends

from graph.engine.native import centrality, communities, paths
from graph.engine.networkx import clusters, components, link_prediction
from graph.engine.networkx.columnar import ColumnarGraph, Projection
from graph.engine.networkx.from_networkx import NetworkxGraph
from graph.engine.topology import Topology, Unsupported

logger = logging.getLogger(__name__)
NAME = "finley"
Columnar = ColumnarGraph | Projection

_dispatchable: Any = backends._dispatchable
_registered: dict[str, Any] = vars(backends)["_registered_algorithms"]

NATIVE: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        centrality.pagerank,
        centrality.eigenvector_centrality,
        centrality.betweenness_centrality,
        centrality.closeness_centrality,
        centrality.harmonic_centrality,
        components.connected_components,
        components.weakly_connected_components,
        components.strongly_connected_components,
        components.number_connected_components,
        components.number_weakly_connected_components,
        components.number_strongly_connected_components,
        components.is_connected,
        components.is_weakly_connected,
        components.is_strongly_connected,
        components.node_connected_component,
        communities.louvain_communities,
        communities.leiden_communities,
        clusters.core_number,
        clusters.triangles,
        clusters.clustering,
        clusters.average_clustering,
        clusters.transitivity,
        link_prediction.jaccard_coefficient,
        link_prediction.adamic_adar_index,
        link_prediction.resource_allocation_index,
        link_prediction.preferential_attachment,
        paths.shortest_path,
        paths.shortest_path_length,
        paths.has_path,
        paths.dijkstra_path,
        paths.dijkstra_path_length,
        paths.single_source_shortest_path_length,
        paths.single_source_dijkstra_path_length,
        paths.shortest_simple_paths,
    )
}


class Backend:
    """The functions that networkx calls on a backend: they convert graphs, and say which
    functions run here."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name in NATIVE:
            return _native(name)
        if name in _registered:
            return _converted(name)
        raise AttributeError(name)

    def convert_from_nx(self, graph: Any, *_: Any, **__: Any) -> Any:
        """Return a networkx graph as arrays; a columnar graph unchanged."""
        return graph if isinstance(graph, Columnar | NetworkxGraph) else NetworkxGraph(graph)

    def convert_to_nx(self, result: Any, **_: Any) -> Any:
        """Return a graph of this backend as a networkx graph; any other value unchanged."""
        if isinstance(result, Columnar):
            return result.to_networkx()
        return result.original if isinstance(result, NetworkxGraph) else result

    def can_run(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Return whether the backend runs the function `name` with these arguments.

        A function outside NATIVE runs only for a columnar graph, because networkx cannot read one.
        """
        return name in NATIVE or any(isinstance(x, Columnar) for x in (*args, *kwargs.values()))

    def should_run(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        return self.can_run(name, args, kwargs)

    def on_start_tests(self, items: list[Any]) -> None:
        """Mark networkx's own tests that must fail on this backend, each with its reason."""
        from graph.engine.networkx.expected_failures import mark  # noqa: PLC0415  pytest is no requirement

        mark(items)


BACKEND = Backend()


def _native(name: str) -> Callable[..., Any]:
    function = NATIVE[name]

    def run(G: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return function(topology_of(G), *args, **kwargs)
        except Unsupported as reason:
            if _dispatchable._is_testing:  # networkx's own tests expect the exception
                raise
            logger.info("%s in networkx on a converted graph: %s.", name, reason)
            return _in_networkx(name, (G, *args), kwargs)

    return run


def _converted(name: str) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        if _registered[name].__wrapped__._will_call_mutate_input(args, kwargs):
            raise nx.NetworkXError(f"{name} changes its graph, and this one is immutable.")
        logger.info("%s in networkx on a converted graph: no compiled version here.", name)
        return _in_networkx(name, args, kwargs)

    return run


def _in_networkx(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    to_nx = BACKEND.convert_to_nx
    converted = {key: to_nx(value) for key, value in kwargs.items()}
    return _registered[name](*map(to_nx, args), **converted, backend="networkx")


def topology_of(graph: Any) -> Topology:
    if isinstance(graph, Columnar | NetworkxGraph):
        return graph.topology
    return NetworkxGraph(graph).topology


def functions() -> dict[str, bool]:
    """Return, for each function that networkx dispatches, whether this backend runs it on compiled
    code."""
    return {name: name in NATIVE for name in sorted(_registered)}
