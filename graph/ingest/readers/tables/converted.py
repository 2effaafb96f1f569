"""Runs the processes that convert workbooks and Parquet files to CSVs, because such files may be
harmful."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import graph
from graph.ingest.decode import LedgerFileError

SECONDS = 600
_ROOT = Path(graph.__file__).parents[1]


def converted(kind: str, file: Path, folder: Path, name: str) -> list[dict[str, Any]]:
    """Convert a "workbook" or a "parquet" file to CSVs in `folder`, in a process of its own. Return
    its tables as dicts: `name`, `visible`, and `file`, the CSV's name.

    `name` is the file's name in messages. Raises LedgerFileError.
    """
    module = f"graph.ingest.readers.tables.{kind}_process"
    command = [sys.executable, "-m", module, str(file), str(folder)]
    try:
        process = subprocess.run(
            command, capture_output=True, cwd=_ROOT, timeout=SECONDS, check=False
        )
        answer = json.loads(process.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError) as error:
        raise LedgerFileError(
            f"{name} cannot be read within the limits of memory and time: it is damaged, or spans "
            "far more cells than it fills"
        ) from error
    if isinstance(answer, dict):
        raise LedgerFileError(f"{name} {answer['error']}")
    return list(answer)
