"""Makes the rule for reading a guessed file's amounts, and the doubts about it."""

from collections.abc import Iterator

from graph.ingest.csv_dialect import Layout
from graph.ingest.doubts import Doubt
from graph.ingest.guessing.amount_columns import Money, nameless_amounts, rival_of
from graph.ingest.guessing.book import Book
from graph.ingest.guessing.profile import decimal_mark
from graph.ingest.guessing.reading_options import Choices
from graph.ingest.guessing.sample import Sample
from graph.ingest.mappings.mapping import AmountRule

_CONTINENTAL = {"EUR", "PLN", "SEK", "NOK", "DKK"}


def amount_rule(
    book: Book, shape: Layout, sample: Sample, choices: Choices
) -> tuple[AmountRule, list[Doubt]]:
    """Return the rule for reading amounts, and the doubts about decimal mark, column and
    direction."""
    mark, doubts = _decimal(book.money, shape, sample, choices)
    doubts.extend(_column_doubts(book.money, sample, choices))
    return _rule(book, mark, "." if mark == "," else ","), doubts


def _decimal(
    money: Money, shape: Layout, sample: Sample, choices: Choices
) -> tuple[str, list[Doubt]]:
    values = [value for column in money.columns for value in column.values]
    continental = shape.delimiter == ";" or sample.language in _CONTINENTAL
    mark, sure = decimal_mark(values, "," if continental else ".")
    if continental and sample.language not in _CONTINENTAL:  # a delimiter alone proves nothing
        sure = sure and decimal_mark(values, ".")[1]
    if choices.decimal:
        return choices.decimal, []
    if sure:
        return mark, []
    titles = " and ".join(repr(column.title) for column in money.columns)
    other = "," if mark == "." else "."
    text = f"no amount in {titles} shows which mark is the decimal one; read {mark!r}"
    return mark, [Doubt("decimal", text, "--decimal", (mark, other), 0.5, blocking=True)]


def _column_doubts(money: Money, sample: Sample, choices: Choices) -> Iterator[Doubt]:
    if money.column is not None and not sample.named_as_amount(money.column):
        others = [column.title for column in nameless_amounts(sample, money.column)]
        columns = " and ".join(map(repr, (money.column.title, *others)))
        text = f"no column is named like an amount; {columns} could be it"
        titles = (money.column.title, *others[:1])
        blocking = bool(others) and not choices.amount
        yield Doubt("amount", text, "--amount", titles, 0.8, blocking)
    if rival := rival_of(sample, money):
        both = (money.columns[0].title, rival.title)
        text = f"{rival.title!r} is named like an amount as {both[0]!r} is; read that"
        yield Doubt("amount", text, "--amount", both, 0.5, blocking=not choices.amount)


def _rule(book: Book, mark: str, thousands: str) -> AmountRule:
    money = book.money
    if money.debit and money.credit:
        return AmountRule(
            debit=money.debit.name,
            credit=money.credit.name,
            decimal=mark,
            thousands=thousands,
            unsigned=tuple(column.name for column in money.unsigned),
        )
    assert money.column is not None  # noqa: S101 - amount_columns gives one or both
    paid, received = book.words
    return AmountRule(
        money.column.name,
        decimal=mark,
        thousands=thousands,
        unsigned=tuple(column.name for column in money.unsigned),
        positive="payer_pays" if paid or received else book.positive,
        times=money.times.name if money.times else None,
        direction=book.direction.name if book.direction else None,
        paid=tuple(sorted(paid or ({"dr"} if received else ()))),
        received=tuple(sorted(received)),
    )
