"""The wheel: what `pip wheel` puts into it, and what runs from it with no checkout near."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("finley", "graph", "syncjobs")
TOOLS = ("finley/demo/", "syncjobs/sandbox/")
# .venv points at the checkout through a finder of setuptools; without it there is the wheel alone.
ALONE = """
import runpy, sys
sys.meta_path = [f for f in sys.meta_path if not str(f.__module__).startswith("__editable__")]
"""
LOADS_ALL = """
import importlib, pkgutil, django
django.setup()
for package in ("finley", "graph", "syncjobs"):
    for module in pkgutil.walk_packages([f"{FOLDER}/{package}"], f"{package}."):
        if not module.name.endswith("__main__"):
            assert importlib.import_module(module.name).__file__.startswith(FOLDER), module.name
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built from a copy: setuptools writes into the folder that it builds."""
    source, wheels = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    for name in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source / name)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet")
    options = ("--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", wheels)
    subprocess.run([*pip, *options, source], check=True)
    (file,) = wheels.glob("finley-*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(installed: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Python code with the unpacked wheel in its path and the checkout out of it."""
    state = str(installed.parent / "state")
    return subprocess.run(
        [sys.executable, "-c", ALONE + code],
        env=os.environ
        | {"PYTHONPATH": str(installed), "FINLEY_STATE": state}
        | {"DJANGO_SETTINGS_MODULE": "finley.settings"},
        cwd=installed,
        capture_output=True,
        text=True,
        check=False,
    )


def test_holds_every_file_of_the_product_and_no_tool(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    files = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names == {name for name in files if not name.startswith(TOOLS)}
    assert {f"{package}/py.typed" for package in PACKAGES} <= names


def test_declares_the_networkx_backend(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        (points,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        text = archive.read(points).decode()
    assert "[networkx.backends]\nfinley = graph.engine.networkx.backend:BACKEND" in text


def test_every_module_loads_without_the_tools(installed: Path):
    process = run(installed, LOADS_ALL.replace("FOLDER", repr(str(installed))))
    assert process.returncode == 0, process.stderr


@pytest.mark.parametrize(
    ("command", "package"),
    [(["demo", "--no-serve"], "finley.demo"), (["sandbox"], "syncjobs.sandbox")],
)
def test_the_tools_say_that_they_are_missing(installed: Path, command: list[str], package: str):
    code = f"sys.argv = {['finley', *command]}; runpy.run_module('finley', run_name='__main__')"
    process = run(installed, code)
    assert process.returncode == 1
    assert process.stderr.splitlines() == [
        f"finley: `{command[0]}` is a development tool: its package {package} is not installed. "
        "Run it from a checkout of finley's repository."
    ]
