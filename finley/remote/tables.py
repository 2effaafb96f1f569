"""The whole graph as a table of Arrow or pandas, or as a networkx graph.

The server streams Arrow; the rows are parsed as they arrive and never are JSON. Each function
imports the library that it needs when it is called.
"""

from collections.abc import Iterator, Sequence
from io import BufferedReader, RawIOBase
from typing import Any

from .session import Session

EXPORT = "graph/export/"
BUFFER = 1 << 16  # bytes


class _Body(RawIOBase):
    """The body of a response as a file that can be read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def arrow(session: Session, columns: Sequence[str] | None = None, *, edges: str = "all") -> Any:
    """Return all relationships as a pyarrow.Table.

    `columns` are those of relationships beside both ends; by default all. `edges` is all or flow.
    """
    chosen = None if columns is None else list(columns)
    with session.stream(EXPORT, format="arrow", columns=chosen, edges=edges) as response:
        return of_pieces(response.iter_bytes())


def of_pieces(pieces: Iterator[bytes]) -> Any:
    """Return the pyarrow.Table of an Arrow stream that arrives in pieces of any size."""
    import pyarrow as pa  # noqa: PLC0415

    # Arrow takes a short read for the end of the stream. A buffered reader reads on.
    source = pa.PythonFile(BufferedReader(_Body(pieces), BUFFER), mode="r")
    with pa.ipc.open_stream(source) as reader:
        return reader.read_all()


def pandas(session: Session, columns: Sequence[str] | None = None, *, edges: str = "all") -> Any:
    """Return all relationships as a pandas.DataFrame. Parameters as of `arrow`."""
    return arrow(session, columns, edges=edges).to_pandas()


def networkx(session: Session, columns: Sequence[str] | None = None, *, edges: str = "all") -> Any:
    """Return the graph as a networkx.MultiDiGraph. Nodes have `name` and `kind`; edges have the
    columns. Parameters as of `arrow`."""
    import networkx as nx  # noqa: PLC0415

    chosen = None if columns is None else list(columns)
    answer = session.request(
        "GET", EXPORT, params={"format": "json", "columns": chosen, "edges": edges}
    )
    return nx.node_link_graph(answer.json(), edges="edges")
