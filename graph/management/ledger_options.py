"""The options by which a person decides how a file is read that no format knows."""

from argparse import ArgumentParser
from typing import Any

from graph.ingest.guessing.choices import Choices
from graph.ingest.mappings.mapping import RECORDS


def add(parser: ArgumentParser) -> None:
    """Add them to a command's parser; `choices_of` reads what was given."""
    group = parser.add_argument_group("how a file is read that no format knows")
    group.add_argument("--direction", choices=("in", "out"), help="what a positive amount is")
    group.add_argument("--date-order", choices=("day", "month"), help="what a date begins with")
    group.add_argument("--decimal", choices=(".", ","), help="the decimal mark")
    group.add_argument("--currency", metavar="CODE", type=str.upper, help="where none is stated")
    group.add_argument("--records", choices=RECORDS, help="what a row records")
    group.add_argument("--payee", metavar="COLUMN", help="the column that names the other side")
    group.add_argument("--amount", metavar="COLUMN", help="the column of the amount")
    group.add_argument("--date", metavar="COLUMN", help="the column of the date")


def choices_of(options: dict[str, Any]) -> Choices:
    return Choices(**{name: options.get(name) or "" for name in Choices.__dataclass_fields__})
