"""The formats that come with finley: which there are, and which one a header is of."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from graph.ingest.mappings.from_toml import parse
from graph.ingest.mappings.mapping import Mapping


@cache
def ready() -> dict[str, Mapping]:
    """The formats that come with finley, by name."""
    folder = files("graph.ingest") / "formats"
    toml_files = sorted((file for file in folder.iterdir() if _is_toml(file)), key=lambda f: f.name)
    mappings = (parse(file.name, file.read_bytes()) for file in toml_files)
    return {mapping.name: mapping for mapping in mappings}


def _is_toml(file: Traversable) -> bool:
    return file.name.endswith(".toml")


def recognise(header: Sequence[str]) -> Mapping | None:
    """The ready format that asks for the most columns of those that find all theirs here."""
    fitting = [m for m in ready().values() if _recognises(m, header)]
    return max(fitting, key=lambda mapping: len(mapping.recognise), default=None)


def _recognises(mapping: Mapping, header: Sequence[str]) -> bool:
    return bool(mapping.recognise) and set(mapping.recognise) <= set(mapping.names(header))
