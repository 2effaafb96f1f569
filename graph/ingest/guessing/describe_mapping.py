"""Describes a mapping in words: how each column is read, how certain that is, and what is open."""

from collections.abc import Iterator

from graph.ingest.guessing.book import Book
from graph.ingest.guessing.profile import Column
from graph.ingest.guessing.sample import Sample
from graph.ingest.mappings.mapping import Mapping


def explain(mapping: Mapping) -> list[str]:
    """Return lines that say how a mapping reads a file, and what is not sure if it was guessed."""
    lines = mapping.evidence or tuple(_stated(mapping))
    return [*lines, *(f"not sure: {note}" for note in mapping.notes)]


def _stated(mapping: Mapping) -> Iterator[str]:
    money = mapping.amount
    yield f"date <- {mapping.date.column} ({' or '.join(mapping.date.formats)})"
    yield f"amount <- {money.column or f'{money.debit} less {money.credit}'}, {sense(mapping)}"
    for role, party in (("payer", mapping.payer), ("payee", mapping.payee)):
        yield f"{role} <- {party.kind} {party.name or repr(party.default)}"
    yield f"key <- {', '.join(mapping.key.columns) or 'every column'}"


def sense(mapping: Mapping) -> str:
    rule = mapping.amount
    if rule.debit:
        return "debit: the payer pays; credit: the payer is paid"
    if rule.paid or rule.received:
        where = repr(rule.direction) if rule.direction else "the amount's ending"
        return f"{where} says: {'/'.join(rule.paid)} paid, {'/'.join(rule.received)} received"
    if rule.positive == "payer_receives":
        return "positive: the payee pays the payer"
    return "positive: the payer pays the payee"


def evidence(sample: Sample, mapping: Mapping, book: Book) -> Iterator[str]:
    date, money = sample.of(mapping.date.column), mapping.amount
    formats = " or ".join(mapping.date.formats)
    sure = _sure(sample.confidence("date"))
    yield f"date <- {date.title!r} ({_of(date.dates.hits, date)}: {formats}; {sure})"
    for role, name in (("amount", money.column), ("debit", money.debit), ("credit", money.credit)):
        if name:
            column = sample.of(name)
            hits, sure = _of(column.money_hits(money.decimal), column), _sure(sample.surety(column))
            yield f"{role} <- {column.title!r} ({hits}; {sure})"
    because = f" ({'; '.join(book.why)})" if book.why else ""
    yield f"direction: {sense(mapping)}; {_sure(book.confidence)}{because}"
    for role, party in (("payer", mapping.payer), ("payee", mapping.payee)):
        names = [sample.of(name).title for name in (party.name, *party.or_else) if name]
        where = " or else ".join(
            [*map(repr, names), *([repr(party.default)] if party.default else [])]
        )
        keys = "".join(f", {kind} {sample.of(column).title!r}" for kind, column in party.keys)
        yield f"{role} <- {party.kind} {where}{keys}"
        if party.received:
            titles = " or else ".join(repr(sample.of(name).title) for name in party.received)
            yield f"{role} where we are paid <- {titles}"
    for field, name in mapping.fields.items():
        yield f"{field} <- {sample.of(name).title!r}"
    for name in mapping.publication:
        yield f"publication <- {sample.of(name).title!r}"
    if mapping.currency:
        yield f"currency <- {mapping.currency}"
    yield f"records <- {mapping.recorded}"
    yield _key_line(sample, mapping)


def _key_line(sample: Sample, mapping: Mapping) -> str:
    if not mapping.key.columns:
        return "key <- the row's content"
    title = sample.of(mapping.key.columns[0]).title
    return f"key <- {title!r}, or the row's content where that is short"


def _sure(confidence: float) -> str:
    return f"confidence {confidence:.2f}"


def _of(hits: int, column: Column) -> str:
    blank = column.rows - len(column.values)
    parse = f"{hits:,} of {len(column.values):,} parse"
    return parse + (f", {blank:,} are blank" if blank else "")
