"""Command options with which a person decides how an unknown file is read."""

from argparse import ArgumentParser
from typing import Any

from graph.ingest.guessing.reading_options import Choices
from graph.ingest.mappings.mapping import RECORDS


def add(parser: ArgumentParser) -> None:
    """Add the options to a command's parser; `choices_of` reads their values."""
    group = parser.add_argument_group("how to read a file without a known format")
    group.add_argument("--direction", choices=("in", "out"), help="what a positive amount is")
    group.add_argument("--date-order", choices=("day", "month"), help="what a date begins with")
    group.add_argument("--decimal", choices=(".", ","), help="the decimal mark")
    group.add_argument("--currency", metavar="CODE", type=str.upper, help="if the file states none")
    group.add_argument("--records", choices=RECORDS, help="what a row records")
    group.add_argument("--payee", metavar="COLUMN", help="the column that names the other side")
    group.add_argument("--amount", metavar="COLUMN", help="the column of the amount")
    group.add_argument("--date", metavar="COLUMN", help="the column of the date")
    group.add_argument("--document", metavar="COLUMN", help="the column of the document's number")


def choices_of(options: dict[str, Any]) -> Choices:
    return Choices(**{name: options.get(name) or "" for name in Choices.__dataclass_fields__})
