"""Other programs that read an export. Each loads in 1 s, so a process loads it at its first use."""

from typing import Any


def graphml_by_igraph(path: str) -> Any:
    """igraph's graph of the file."""
    import igraph  # noqa: PLC0415

    return igraph.Graph.Read_GraphML(path)


def csv_by_pandas(file: Any) -> Any:
    """A data frame of texts; an empty cell is an empty text."""
    import pandas as pd  # noqa: PLC0415

    return pd.read_csv(file, dtype=str, keep_default_na=False)
