"""The generic format: a mapping guessed from a file's header and a sample of its values."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from hashlib import blake2b
from itertools import islice
from pathlib import Path

from graph.errors import LedgerError
from graph.ingest.book_kinds import Book, book
from graph.ingest.columns import canonical
from graph.ingest.csv_dialect import Layout, body, layout
from graph.ingest.mapping import AmountRule, DateRule, FileRule, KeyRule, Mapping
from graph.ingest.profile import Column, dates, decimal_mark
from graph.ingest.records import Record, fits
from graph.ingest.sample import Sample

PREAMBLE = 30  # records in which to look for the header
_DIRECTIONS = frozenset(
    (
        "debit",
        "credit",
        "dr",
        "cr",
        "d",
        "c",
        "in",
        "out",
        "refund",
        "refunded",
        "withdrawal",
        "deposit",
    )
)


class GuessError(LedgerError):
    """No mapping can be guessed: says what was not found, and which columns there are."""


def guess(path: Path, sample_rows: int = 1000) -> Mapping:
    """The likeliest mapping of a file that no format recognises.

    Its `evidence` and `notes` say what it was made from (see explain). Raises GuessError, and
    LedgerFileError for a file that cannot be read at all.
    """
    shape = _found_header(path)
    sample = _sampled(path, shape, sample_rows)
    _must_have(path, sample)
    chosen = book(sample, _own_name(path))
    date, month_notes = _date(sample)
    amount, amount_notes = _amount(sample, chosen, shape)
    currency, currency_notes = _currency(sample, amount)
    key, key_line = _key(sample)
    mapping = Mapping(
        name="generic",
        title=f"{path.name}, guessed as {chosen.title}",
        source=f"generic.{_fingerprint(sample)}",
        platform=chosen.platform,
        date=date,
        amount=amount,
        payer=chosen.payer,
        payee=chosen.payee,
        currency=currency,
        file=FileRule(shape.encoding, shape.delimiter, header_line=shape.line),
        key=key,
        publication=(sample.publication.name,) if sample.publication else (),
        fields=_fields(sample),
        notes=(
            *chosen.notes,
            *month_notes,
            *amount_notes,
            *currency_notes,
            *_unused(sample, amount),
        ),
    )
    return replace(mapping, evidence=(*_evidence(sample, mapping), key_line))


def explain(mapping: Mapping) -> list[str]:
    """What a mapping does with a file, a line each, and what a guess is not sure of."""
    lines = mapping.evidence or tuple(_stated(mapping))
    return [*lines, *(f"not sure: {note}" for note in mapping.notes)]


def _stated(mapping: Mapping) -> Iterator[str]:
    money = mapping.amount
    yield f"date <- {mapping.date.column} ({' or '.join(mapping.date.formats)})"
    yield f"amount <- {money.column or f'{money.debit} less {money.credit}'}, {_sense(mapping)}"
    for role, party in (("payer", mapping.payer), ("payee", mapping.payee)):
        yield f"{role} <- {party.kind} {party.name or repr(party.default)}"
    yield f"key <- {', '.join(mapping.key.columns) or 'every column'}"


def _sense(mapping: Mapping) -> str:
    if mapping.amount.debit:
        return "debit: the payer pays; credit: the payer is paid"
    if mapping.amount.positive == "payer_receives":
        return "positive: the payee pays the payer"
    return "positive: the payer pays the payee"


def _evidence(sample: Sample, mapping: Mapping) -> Iterator[str]:
    date, money = sample.of(mapping.date.column), mapping.amount
    formats = " or ".join(mapping.date.formats)
    yield f"date <- {date.title!r} ({_of(date.dates.hits, date)}: {formats})"
    for role, name in (("amount", money.column), ("debit", money.debit), ("credit", money.credit)):
        if name:
            column = sample.of(name)
            hits = _of(column.money_hits(money.decimal), column)
            yield f"{role} <- {column.title!r} ({hits})"
    yield f"direction: {_sense(mapping)}"
    for role, party in (("payer", mapping.payer), ("payee", mapping.payee)):
        default = f"{party.default!r}" if party.default else ""
        named = sample.of(party.name).title if party.name else ""
        where = " or else ".join(filter(None, (named and repr(named), default)))
        keys = "".join(f", {kind} {sample.of(column).title!r}" for kind, column in party.keys)
        yield f"{role} <- {party.kind} {where}{keys}"
    for field, name in mapping.fields.items():
        yield f"{field} <- {sample.of(name).title!r}"
    for name in mapping.publication:
        yield f"publication <- {sample.of(name).title!r}"
    if mapping.currency:
        yield f"currency <- {mapping.currency}"


def _of(hits: int, column: Column) -> str:
    blank = column.rows - len(column.values)
    parse = f"{hits:,} of {len(column.values):,} parse"
    return parse + (f", {blank:,} are blank" if blank else "")


def _found_header(path: Path) -> Layout:
    """The layout by the first line that looks like a header: as wide as the rest, all words."""
    shape = layout(path, FileRule())
    first = Record(shape.line, "", list(shape.header), None)
    nearby = [first, *islice(body(path, replace(shape, header=()), None), PREAMBLE)]
    wide = Counter(len(r.cells) for r in nearby if r.cells and any(map(str.strip, r.cells)))
    usual = max(wide, key=lambda width: (wide[width], width))
    for record in nearby:
        if record.cells and len(record.cells) == usual and _looks_like_names(record.cells):
            if record.line == shape.line:
                return shape
            return layout(path, FileRule(shape.encoding, shape.delimiter, True, record.line))
    raise GuessError(
        f"{path.name}: no line near the top looks like column names (line {shape.line} is "
        f"{', '.join(shape.header[:6])}); add a header, or write a mapping (docs/formats.md)"
    )


def _looks_like_names(cells: list[str]) -> bool:
    named = [cell.strip() for cell in cells if cell.strip()]
    column = Column(0, "", "", tuple(named), len(named))
    numbers = column.money_hits(".") + column.dates.hits
    return len(named) >= max(2, 0.6 * len(cells)) and numbers == 0


def _sampled(path: Path, shape: Layout, rows: int) -> Sample:
    table = list(islice(_rows(path, shape), rows))
    names = canonical(shape.header, {})
    columns = tuple(
        Column(at, name, title, tuple(c[at] for c in table if c[at]), len(table))
        for at, (name, title) in enumerate(zip(names, shape.header, strict=True))
    )
    return Sample(columns, tuple(map(tuple, table)))


def _rows(path: Path, shape: Layout) -> Iterator[list[str]]:
    """The rows that are as wide as the header and not blank, stripped."""
    for record in body(path, shape):
        if record.cells and fits(record.cells, len(shape.header)) and "".join(record.cells).strip():
            yield [cell.strip() for cell in record.cells]


def _must_have(path: Path, sample: Sample) -> None:
    if not sample.rows:
        raise GuessError(f"{path.name} has a header and no row to guess by")
    missing = []
    if sample.date is None:
        missing.append("a date")
    if sample.amount is None and sample.debit_credit is None:
        missing.append("an amount (or a debit and a credit)")
    if not sample.has_party:
        missing.append("a party (supplier, payee, customer, employee, counterparty or description)")
    if missing:
        titles = ", ".join(repr(column.title) for column in sample.columns)
        raise GuessError(
            f"{path.name}: found no column that is {' nor '.join(missing)}; it has {titles}. "
            "Write a mapping (docs/formats.md) and name it with --mapping"
        )


def _own_name(path: Path) -> str:
    """'bank_2024-01.csv.gz' → 'bank 2024-01'."""
    stem = re.sub(r"(\.(csv|tsv|txt|gz|zst))+$", "", path.name, flags=re.IGNORECASE)
    stem = re.sub(r"[\W_]*(?:[0-9][\W_]*)+$", "", stem) or stem
    return re.sub(r"[_\s]+", " ", stem).strip() or path.name


def _fingerprint(sample: Sample) -> str:
    """The same for every file of one layout, whatever the order of its columns."""
    names = "\n".join(sorted(column.name for column in sample.columns))
    return blake2b(names.encode(), digest_size=4).hexdigest()


def _date(sample: Sample) -> tuple[DateRule, list[str]]:
    column = sample.date
    assert column is not None  # noqa: S101 - _must_have has seen to it
    found = dates(column.values, month_first=sample.currency_hint == "USD")
    notes = []
    if found.unsure:
        order = "month first" if found.formats[0].startswith("%m") else "day first"
        notes.append(f"every date in {column.title!r} could be day or month first; read {order}")
    if not sample.named("date", column):
        notes.append(f"no column is named like a date; {column.title!r} holds dates")
    return DateRule(column.name, found.formats), notes


def _amount(sample: Sample, chosen: Book, shape: Layout) -> tuple[AmountRule, list[str]]:
    columns = [sample.amount] if chosen.debit_credit is None else list(chosen.debit_credit)
    used = [column for column in columns if column is not None]
    values = [value for column in used for value in column.values]
    mark, sure = decimal_mark(values, "," if shape.delimiter == ";" else ".")
    notes = []
    if not sure:
        titles = " and ".join(repr(column.title) for column in used)
        notes.append(f"no amount in {titles} shows which mark is the decimal one; read {mark!r}")
    notes += _direction_notes(sample, used)
    thousands = "." if mark == "," else ","
    if chosen.debit_credit:
        debit, credit = used
        return AmountRule(None, debit.name, credit.name, mark, thousands), notes
    if not sample.named("amount", used[0]):
        notes.append(f"no column is named like an amount; {used[0].title!r} holds amounts")
    return AmountRule(used[0].name, None, None, mark, thousands, chosen.positive), notes


def _direction_notes(sample: Sample, used: list[Column]) -> Iterator[str]:
    """A column that tells debits from credits, beside amounts without a sign."""
    if len(used) != 1 or any("-" in v or "(" in v for v in used[0].values):
        return
    for column in sample.columns:
        kinds = {value.casefold() for value in column.values}
        if len(kinds) > 1 and len(kinds) <= 6 and kinds & _DIRECTIONS:
            yield (
                f"{column.title!r} seems to say which way the money goes "
                f"({', '.join(sorted(kinds))}) and no amount is negative: all are read one way"
            )


def _currency(sample: Sample, amount: AmountRule) -> tuple[str | None, list[str]]:
    if sample.currency is not None and sample.currency.filled == 1:
        return None, []
    hint = sample.currency_hint
    return (hint, []) if hint else ("GBP", ["no currency is stated: read as GBP"])


def _key(sample: Sample) -> tuple[KeyRule, str]:
    """By the header alone, so that every file of one layout is keyed by one rule."""
    column = sample.best("id")
    ignored = tuple(c.name for c in sample.columns if sample.named("balance", c))
    if column is None:
        return KeyRule((), content=True, ignore=ignored), "key <- the row's content"
    line = f"key <- {column.title!r}, or the row's content where that is short"
    return KeyRule((column.name,), content=True, ignore=ignored), line


def _fields(sample: Sample) -> dict[str, str]:
    found = {
        "document_ref": sample.document,
        "due_on": sample.due,
        "description": sample.description,
        "currency": sample.currency,
    }
    return {field: column.name for field, column in found.items() if column is not None}


def _unused(sample: Sample, amount: AmountRule) -> Iterator[str]:
    """Other money of the row: fees and refunds stay in its data."""
    for column in sample.columns:
        spoken = {"fee", "fees", "refund", "refunded", "vat", "tax", "tip"} & set(
            column.name.split("_")
        )
        used = column.name in {amount.column, amount.debit, amount.credit}
        if spoken and not used and column.values and column.is_money:
            yield f"{column.title!r} is not counted; it stays in the row's data"
