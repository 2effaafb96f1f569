"""Reads a ledger file into rows: one LedgerRow or Reject for every record that is not blank."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import cast

from graph.ingest import row_keys
from graph.ingest.csv_dialect import Layout, Progress, body, header, layout
from graph.ingest.csv_records import Record, fits
from graph.ingest.decode import LedgerFileError
from graph.ingest.ledger_rows import TEXT_LIMIT, LedgerRow, Party, Records, Reject
from graph.ingest.mappings.mapping import KINDS, OWED, Mapping, PartyRule
from graph.ingest.parse_cells import (
    NOTHING,
    Timestamp,
    currency_code,
    is_lasting,
    money,
    quarter_end,
    timestamp,
    unlabelled,
)

__all__ = ["LedgerFileError", "header", "read"]

_CACHED = 65_536
_SPACES = re.compile(r"\s+")
_LIKE_DATE = re.compile(r"[0-9]{1,4}[-./ ]|[0-9]{8}|[^\W\d]{3,9}\.? [0-9]{1,2},? [0-9]{4}")
_NO_MONEY = frozenset({"", "-", "--"})
# Control characters other than tab and line ends, and bytes that could not be decoded (lone
# surrogates), mean that the text is not what it seems.
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class _RefusedError(Exception):
    def __init__(self, field: str | None, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


def read(
    path: Path, mapping: Mapping, progress: Progress | None = None
) -> Iterator[LedgerRow | Reject]:
    """Yield every record below the header, in the file's order, in bounded memory.

    Only the keys are remembered (about 100 bytes per row), to number or refuse repetitions.
    `progress` is called with the number of the file's bytes that were read. Raises LedgerFileError,
    at first or later, if the file as a whole cannot be read. Rows that were read until then must be
    discarded.
    """
    shape = layout(path, mapping.file)
    names = mapping.names(shape.header)
    if missing := mapping.lacks(names):
        raise LedgerFileError(
            f"{path.name} has no column {', '.join(missing)} that {mapping.name!r} asks for; "
            f"line {shape.line} has: {', '.join(names)}"
        )
    row = _Row(mapping, names, path, shape)
    for record in body(path, shape, progress):
        cells = record.cells
        if mapping.file.skip_blank and cells is not None and not "".join(cells).strip():
            continue
        yield row.read(record)


class _Row:
    """Makes a LedgerRow or a Reject of each record of one file, by the mapping.

    Its caches are bounded, and last for one reading of the file.
    """

    def __init__(self, mapping: Mapping, names: list[str], path: Path, shape: Layout) -> None:
        self._mapping = mapping
        self._names = names
        self._encoding = shape.encoding.removesuffix("-sig")
        self._quarter = quarter_end(path.name) if mapping.date.fallback else None
        self._timestamp = lru_cache(_CACHED)(self._timestamp_of)
        self._payer = self._party(mapping.payer)
        self._payee = self._party(mapping.payee)
        self._key_columns = mapping.key.columns
        self._not_content = frozenset((*mapping.publication, *mapping.key.ignore))
        money_rule = mapping.amount
        columns = (money_rule.column, money_rule.debit, money_rule.credit, money_rule.times)
        self._money_columns = frozenset(filter(None, columns))
        self._comparable = lru_cache(_CACHED)(self._comparable_of)
        self._skip = [rule for rule in mapping.skip if rule.column in names]
        self._labels = frozenset(mapping.file.labels)
        self._is_nameless = [not title.strip() for title in shape.header]
        self._separators = _separators(mapping.key.separators)
        self._seen: dict[int, int] = {}
        self._repeated: dict[int, int] = {}

    def read(self, record: Record) -> LedgerRow | Reject:
        try:
            return self._row(record)
        except _RefusedError as refused:
            return Reject(record.line, refused.field, refused.reason, _shown(record.text))

    def _row(self, record: Record) -> LedgerRow:
        mapping, data = self._mapping, self._data(record)
        self._must_be_payment(data)
        occurred = self._occurred(data)
        currency = self._currency(data)
        amount = self._amount(data, currency)
        received = amount < 0
        payer, payee = self._payer(data, received), self._payee(data, received)
        due_on = self._due(data.get(mapping.fields.get("due_on", "")) or None)
        document, description = (
            data.get(mapping.fields.get(field, "")) or None
            for field in ("document_ref", "description")
        )
        if document and len(document) > row_keys.KEY_LIMIT:
            document = None  # not a document number; it stays in `data`
        publication = "|".join(data.get(name, "") for name in mapping.publication)
        key = self._key(data)
        return LedgerRow(
            line=record.line,
            key=key,
            publication=publication,
            ordinal=self._ordinal(publication, key, record.line),
            transaction_ref=self._transaction(data) or key,
            occurred_at=occurred.at,
            precision=occurred.precision,
            amount=amount,
            currency=currency,
            payer=payer,
            payee=payee,
            document_ref=document,
            due_on=due_on,
            description=description,
            data=data,
            records=self._records(data, occurred, due_on),
            balance=self._balance(data, currency),
        )

    def _data(self, record: Record) -> dict[str, str]:
        self._must_be_fit(record)
        if record.cells is None:
            raise _RefusedError(None, record.problem or "not a record")
        width, cell_count = len(self._names), len(record.cells)
        if not fits(record.cells, width):
            much = "many" if cell_count > width else "few"
            raise _RefusedError(
                None, f"too {much} columns: {cell_count} where the header has {width}"
            )
        cells: Iterable[str] = map(str.strip, record.cells)
        if self._labels:
            cells = (
                unlabelled(cell, self._labels) if is_nameless else cell
                for cell, is_nameless in zip(cells, self._is_nameless, strict=False)
            )
        return dict(zip(self._names, cells, strict=False))

    def _must_be_fit(self, record: Record) -> None:
        bad = _UNFIT.search(record.text)
        if bad is None:
            return
        cells = record.cells or []
        field = next((n for n, c in zip(self._names, cells, strict=False) if bad[0] in c), None)
        before = record.text[: bad.start()].encode(self._encoding, "surrogateescape")
        where = f"at byte {len(before) + 1} of the record"
        code = ord(bad[0])
        if code >= 0xD800:
            byte = f"byte 0x{code - 0xDC00:02X}"
            raise _RefusedError(field, f"mixed encodings: {byte} {where} is not {self._encoding}")
        what = "a NUL" if code == 0 else f"control character U+{code:04X}"
        raise _RefusedError(field, f"{what} {where}")

    def _must_be_payment(self, data: dict[str, str]) -> None:
        for rule in self._skip:
            text = data[rule.column]
            if text.casefold() in rule.values or (rule.pattern and rule.pattern.search(text)):
                raise _RefusedError(rule.column, f"{text[:60]!r}: {rule.reason}")

    def _occurred(self, data: dict[str, str]) -> Timestamp:
        rule = self._mapping.date
        text = data[rule.column]
        if text in rule.unknown:
            if self._quarter is None:
                raise _RefusedError(
                    rule.column, f"{text!r} is no date, and the file's name no quarter"
                )
            return Timestamp(self._quarter, "quarter")
        if text.casefold() in NOTHING:
            raise _RefusedError(rule.column, "no date")
        return _tried(rule.column, self._timestamp, text)

    def _timestamp_of(self, text: str) -> Timestamp:
        return timestamp(text, self._mapping.date.formats, self._mapping.date.timezone)

    def _currency(self, data: dict[str, str]) -> str:
        column = self._mapping.fields.get("currency", "")
        text = data.get(column, "")
        if text.casefold() not in NOTHING:
            return _tried(column, currency_code, text)
        if self._mapping.currency is None:
            raise _RefusedError(column, "no currency")
        return self._mapping.currency

    def _amount(self, data: dict[str, str], currency: str) -> Decimal:
        rule = self._mapping.amount
        if rule.column:
            return self._signed(data, rule.column, currency)
        debit = self._money(data, rule.debit or "", currency)
        credit = self._money(data, rule.credit or "", currency)
        if debit is None and credit is None:
            raise _RefusedError(rule.debit, "no amount")
        if debit and credit:
            raise _RefusedError(rule.debit, f"both a debit and a credit ({rule.credit})")
        return (debit or Decimal(0)) - (credit or Decimal(0))

    def _signed(self, data: dict[str, str], column: str, currency: str) -> Decimal:
        rule = self._mapping.amount
        word = data[rule.direction].casefold() if rule.direction else self._ending(data[column])
        if rule.paid and word not in rule.paid and word not in rule.received:
            subject = f"{word!r} says" if word else "nothing says"
            raise _RefusedError(rule.direction or column, f"{subject} not which way the money went")
        amount = self._money(data, column, currency)
        if amount is None:
            raise _RefusedError(column, "no amount")
        if rule.times:
            amount *= self._money(data, rule.times, "") or Decimal(1)
        if rule.paid:
            return -amount if word in rule.received else amount
        return -amount if rule.positive == "payer_receives" else amount

    def _ending(self, text: str) -> str:
        """Return the word that ends an amount, in lower case: '12.00 Dr' → 'dr'; "" without one."""
        return text.casefold().rstrip(".").lstrip("+-0123456789.,' \xa0()£€$₹¥")

    def _money(self, data: dict[str, str], column: str, currency: str) -> Decimal | None:
        text = data[column]
        rule = self._mapping.amount
        if rule.paid and not rule.direction and (word := self._ending(text)):
            text = text.rstrip(".")[: -len(word)].strip()
        if text in _NO_MONEY:
            return None
        try:
            amount = money(text, rule.decimal, rule.thousands, currency)
        except ValueError as error:
            raise _RefusedError(column, str(error)) from error
        return abs(amount) if column in rule.unsigned else amount

    def _records(self, data: dict[str, str], occurred: Timestamp, due_on: date | None) -> Records:
        rule = self._mapping.records
        if rule is None:
            owed = due_on is not None and due_on > occurred.at.date()
            return "obligation" if owed or self._mapping.platform in OWED else "payment"
        if isinstance(rule, str):
            return cast(Records, rule)
        kind_text = data.get(rule.column or "", "").casefold()
        records = dict(rule.values).get(kind_text, rule.default)
        if records is None:
            raise _RefusedError(rule.column, f"{kind_text!r} does not say what the row records")
        return cast(Records, records)

    def _balance(self, data: dict[str, str], currency: str) -> Decimal | None:
        """Return the balance, or None if it cannot be read. The row is not rejected for that;
        the text stays in `data`."""
        column = self._mapping.fields.get("balance", "")
        if data.get(column, "") in _NO_MONEY:
            return None
        try:
            return self._money(data, column, currency)
        except _RefusedError:
            return None

    def _party(self, rule: PartyRule) -> Callable[[dict[str, str], bool], Party]:
        """Return a function that returns the payer or payee of a row by this rule.

        The function takes the row's cells by name, and whether the payer is paid. It makes equal
        parties once.
        """
        present = [(kind, column) for kind, column in rule.keys if column in self._names]
        paying = [c for c in (rule.name, *rule.or_else) if c in self._names]
        receiving = [c for c in rule.received if c in self._names] or paying
        kind_column = rule.kind_column if rule.kind_column in self._names else ""
        no_key = dict(rule.not_keys)

        @lru_cache(_CACHED)
        def party(kind_text: str, name: str, *values: str) -> Party:
            pairs = zip(present, values, strict=True)
            ids = [(kind, v) for (kind, _), v in pairs if v.casefold() not in NOTHING]
            keys = [(k, v) for k, v in ids if not ((no := no_key.get(k)) and no.search(v))]
            plain = _SPACES.sub(" ", name) if name.casefold() not in NOTHING else ""
            key_values = [v for _, v in (*keys, *ids)]
            party_name = plain or (key_values[0] if key_values else rule.default)
            kind = kind_text.casefold() if kind_text.casefold() in KINDS else rule.kind
            if party_name in rule.own:
                kind = "account"
            if not party_name:
                raise _RefusedError(rule.name, f"no {kind}")
            return Party(kind, party_name, tuple(keys))

        def of(data: dict[str, str], received: bool) -> Party:
            kind_text = data.get(kind_column or "", "")
            names = (data[column] for column in (receiving if received else paying) if column)
            name = next((text for text in names if text.casefold() not in NOTHING), "")
            return party(kind_text, name, *[data[column] for _, column in present])

        return of

    def _due(self, text: str | None) -> date | None:
        """Return the due date, or None if it cannot be read. The row is not rejected for that;
        the text stays in `data`."""
        if text is None:
            return None
        try:
            return self._timestamp(text).at.date()
        except ValueError:
            return None

    def _key(self, data: dict[str, str]) -> str:
        if self._mapping.key.content:
            return self._content_key(data)
        if not self._key_columns:
            cells = sorted(data.items() - {(n, data.get(n)) for n in self._mapping.publication})
            return row_keys.digest(cells)
        key = row_keys.joined(data, self._key_columns)
        if not key.strip("|"):
            raise _RefusedError(self._key_columns[0], "no key")
        if self._separators:
            key = self._separators.sub(self._mapping.key.separators[0], key)
        return row_keys.short(key)

    def _content_key(self, data: dict[str, str]) -> str:
        """Return an id that is long enough to be unique, or else a digest of the row's content.

        The spelling of dates and amounts does not change the digest.
        """
        id_ = row_keys.joined(data, self._key_columns) if self._key_columns else ""
        if is_lasting(id_):
            return row_keys.short(id_)
        pairs = sorted(
            (name, self._comparable(text, name in self._money_columns))
            for name, text in data.items()
            if text and name not in self._not_content
        )
        if self._mapping.key.account:
            pairs.append(("", self._mapping.key.account.casefold()))
        return row_keys.digest(pairs)

    def _comparable_of(self, text: str, is_money: bool) -> str:
        rule = self._mapping.amount
        if is_money:
            with suppress(ValueError):
                return str(money(text, rule.decimal, rule.thousands))
        elif _LIKE_DATE.match(text):
            with suppress(ValueError):
                return self._timestamp(text).at.isoformat()
        return _SPACES.sub(" ", text.casefold())

    def _transaction(self, data: dict[str, str]) -> str:
        """Return the reference that connects this row with others, or "" if the file has none."""
        ref = row_keys.joined(data, self._mapping.transaction)
        return row_keys.short(ref) if ref.strip("|") else ""

    def _ordinal(self, publication: str, key: str, line: int) -> int:
        row = hash((publication, key))
        first = self._seen.setdefault(row, line)
        if first == line:
            return 1
        if self._mapping.key.unique:
            field = self._key_columns[0]
            raise _RefusedError(field, f"the key {key!r} stands already on line {first}")
        self._repeated[row] = self._repeated.get(row, 1) + 1
        return self._repeated[row]


def _tried[T](field: str, parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except ValueError as error:
        raise _RefusedError(field, str(error)) from error


def _separators(marks: str) -> re.Pattern[str] | None:
    """Return a pattern for any of the marks, with the spaces around it; None without marks."""
    return re.compile(rf"\s*[{re.escape(marks)}]\s*") if marks else None


def _shown(text: str) -> str:
    r"""Return the text, cut, and storable in every database: a NUL as \x00, an undecodable byte as
    \xe9."""
    escaped = _UNFIT.sub(lambda bad: f"\\x{ord(bad[0]) & 0xFF:02x}", text[:TEXT_LIMIT])
    return escaped.rstrip("\r\n")[:TEXT_LIMIT]
