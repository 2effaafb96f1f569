"""The entry point that networkx calls during its own import. It imports nothing."""


def get_info() -> dict[str, object]:
    """Return what networkx asks a backend for, as the entry point `networkx.backend_info`."""
    return {
        "backend_name": "finley",
        "project": "finley",
        "package": "graph.engine",
        "short_summary": "A tenant's columnar graph on SciPy, NetworKit and rustworkx.",
        "functions": {},
    }
