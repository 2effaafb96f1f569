"""`python scripts/client.py FOLDER`: make a Python client of the API from its schema.

FOLDER is then a package that can be installed (`pip install FOLDER`) or put on PYTHONPATH. It needs
httpx and attrs. Its part `remote` is finley.remote: sessions with retries and pages, and tables.
An old client in FOLDER is replaced.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
PROGRAMS = Path(sys.executable).parent  # the generator calls ruff


def main() -> None:
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        schema = Path(folder) / "schema.yaml"
        _run(
            sys.executable, PROJECT / "manage.py", "spectacular", "--fail-on-warn", "--file", schema
        )
        _run(
            *(PROGRAMS / "openapi-python-client", "generate", "--overwrite", "--fail-on-warning"),
            *("--path", schema, "--output-path", Path(sys.argv[1]).absolute()),
            *("--config", PROJECT / "scripts" / "client.yaml"),
        )
    package = Path(sys.argv[1]).absolute() / "finley_client"
    shutil.copytree(
        PROJECT / "finley" / "remote",
        package / "remote",
        ignore=shutil.ignore_patterns("__pycache__"),
    )


def _run(*command: object) -> None:
    path = os.pathsep.join((str(PROGRAMS), os.environ.get("PATH", "")))
    process = subprocess.run(
        [str(word) for word in command],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        sys.exit(f"{process.stdout}{process.stderr}")


if __name__ == "__main__":
    main()
