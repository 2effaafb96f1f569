"""Guesses the mapping of a file from its header and a sample of its values."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import islice
from pathlib import Path

from graph.ingest.csv_dialect import Layout
from graph.ingest.doubts import Doubt
from graph.ingest.guessing import header
from graph.ingest.guessing.amount_rule import amount_rule
from graph.ingest.guessing.book import SURE, Book
from graph.ingest.guessing.book_kinds import book
from graph.ingest.guessing.currency import BY_COUNTRY, Usual, currency_of, is_only_a_sign
from graph.ingest.guessing.date_order import Order, order_of, rival_date
from graph.ingest.guessing.describe_mapping import evidence
from graph.ingest.guessing.header import GuessError, MissingError
from graph.ingest.guessing.headerless import with_roles
from graph.ingest.guessing.key_rule import key_rule
from graph.ingest.guessing.party_columns import PARTY, account_above, descriptions, has_party
from graph.ingest.guessing.profile import Column
from graph.ingest.guessing.reading_options import NONE, Choices
from graph.ingest.guessing.sample import Sample
from graph.ingest.guessing.title_scores import likeness
from graph.ingest.guessing.vocabulary import BALANCE_ROW, UNPAID, UNSETTLED, plain
from graph.ingest.mappings.column_names import canonical, squash
from graph.ingest.mappings.mapping import AmountRule, DateRule, FileRule, Mapping, SkipRule
from graph.ingest.parse_cells import LABELLED, unlabelled

__all__ = ["GuessError", "guess"]

NO_BOOKS: Dictionary[str, str] = {}
DATES_SURE = 0.92  # more than a currency and a guess at what a month is: a wrong day stays unseen


def guess(
    path: Path,
    sample_rows: int = 1000,
    choices: Choices = NONE,
    usual: Dictionary[str, str] = NO_BOOKS,
) -> Mapping:
    """Return the most likely mapping of a file that no format recognises.

    `usual` has the currency of each of the tenant's sources with a single currency, and of all
    sources under "". The mapping's `evidence`, `notes` and `doubts` say what it is based on and
    what is open. Raises GuessError, and LedgerFileError for a file that cannot be read at all.
    """
    place = header.found(path)
    shape = place.shape
    sample = _sampled(path, shape, sample_rows, place.above, choices)
    if not sample.rows:
        raise GuessError(f"{path.name} has a header and no row to guess by")
    sample, header_doubts = with_roles(sample, choices) if not shape.line else (sample, ())
    own_book = _book(path, sample, choices)
    column = sample.role("date")
    assert column is not None  # noqa: S101 - _book has seen to it
    source = _source(sample)
    earlier = Usual(usual.get(source, ""), usual.get("", ""))
    units = _units(sample, own_book, column, choices, earlier)
    amount, amount_doubts = amount_rule(own_book, shape, sample, choices)
    dates = _date_doubts(sample, column, units.order, path)
    skipped = _skip_doubts(sample, _void(own_book))
    rest = (*amount_doubts, *units.doubts, *_unused(sample, amount), *skipped)
    doubts = (*header_doubts, *own_book.doubts, *dates, *rest)
    mapping = replace(
        _mapping(sample, own_book, column, units, amount),
        title=f"{path.name}, guessed as {own_book.title}",
        file=FileRule(
            shape.encoding, shape.delimiter, header_line=shape.line, labels=sample.labels
        ),
    )
    return _with_doubts(mapping, sample, own_book, doubts, choices)


def _with_doubts(
    mapping: Mapping, sample: Sample, own_book: Book, doubts: tuple[Doubt, ...], choices: Choices
) -> Mapping:
    """Return the mapping with its doubts, and with the evidence that it is based on."""
    notes = tuple(doubt.text for doubt in doubts)
    mapping = replace(mapping, notes=notes, doubts=doubts, decided=choices)
    return replace(mapping, evidence=tuple(evidence(sample, mapping, own_book)))


def _mapping(
    sample: Sample, own_book: Book, date: Column, units: "_Units", amount: AmountRule
) -> Mapping:
    return Mapping(
        name="generic",
        title=own_book.title,
        source=_source(sample),
        platform=own_book.platform,
        date=DateRule(date.name, units.order.formats),
        amount=amount,
        payer=own_book.payer,
        payee=own_book.payee,
        currency=units.currency,
        key=key_rule([(c.name, c.title) for c in sample.columns], account_above(sample.above)),
        publication=_publication(sample),
        fields=_fields(sample, own_book, units.column),
        records=own_book.records,
        skip=tuple(_skips(sample, _void(own_book))),
    )


@dataclass(frozen=True, slots=True)
class _Units:
    """The currency (a constant, a column, or both), the order of day and month, and doubts."""

    currency: str | None
    column: Column | None
    order: Order
    doubts: tuple[Doubt, ...]


def _units(sample: Sample, own_book: Book, date: Column, choices: Choices, usual: Usual) -> _Units:
    """Return the currency of the amounts, and whether dates have the day or the month first.

    A certain currency is evidence for the order. If nothing shows the currency, dates that surely
    have the month first are evidence for US dollars.
    """
    currency, column, doubts = currency_of(sample, own_book, choices, usual)
    certain_currency = currency if not doubts else None
    if column is not None and column.distinct == 1:
        certain_currency = column.values[0].upper()
    order = order_of(sample, date, certain_currency, choices.date_order)
    is_open = bool(doubts) and doubts[0].confidence < BY_COUNTRY
    if is_open and order.month_first and order.confidence > SURE:
        return _Units("USD", column, order, _dollars(order))
    is_sign = currency == "USD" and not choices.currency and is_only_a_sign(own_book)
    if is_sign and _is_day_first(order):
        doubts = (*doubts, _other_dollars())
    return _Units(currency, column, order, doubts)


def _is_day_first(order: Order) -> bool:
    return not order.ambiguous and any(form.startswith("%d/%m") for form in order.formats)


def _other_dollars() -> Doubt:
    text = "'$' is read as USD, but its dates (d/m/y) are not American"
    return Doubt("currency", text, "--currency", ("USD", "AUD"), 0.5, blocking=True)


def _sampled(
    path: Path, shape: Layout, count: int, above: tuple[str, ...], choices: Choices
) -> Sample:
    table = tuple(tuple(row) for row in islice(header.rows(path, shape), count + 1))
    is_whole, table = len(table) <= count, table[:count]
    names = canonical(shape.header, {})
    titles_of, table, labels = _unlabelled(shape.header, table)
    columns = tuple(
        Column(at, name, title, tuple(row[at] for row in table if row[at]), len(table))
        for at, (name, title) in enumerate(zip(names, titles_of, strict=True))
    )
    titles = {
        "counterparty": choices.payee,
        "date": choices.date,
        "document": choices.document,
    }
    forced = {role: _column(columns, title) for role, title in titles.items() if title}
    return Sample(columns, table, own_name(path), above, forced, labels, is_whole)


def _unlabelled(
    header: Sequence[str], table: tuple[tuple[str, ...], ...]
) -> tuple[list[str], tuple[tuple[str, ...], ...], tuple[str, ...]]:
    """Return (titles, rows, labels) in which labels are titles of nameless columns.

    A label is the text before a colon with which most cells of such a column begin. It is removed
    from the cells.
    """
    titles, labels = list(header), set()
    places = [at for at, title in enumerate(header) if not title.strip()]
    for at in places:
        cells = [LABELLED.fullmatch(row[at]) for row in table if row[at]]
        names = [match[1] for match in cells if match]
        if len(names) == len(cells) > 0 and len(set(names)) <= 1 + len(names) // 2:
            titles[at] = Counter(names).most_common(1)[0][0]
            labels.update(names)
    if not labels:
        return titles, table, ()
    rows = tuple(
        tuple(unlabelled(cell, labels) if at in places else cell for at, cell in enumerate(row))
        for row in table
    )
    return titles, rows, tuple(sorted(labels))


def _column(columns: tuple[Column, ...], title: str) -> str:
    for column in columns:
        if squash(title) in {squash(column.title), squash(column.name)}:
            return column.name
    titles = ", ".join(repr(column.title) for column in columns)
    raise GuessError(f"no column is called {title!r}; there are {titles}")


def own_name(path: Path) -> str:
    """Return the account's name in the file's name, which is the same for the file of every month.

    'bank_2024-01.csv.gz' → 'bank'.
    """
    stem = re.sub(r"(\.(csv|tsv|txt|gz|zst))+$", "", path.name, flags=re.IGNORECASE)
    stem = re.sub(r"[\W_]*(?:[0-9][\W_]*)+$", "", stem) or stem
    return re.sub(r"[_\s]+", " ", stem).strip() or path.name


def _source(sample: Sample) -> str:
    return f"generic.{layout_of(column.name for column in sample.columns)}"


def layout_of(names: Iterable[str]) -> str:
    """Return a hash of the columns' canonical names, the same for files with these columns in any
    order."""
    return blake2b("\n".join(sorted(names)).encode(), digest_size=4).hexdigest()


def _book(path: Path, sample: Sample, choices: Choices) -> Book:
    """Return the kind of book. Raises GuessError, which names every column that is missing."""
    forced = _column(sample.columns, choices.amount) if choices.amount else ""
    missing = [] if sample.role("date") else ["a date"]
    try:
        guessed = book(sample, sample.file_name, replace(choices, amount=forced))
    except MissingError as error:
        missing.append(str(error))
        if error.what == "amount" and not has_party(sample):
            missing.append(PARTY)
    except GuessError as error:
        raise GuessError(f"{path.name}: {error}") from None
    if missing:
        raise _missing(path, sample, missing)
    return guessed


def _missing(path: Path, sample: Sample, missing: list[str]) -> GuessError:
    titles = ", ".join(repr(column.title) for column in sample.columns)
    hint = ""
    if "a date" in missing and (
        dated := [c for c in sample.columns if "date" in c.name and c.values]
    ):
        first = dated[0]
        hint = f" ({first.title!r} holds {first.values[0]!r}, which is no date that is known)"
    return GuessError(
        f"{path.name}: found no column that is {' nor '.join(missing)}{hint}; it has {titles}. "
        "Name a column with --date, --amount or --payee, or write a mapping (docs/formats.md)"
    )


def _date_doubts(sample: Sample, column: Column, order: Order, path: Path) -> Iterator[Doubt]:
    if order.ambiguous and order.confidence < 0.97:
        first, second = ("month", "day") if order.month_first else ("day", "month")
        because = f" ({order.why})" if order.why else ""
        yield Doubt(
            "date",
            f"every date in {column.title!r} could be day or month first; "
            f"read {first} first{because}",
            "--date-order",
            (first, second),
            order.confidence,
            order.confidence < DATES_SURE,
        )
    if other := rival_date(sample, column):
        text = f"{other.title!r} is named like a date as {column.title!r} is; read that"
        both = (column.title, other.title)
        blocking = "date" not in sample.forced
        yield Doubt("date", text, "--date", both, 0.5, blocking)
    if not sample.named("date", column):
        text = f"no column is named like a date; {column.title!r} holds dates"
        yield Doubt("date", text, "--date", (column.title,), 0.8)


def _dollars(order: Order) -> tuple[Doubt, ...]:
    text = "no currency is stated: read as USD, for its dates (m/d/y) are American"
    return (Doubt("currency", text, "--currency", ("USD",), 0.9),)


def _publication(sample: Sample) -> tuple[str, ...]:
    column = sample.role("publication")
    return (column.name,) if column and column.filled == 1 else ()


def _fields(sample: Sample, own_book: Book, currency: Column | None) -> dict[str, str]:
    texts = [c for c in descriptions(sample) if likeness("description", c.title) > 0]
    columns = {
        "document_ref": sample.role("document"),
        "due_on": sample.role("due"),
        "description": sample.role("description") or (texts[0] if texts else None),
        "currency": currency,
    }
    return {field: column.name for field, column in columns.items() if column is not None}


def _skips(sample: Sample, void: frozenset[str]) -> Iterator[SkipRule]:
    """Yield rules that skip rows which moved no money, and rows which state a balance or a
    total."""
    status = sample.role("status")
    if status:
        statuses = {value.casefold() for value in status.values if plain(value) in void}
        reason = "such a row has moved no money (yet)"
        yield SkipRule(status.name, reason, tuple(sorted(statuses | void)))
    if sample.closing:
        yield SkipRule(sample.closing, "a balance is no payment", ("",))
    for column in sample.columns:
        if column.texty and any(BALANCE_ROW.match(value) for value in column.values):
            yield SkipRule(column.name, "a balance or a total is no payment", (), BALANCE_ROW)


def _void(own_book: Book) -> frozenset[str]:
    """Return the statuses of rows that moved no money. An invoice counts even if nobody has paid
    it."""
    return UNSETTLED - UNPAID if own_book.records == "obligation" else UNSETTLED


def _skip_doubts(sample: Sample, void: frozenset[str]) -> Iterator[Doubt]:
    status = sample.role("status")
    statuses = sorted({v for v in status.values if plain(v) in void}) if status else []
    if status and statuses:
        text = (
            f"rows whose {status.title!r} is {', '.join(statuses)} moved no money and are rejected"
        )
        yield Doubt("status", text, "", (), 0.97)


def _unused(sample: Sample, amount: AmountRule) -> Iterator[Doubt]:
    """Yield doubts about other amounts in a row, such as fees and refunds, which stay in its
    data."""
    for column in sample.columns:
        spoken = {"fee", "fees", "refund", "refunded", "vat", "tax", "tip"} & set(
            column.name.split("_")
        )
        used = column.name in {amount.column, amount.debit, amount.credit}
        if spoken and not used and column.values and column.is_money:
            text = f"{column.title!r} is not counted; it stays in the row's data"
            yield Doubt("fee", text, "", (), 0.95)
