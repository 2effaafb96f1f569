"""`python scripts/modules.py [FOLDER ...]`: list the product's modules, each with what it is for.

What a module is for is the first sentence of its docstring. Tests and migrations are left out.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("graph", "syncjobs", "finley", "benchmarks", "scripts")


def main(folders: list[str]) -> None:
    """Print each folder's purpose, and below it a line for each of its modules."""
    for top in folders or FOLDERS:
        for folder in sorted({path.parent for path in modules(ROOT / top)}):
            print(f"\n{folder.relative_to(ROOT)}/  {purpose(folder / '__init__.py')}")
            for path in sorted(folder.glob("*.py")):
                if path.name != "__init__.py":
                    print(f"  {path.name:<30} {purpose(path)}")


def modules(top: Path) -> Iterator[Path]:
    """Yield the paths of the modules in `top` and below. Exits with a message if there is none."""
    paths = [
        path for path in top.rglob("*.py") if not {"migrations", "__pycache__"} & {*path.parts}
    ]
    if not paths:
        sys.exit(f"No modules in {top}")
    yield from paths


def purpose(path: Path) -> str:
    """Return the first sentence of the module's docstring in one line, "" without one."""
    text = ast.get_docstring(ast.parse(path.read_text())) if path.exists() else None
    first = " ".join((text or "").split("\n\n")[0].split())
    return re.split(r"(?<=[.!?]) (?=[A-Z])", first)[0]


if __name__ == "__main__":
    main(sys.argv[1:])
