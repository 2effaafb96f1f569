"""Compares an export to pandas with reading the same Arrow file from a disk over loopback.

`python -m benchmarks.compared.export_cost --edges 50000 --json`. A server of finley sends the
export, and Python's own file server sends a file with the same bytes; one client parses both in the
same way. `pandas_over_file` is the file's seconds over the export's: 1 is as fast as the file.
`again` are further exports at one version, which the server has kept; `anew` are exports of a
server that keeps none. They are measured by turns, after one turn that does not count; the values
are medians. Everything happens on servers of its own, which are deleted at the end.
"""

import argparse
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks import dataset, isolated_servers, serving
from benchmarks.freshness_cost import TENANT
from benchmarks.tenant_load import tokens
from finley.remote import Session, tables
from graph.view import refresh

TARGET = 0.8
FEW = ("amount", "currency", "occurred_at", "relationship_type")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edges", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not isolated_servers.inside():
        sys.exit(
            isolated_servers.again("benchmarks.compared.export_cost", {"FINLEY_LOG_LEVEL": "ERROR"})
        )
    isolated_servers.stoppable()
    with dataset.database():
        figures = measured(options.edges, options.rounds)
    print(json.dumps(figures, indent=None if options.json else 2))


def measured(edges: int, rounds: int) -> dict[str, Any]:
    dataset.fill(TENANT, edges, max(edges // 10, 2), 1)
    refresh.refresh()
    figures: dict[str, Any] = {"edges": edges, "target": TARGET}
    with (
        tempfile.TemporaryDirectory() as folder,
        serving.served(serving.database()) as keeps,
        serving.served({**serving.database(), "FINLEY_EXPORTS_MEMORY_MB": "0"}) as forgets,
        _files(Path(folder)) as address,
        Session(keeps.address, tokens([TENANT])[0]) as again,
        Session(forgets.address, tokens([TENANT])[0]) as anew,
    ):
        for name, columns in (("every_column", None), ("four_columns", FEW)):
            path = Path(folder) / name
            path.write_bytes(_export(anew, columns))
            seconds = _by_turns(
                [
                    lambda columns=columns: tables.pandas(again, columns),
                    lambda columns=columns: tables.pandas(anew, columns),
                    lambda name=name: _frame_of_file(f"{address}/{name}"),
                ],
                rounds,
            )
            figures[name] = {
                "megabytes": round(path.stat().st_size / 1e6, 1),
                "seconds_again": round(seconds[0], 3),
                "seconds_anew": round(seconds[1], 3),
                "seconds_of_file": round(seconds[2], 3),
                "pandas_over_file": round(seconds[2] / seconds[0], 2),
                "anew_over_file": round(seconds[2] / seconds[1], 2),
            }
    return figures


def _export(session: Session, columns: Any) -> bytes:
    chosen = None if columns is None else list(columns)
    with session.stream(tables.EXPORT, format="arrow", columns=chosen, edges="all") as response:
        return response.read()


def _frame_of_file(url: str) -> Any:
    with httpx.stream("GET", url, trust_env=False) as response:
        return tables.of_pieces(response.iter_bytes()).to_pandas()


@contextmanager
def _files(folder: Path) -> Iterator[str]:
    """Serve the folder's files on loopback, in a process of its own. Yield the address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        _, port = free.getsockname()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _until_open(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _until_open(port: int) -> None:
    for _ in range(100):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("The file server did not start.")


def _by_turns(works: list[Callable[[], Any]], rounds: int) -> list[float]:
    times: list[list[float]] = [[] for _ in works]
    for number in range(rounds + 1):
        for work, seconds in zip(works, times, strict=True):
            start = time.perf_counter()
            work()
            if number:
                seconds.append(time.perf_counter() - start)
    return [statistics.median(seconds) for seconds in times]


if __name__ == "__main__":
    main()
