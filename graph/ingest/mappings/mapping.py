"""Mappings: how the rows of one kind of file become transactions (docs/formats.md)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from graph.errors import LedgerError
from graph.ingest.doubts import Doubt
from graph.ingest.guessing.reading_options import NONE, Choices
from graph.ingest.mappings.column_names import canonical

KINDS = ("vendor", "department", "account", "employee", "customer", "project", "clearing")
FIELDS = ("document_ref", "due_on", "description", "currency", "balance")
RECORDS = ("payment", "obligation", "order", "transfer", "claim", "fee")  # what a row records
OWED = frozenset({"sales", "invoices", "bills"})  # platforms whose rows state that money is owed
QUARTER = "quarter-in-file-name"


class MappingError(LedgerError):
    """A mapping cannot be used. The message names the file, the key in it and what to do."""


@dataclass(frozen=True, slots=True)
class FileRule:
    """The layout of a file. With `header_line` 0 it has no header, and columns are "Column 1",
    "Column 2", …

    `labels` are texts before a colon in the cells of nameless columns, which are no part of the
    cells.
    """

    encoding: str = "auto"
    delimiter: str = "auto"
    skip_blank: bool = True
    header_line: int = 1
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyRule:
    """The columns that identify a row; without any, every column except those of the publication.

    With `content`, the key is the columns' value if it is long enough to be unique. Otherwise it is
    the row's content without the columns in `ignore`, and dates and amounts are compared by value.
    `account` is the account that the file states outside its rows; it is part of the content.
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
    """Where the amount is: `column`, or `debit` (the payer pays) and `credit` (the payer is paid).

    `times` is a column (a quantity) that multiplies the amount. `unsigned` are columns whose minus
    only repeats what the column says. `direction` is a column with one of the values `paid` (the
    payer pays) or `received` (the payer is paid). Without it those words may end the amount ("12.00
    Dr").
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
    """Who the payer or the payee is.

    `keys` are pairs (kind of key, column), and `not_keys` pairs (kind of key, pattern of values
    that are no key). `kind` applies if `kind_column` states none of KINDS. `or_else` are the
    columns to try in order if `name` is blank. `received` are the columns of the name, in order, in
    rows in which the payer is paid; without any, the same columns are used. `own` are names of the
    tenant's own accounts, whatever `kind` says.
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
    """Rows that are not payments: `column` has one of `values` (in any case), or text that matches
    `pattern`.

    They are rejected with `reason`.
    """

    column: str
    reason: str
    values: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class RecordsRule:
    """What a row records: one of RECORDS, by the value of a column, or `default`.

    `values` are pairs (the column's value in small letters, one of RECORDS). Without a default, a
    row with any other value is rejected.
    """

    default: str | None = None
    column: str | None = None
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Mapping:
    """How a file becomes rows. All columns have their canonical names. `fields` may lack any of
    FIELDS.

    `records` is one of RECORDS for every row, or a rule. Without it, a row with a due date after
    its date, or from a system of invoices, records an obligation, and any other row a payment.
    `recognise` are columns that every file of this format has; `header` are the titles of all its
    columns. `evidence` and `notes` belong to a guess: what led to it, and what is not sure.
    `doubts` are the notes as data. `decided` is what a person has decided about it.
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
    header: tuple[str, ...] = ()
    dates_vary: bool = False  # the vendor writes day or month first, by the customer's country
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
        """Return whether the file says whose account it is, in a column or above its header."""
        return bool(self.key.account or self.payer.name or self.payer.keys)

    def names(self, header: Sequence[str]) -> list[str]:
        """Return the canonical names of a file's columns, by position.

        A column that the mapping names, under any of its spellings, gets the mapping's name.
        """
        return canonical(header, {**dict.fromkeys(self._columns(), ()), **self.aliases})

    def _columns(self) -> list[str]:
        money = (self.amount.column, self.amount.debit, self.amount.credit, self.amount.times)
        parties = [
            (p.name, p.kind_column, *p.or_else, *p.received, *(column for _, column in p.keys))
            for p in (self.payer, self.payee)
        ]
        several = (self.recognise, self.key.columns, self.publication, self.transaction, *parties)
        names = (
            self.date.column,
            self.records.column if isinstance(self.records, RecordsRule) else None,
            *money,
            self.amount.direction,
            *self.key.ignore,
            *(rule.column for rule in self.skip),
            *self.fields.values(),
            *(c for cs in several for c in cs),
        )
        return [name for name in names if name]

    @property
    def recorded(self) -> str:
        """Return what the rows record, as text: one of RECORDS, or the rule that decides for
        each row."""
        rule = self.records
        if isinstance(rule, str):
            return rule
        if rule is None:
            owed = self.platform in OWED
            return "obligation" if owed else "obligation where due later than dated, else payment"
        words = ", ".join(f"{value}: {kind}" for value, kind in rule.values)
        default = f"else {rule.default}" if rule.default else "others are rejected"
        return f"by {rule.column} ({words}; {default})" if rule.column else str(rule.default)

    def lacks(self, names: Sequence[str]) -> list[str]:
        """Return the columns that every row needs and that are not among these canonical names."""
        parties = [p.name for p in (self.payer, self.payee) if p.name and p.default is None]
        rule = self.amount
        money = [rule.column, rule.debit, rule.credit, rule.times, rule.direction]
        needed = [self.date.column, *filter(None, money), *parties, *self.key.columns]
        if isinstance(self.records, RecordsRule) and self.records.column:
            needed.append(self.records.column)
        if "currency" in self.fields and self.currency is None:
            needed.append(self.fields["currency"])
        return [name for name in dict.fromkeys(needed) if name not in names]
