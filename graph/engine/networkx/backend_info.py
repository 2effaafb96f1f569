"""The entry point that networkx calls during its own import. It imports nothing."""


def get_info() -> dict[str, object]:
    """The `networkx.backend_info` entry point."""
    return {
        "backend_name": "finley",
        "project": "finley",
        "package": "graph.engine",
        "short_summary": "A tenant's columnar graph on SciPy, NetworKit and rustworkx.",
        "functions": {},
    }
