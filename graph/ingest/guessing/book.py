"""What kind of book a file is: who pays whom in it, and how certain that is."""

from dataclasses import dataclass, field, replace

from graph.ingest.doubts import Doubt
from graph.ingest.guessing.amount_columns import Money
from graph.ingest.guessing.direction import Direction
from graph.ingest.guessing.profile import Column
from graph.ingest.mappings.mapping import PartyRule, RecordsRule

SURE, STATED = 0.75, 0.95  # below the first nothing is imported; below the second a doubt is stated


@dataclass(frozen=True)
class Book:
    """The kind of book that a file is, such as a bank statement: who pays whom, by which columns.

    `positive` and `records` are as in a mapping. `words` are the words of the column `direction`
    that mean paid and received.
    """

    title: str
    platform: str
    payer: PartyRule
    payee: PartyRule
    money: Money
    records: RecordsRule | str | None = "payment"
    positive: str = "payer_pays"
    direction: Column | None = None
    words: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
    confidence: float = 1.0
    doubts: tuple[Doubt, ...] = ()
    why: tuple[str, ...] = field(default=())


def directed(book: Book, way: Direction) -> Book:
    """Return the book with this direction, and with a doubt about the direction if it is not
    sure."""
    positive = "payer_receives" if way.comes_in else "payer_pays"
    book = replace(book, positive=positive, confidence=way.confidence, why=way.why)
    if way.confidence >= STATED:
        return book
    column = book.money.column
    assert column is not None  # noqa: S101 - only one column has a direction to ask for
    if column.signed:
        words = "money in" if way.comes_in else "money out"
        text = (
            f"nothing proves what the sign of {column.title!r} means: "
            f"a positive amount is read as {words}"
        )
    else:
        words = "received" if way.comes_in else "paid"
        text = f"every amount is positive: all are read as money {words}"
    values = ("in", "out") if way.comes_in else ("out", "in")
    doubt = Doubt("direction", text, "--direction", values, way.confidence, way.confidence < SURE)
    return replace(book, doubts=(*book.doubts, doubt))
