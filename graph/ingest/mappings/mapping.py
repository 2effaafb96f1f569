"""Mappings: what says how the rows of one kind of file become transactions (docs/formats.md)."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from graph.errors import LedgerError
from graph.ingest.doubts import Doubt
from graph.ingest.guessing.choices import NONE, Choices
from graph.ingest.mappings.column_names import canonical
from graph.ingest.mappings.strict_toml import Table, TableError

KINDS = ("vendor", "department", "account", "employee", "customer", "project", "clearing")
FIELDS = ("document_ref", "due_on", "description", "currency", "balance")
RECORDS = ("payment", "obligation", "order", "transfer", "claim", "fee")  # what a row records
OWED = frozenset({"sales", "invoices", "bills"})  # platforms whose rows say that money is owed
QUARTER = "quarter-in-file-name"


class MappingError(LedgerError):
    """A mapping that cannot be used: names the file, the key in it and what to do."""


@dataclass(frozen=True, slots=True)
class FileRule:
    encoding: str = "auto"
    delimiter: str = "auto"
    skip_blank: bool = True
    header_line: int = 1


@dataclass(frozen=True, slots=True)
class KeyRule:
    """No columns: every column of the row but the publication's.

    `content`: the columns' value where it is long enough to be nobody else's, else the row's
    content without the columns in `ignore`, dates and amounts compared by value. `account` is the
    books' own account where the file states it outside its rows: it is part of the content.
    """

    columns: tuple[str, ...] = ()
    unique: bool = False
    separators: str = ""
    content: bool = False
    ignore: tuple[str, ...] = ()
    account: str = ""


@dataclass(frozen=True, slots=True)
class DateRule:
    column: str
    formats: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    fallback: str | None = None
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class AmountRule:
    """Either `column`, or `debit` (the payer pays) and `credit` (the payer is paid).

    `times`: a column (a quantity) that multiplies the amount. `unsigned`: columns whose minus only
    repeats what the column says. `direction`: a column whose value is one of `paid` (the payer
    pays) or `received` (the payer is paid); without it those words may end the amount ("12.00 Dr").
    """

    column: str | None = None
    debit: str | None = None
    credit: str | None = None
    decimal: str = "."
    thousands: str = ","
    positive: str = "payer_pays"
    times: str | None = None
    unsigned: tuple[str, ...] = ()
    direction: str | None = None
    paid: tuple[str, ...] = ()
    received: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PartyRule:
    """`keys`: (kind of key, column); `not_keys`: (kind of key, what is none of its values).

    `kind` is that of rows where `kind_column` states none of KINDS. `or_else`: columns of the name
    where `name` is blank, in this order. `received`: the columns of the name, in order, in rows
    in which the payer is paid (none: the same as otherwise). `own`: names of our own accounts,
    whatever `kind` says.
    """

    kind: str
    name: str | None = None
    default: str | None = None
    keys: tuple[tuple[str, str], ...] = ()
    kind_column: str | None = None
    not_keys: tuple[tuple[str, re.Pattern[str]], ...] = ()
    or_else: tuple[str, ...] = ()
    received: tuple[str, ...] = ()
    own: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SkipRule:
    """Rows that are no payment: `column` holds one of `values` (any case) or what `pattern` finds.

    They are rejected with `reason`.
    """

    column: str
    reason: str
    values: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class RecordsRule:
    """What a row records: one of RECORDS, by the value of a column, or `default`.

    `values`: (the column's value in small letters, one of RECORDS). Without a default a row whose
    column states none of the values is rejected.
    """

    default: str | None = None
    column: str | None = None
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Mapping:
    """All columns by their canonical names. `fields` may lack any of FIELDS.

    `records`: one of RECORDS for every row, or a rule. Without it a row that is due later than it
    is dated, or that comes from a system of invoices, records an obligation; others a payment.
    `evidence` and `notes` are a guess's: what it was made from, and what it isn't sure of; `doubts`
    are the notes as data; `decided` is what somebody has decided about it.
    """

    name: str
    title: str
    source: str
    platform: str
    date: DateRule
    amount: AmountRule
    payer: PartyRule
    payee: PartyRule
    currency: str | None
    recognise: tuple[str, ...] = ()
    file: FileRule = FileRule()
    key: KeyRule = KeyRule()
    publication: tuple[str, ...] = ()
    transaction: tuple[str, ...] = ()
    records: RecordsRule | str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    skip: tuple[SkipRule, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    decided: Choices = NONE

    @property
    def states_account(self) -> bool:
        """Whether the file says whose account it is, in a column or above its header."""
        return bool(self.key.account or self.payer.name or self.payer.keys)

    def names(self, header: Sequence[str]) -> list[str]:
        """The canonical names of a file's columns, by position: this mapping's where they fit."""
        return canonical(header, {**dict.fromkeys(self._columns(), ()), **self.aliases})

    def _columns(self) -> list[str]:
        money = (self.amount.column, self.amount.debit, self.amount.credit, self.amount.times)
        parties = [
            (p.name, p.kind_column, *p.or_else, *p.received, *(column for _, column in p.keys))
            for p in (self.payer, self.payee)
        ]
        several = (self.recognise, self.key.columns, self.publication, self.transaction, *parties)
        named = (
            self.date.column,
            self.records.column if isinstance(self.records, RecordsRule) else None,
            *money,
            self.amount.direction,
            *self.key.ignore,
            *(rule.column for rule in self.skip),
            *self.fields.values(),
            *(c for cs in several for c in cs),
        )
        return [name for name in named if name]

    @property
    def recorded(self) -> str:
        """What the rows record, in words: one of RECORDS, or how it is told row by row."""
        rule = self.records
        if isinstance(rule, str):
            return rule
        if rule is None:
            owed = self.platform in OWED
            return "obligation" if owed else "obligation where due later than dated, else payment"
        said = ", ".join(f"{value}: {kind}" for value, kind in rule.values)
        default = f"else {rule.default}" if rule.default else "others are rejected"
        return f"by {rule.column} ({said}; {default})" if rule.column else str(rule.default)

    def lacks(self, names: Sequence[str]) -> list[str]:
        """The columns that no row can do without and that are not among these canonical names."""
        parties = [p.name for p in (self.payer, self.payee) if p.name and p.default is None]
        rule = self.amount
        money = [rule.column, rule.debit, rule.credit, rule.times, rule.direction]
        needed = [self.date.column, *filter(None, money), *parties, *self.key.columns]
        if isinstance(self.records, RecordsRule) and self.records.column:
            needed.append(self.records.column)
        if "currency" in self.fields and self.currency is None:
            needed.append(self.fields["currency"])
        return [name for name in dict.fromkeys(needed) if name not in names]


def load(path: Path) -> Mapping:
    """The mapping of a TOML file. Raises MappingError."""
    try:
        return _parse(path.name, path.read_bytes())
    except OSError as error:
        raise MappingError(f"{path}: {error.strerror or error}") from error


def loads(name: str, text: str) -> Mapping:
    """The mapping of a TOML text; `name` says in errors which one. Raises MappingError."""
    return _parse(name, text.encode())


@cache
def ready() -> dict[str, Mapping]:
    """The formats that come with finley, by name."""
    folder = files("graph.ingest") / "formats"
    named = sorted((file for file in folder.iterdir() if _is_toml(file)), key=lambda f: f.name)
    found = (_parse(file.name, file.read_bytes()) for file in named)
    return {mapping.name: mapping for mapping in found}


def _is_toml(file: Traversable) -> bool:
    return file.name.endswith(".toml")


def recognise(header: Sequence[str]) -> Mapping | None:
    """The ready format that asks for the most columns of those that find all theirs here."""
    fitting = [m for m in ready().values() if _recognises(m, header)]
    return max(fitting, key=lambda mapping: len(mapping.recognise), default=None)


def _recognises(mapping: Mapping, header: Sequence[str]) -> bool:
    return bool(mapping.recognise) and set(mapping.recognise) <= set(mapping.names(header))


def _parse(file: str, content: bytes) -> Mapping:
    try:
        table = Table(tomllib.loads(content.decode()))
        mapping = _mapping(table)
        table.finish()
    except UnicodeDecodeError as error:
        raise MappingError(f"{file}: is not UTF-8 ({error})") from error
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"{file}: is not TOML: {error}") from error
    except TableError as error:
        raise MappingError(f"{file}: {error}") from error
    return mapping


def _mapping(table: Table) -> Mapping:
    name = table.text("name")
    fields, constants = table.table("fields"), table.table("constants")
    chosen = {known: column for known in FIELDS if (column := fields.column(known))}
    currency = constants.currency("currency")
    if currency is None and "currency" not in chosen:
        raise constants.error("currency", "is missing, and [fields] names no currency column")
    return Mapping(
        name=name,
        title=table.text("title", name),
        source=table.text("source", name),
        platform=table.text("platform"),
        date=_date(table.table("date")),
        amount=_amount(table.table("amount")),
        payer=_party(table.table("payer")),
        payee=_party(table.table("payee")),
        currency=currency,
        recognise=table.table("recognise").columns("columns"),
        file=_file(table.table("file")),
        key=_key(table.table("key")),
        publication=table.table("publication").columns("columns"),
        transaction=table.table("transaction").columns("columns"),
        records=_records(table),
        fields=chosen,
        aliases=table.table("aliases").aliases(),
        skip=_skip(table.table("skip")),
    )


def _skip(table: Table) -> tuple[SkipRule, ...]:
    """Each key is a column; its table says which values, or what pattern, and the reason."""
    return tuple(
        SkipRule(
            column,
            inner.text("reason", "the mapping skips such rows"),
            tuple(value.casefold() for value in inner.texts("values")),
            inner.pattern("pattern"),
        )
        for column, inner in table.tables()
    )


def _records(table: Table) -> RecordsRule | str | None:
    """`records = "payment"`, or a table: the column, its values, and what all others are."""
    if table.states_text("records"):
        return table.one_of("records", RECORDS)
    rule = table.table("records")
    column, default = rule.column("column"), rule.one_of("default", RECORDS, None)
    values = rule.table("values").choices(RECORDS)
    if bool(column) != bool(values):
        raise rule.error("column", "needs values, and values need a column: give both or neither")
    return RecordsRule(default, column, values) if column or default else None


def _file(table: Table) -> FileRule:
    return FileRule(
        encoding=table.encoding("encoding", "auto"),
        delimiter=table.one_of("delimiter", ("auto", ",", ";", "\t", "|"), "auto"),
        skip_blank=table.flag("skip_blank", True),
        header_line=table.positive("header_line", 1),
    )


def _key(table: Table) -> KeyRule:
    columns = table.columns("columns")
    content = table.flag("content", False)
    unique = table.flag("unique", bool(columns) and not content)
    if unique and not columns:
        raise table.error("unique", "needs columns: a key of every column is never sure to be so")
    if unique and content:
        raise table.error("unique", "cannot be true beside content: equal rows are counted")
    separators = table.text("separators", "")
    return KeyRule(
        columns, unique, separators, content, table.columns("ignore"), table.text("account", "")
    )


def _date(table: Table) -> DateRule:
    return DateRule(
        column=table.column_needed("column"),
        formats=table.date_formats("formats"),
        unknown=table.texts("unknown"),
        fallback=table.one_of("fallback", (QUARTER,), None),
        timezone=table.zone("timezone", "UTC"),
    )


def _amount(table: Table) -> AmountRule:
    column, debit, credit = (table.column(key) for key in ("column", "debit", "credit"))
    if (column is None) == (debit is None or credit is None) or (column and (debit or credit)):
        raise table.error("column", "name one column, or else both debit and credit")
    decimal = table.one_of("decimal", (".", ","), ".")
    other = "," if decimal == "." else "."
    thousands = table.one_of("thousands", (",", ".", " ", "'", ""), other)
    if thousands == decimal:
        raise table.error("thousands", "is the same as decimal")
    positive = table.one_of("positive", ("payer_pays", "payer_receives"), "payer_pays")
    if debit and positive == "payer_receives":
        raise table.error("positive", "has no meaning with debit and credit: leave it out")
    return AmountRule(
        column,
        debit,
        credit,
        decimal,
        thousands,
        positive,
        table.column("times"),
        table.columns("unsigned"),
        table.column("direction"),
        tuple(word.casefold() for word in table.texts("paid")),
        tuple(word.casefold() for word in table.texts("received")),
    )


def _party(table: Table) -> PartyRule:
    kind = table.one_of("kind", KINDS)
    name, default = table.column("name"), table.text("default", "") or None
    if name is None and default is None:
        raise table.error("name", "name the column of the party's name, or give a default")
    keys = table.table("keys").column_by_name()
    not_keys = table.table("not_keys").patterns(among=[kind for kind, _ in keys])
    kind_column, others = table.column("kind_column"), table.columns("or_else")
    return PartyRule(
        kind,
        name,
        default,
        keys,
        kind_column,
        not_keys,
        others,
        table.columns("received"),
        table.texts("own"),
    )
