"""The limits of CONTRIBUTING.md: few modules a folder, short modules, short functions."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from scripts.modules import purpose

PROJECT = Path(__file__).resolve().parents[1]
PACKAGES = ("finley", "graph", "syncjobs", "benchmarks", "scripts", "tests")
PRODUCT = ("finley", "graph", "syncjobs")
MOST_MODULES = 25  # a folder, without __init__.py
MOST_LINES = 400  # a module
LONGEST_FUNCTION = 40  # lines


def modules(*packages: str) -> Iterator[Path]:
    for package in packages:
        for path in sorted((PROJECT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def test_a_folder_has_few_modules():
    count = Counter(path.parent for path in modules(*PACKAGES) if path.stem != "__init__")
    assert {str(folder): n for folder, n in count.items() if n > MOST_MODULES} == {}


def test_a_module_is_short():
    lengths = {str(path): len(path.read_text().splitlines()) for path in modules(*PACKAGES)}
    assert {path: n for path, n in lengths.items() if n > MOST_LINES} == {}


def test_a_module_says_what_it_is_for():
    silent = [str(path) for path in modules(*PRODUCT) if path.read_text() and not purpose(path)]
    assert silent == []


def test_a_function_is_short():
    long = {
        f"{path}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path in modules(*PRODUCT)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
        if node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    }
    assert long == {}
