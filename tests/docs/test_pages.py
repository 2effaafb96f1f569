"""The pages name what is there: commands and options, modules, files, settings, URLs, links."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand
from django.urls import Resolver404, resolve

ROOT = Path(__file__).resolve().parents[2]
# The rows of docs/decisions are of their day: what they name may have moved since.
PAGES = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
        *(page for page in (ROOT / "docs").rglob("*.md") if "decisions" not in page.parts),
    ]
)
TOYS = (
    "large_payment",
    "roundness",
    "round_amounts",
    "notebox",
    "harbour",
    "dot.py",
    "relationship_types",
)
ATTRIBUTES = ("finley.request_id",)  # of a trace's span
UNTRACKED = ("docker/.env", "finley/web/static/web/vendor/")  # a person or `make assets` makes it
PLACES = ("finley/", "graph/", "syncjobs/", "tests/", "benchmarks/", "docs/", "docker/", "scripts/")
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def blocks(page: Path, *languages: str) -> Iterator[str]:
    for language, code in re.findall(r"```(\w+)\n(.*?)```", page.read_text(), re.DOTALL):
        if language in languages:
            yield code


def commands(page: Path) -> Iterator[list[str]]:
    """The words after `manage.py` in each shell line of the page."""
    for block in blocks(page, "sh", "console", "text"):
        lines = [line.removeprefix("$ ") for line in block.replace("\\\n", " ").splitlines()]
        for line in lines:
            if match := re.search(r"(?:^|python )manage\.py (.*)", line):
                yield shlex.split(match[1].split(" | ")[0], comments=True)


@cache
def command(name: str) -> BaseCommand:
    app = get_commands()[name]
    return app if isinstance(app, BaseCommand) else load_command_class(app, name)


@every_page
def test_commands_and_their_options_are_known(page: Path):
    for name, *words in commands(page):
        parser = command(name).create_parser("manage.py", name)
        known_options = set(re.findall(r"--[a-z][a-z-]*", parser.format_help()))
        for choices in (a.choices for a in parser._actions if isinstance(a.choices, dict)):
            for sub in choices.values():
                known_options |= set(re.findall(r"--[a-z][a-z-]*", sub.format_help()))
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert options <= known_options, name


@every_page
def test_make_targets_are_there(page: Path):
    text = " ".join(
        [*blocks(page, "sh", "console"), *re.findall(r"`(make [^`]*)`", page.read_text())]
    )
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z][a-z-]+)", text)) <= targets


@every_page
def test_files_and_modules_are_there(page: Path):
    names = re.findall(r"`([\w./*-]+)`", page.read_text())
    for name in (name for name in names if not any(toy in name for toy in TOYS)):
        if name.startswith(PLACES) and name not in UNTRACKED:
            assert list(ROOT.glob(name.rstrip("/"))), f"{page.name} names the file {name}"
        elif name not in ATTRIBUTES and re.fullmatch(
            r"(finley|graph|syncjobs|benchmarks)(\.\w+)+", name
        ):
            assert is_there(name), f"{page.name} names {name}"


def is_there(name: str) -> bool:
    """A module, or a name in one."""
    try:
        if find_spec(name):
            return True
    except ModuleNotFoundError:
        pass
    module, _, attribute = name.rpartition(".")
    try:
        spec = find_spec(module)
    except ModuleNotFoundError:
        return False
    return bool(
        spec and spec.origin and re.search(rf"\b{attribute}\b", Path(spec.origin).read_text())
    )


@every_page
def test_python_blocks_compile_and_import_what_is_there(page: Path):
    for code in blocks(page, "python"):
        if "how-to" in page.parts:
            continue  # really run: test_how_to.py
        compile(code, str(page), "exec")
        for module, names in re.findall(r"^from ([\w.]+) import ([\w, ]+)$", code, re.MULTILINE):
            for name in names.split(", "):
                assert is_there(f"{module}.{name}"), f"{module}.{name}"


@every_page
def test_links_lead_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[\w-]*)?\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_command_is_in_the_table():
    table = (ROOT / "docs" / "commands.md").read_text()
    own = {name for name, app in get_commands().items() if app in {"finley", "graph", "syncjobs"}}
    djangos = {"migrate", "createsuperuser", "changepassword"}
    pairs = set(re.findall(r"manage\.py ([a-z_]+)(?:\\\|([a-z_]+))?", table))
    assert own - djangos == {name for pair in pairs for name in pair if name}


def test_every_url_is_in_the_table():
    table = (ROOT / "docs" / "api.md").read_text()
    graph_rows, sync_rows = table.split("## Uploads, people")
    ids = ("00000000-0000-0000-0000-000000000000", "1")
    for prefix, rows in (("/api/v1/graph/", graph_rows), ("/api/v1/", sync_rows)):
        cells = "\n".join(row.split(" | ")[0] for row in rows.splitlines() if row.startswith("|"))
        for name in re.findall(r"`(?:(?:GET|POST|PUT) )?([a-z][\w/<>-]*/)`", cells):
            paths = [prefix + re.sub(r"<\w+>", one, name) for one in ids]
            assert any(map(is_served, paths)), f"docs/api.md names {paths[0]}"


def is_served(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def test_every_setting_is_in_the_table():
    table = (ROOT / "docs" / "settings.md").read_text()
    settings = (ROOT / "finley" / "settings.py").read_text()
    read = set(re.findall(r'environment\.\w+\(\s*"([A-Z_]+)"', settings))
    assert {name for name in read if f"`{name}`" not in table} <= {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",  # in docs/monitoring.md
        "OTEL_SERVICE_NAME",
    }


def test_the_site_builds_strictly():
    process = subprocess.run(
        [Path(sys.executable).with_name("zensical"), "build", "--strict"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stdout


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150
