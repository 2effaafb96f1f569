"""The truth about a set of demo books, with which detectors' results are compared.

Only scoring may read it. Every reference to a row is a `Ref` (file name, the row's key in that
file). Every day is an ISO date. The amounts are in the rows, not here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from datetime import date
from typing import Any, NamedTuple


class Ref(NamedTuple):
    """One row: the name of the file, and the row's key in it."""

    file: str
    key: str


@dataclass(frozen=True)
class Series:
    """Rows of one file that result from one commitment (a lease, a salary, a subscription).

    A commitment in two files is two series of one `stream`. `expected` are the days on which it
    fell due. `rows[i]` belongs to the expected day `due[i]`. A doubled occurrence has its day in
    `due` twice, and both rows are rightful. `missed` are expected days without a row. `shifted` are
    the rows that came later than jitter explains. `active` means that it goes on after the books
    end; `next_expected` is then its next day. `seasonal_months` are the months in which its amount
    is well above its average (or the only months in which it happens), or null. A yearly series has
    two rows in eighteen months of books. Two cycles of a season need twenty-four.
    """

    id: str
    stream: str
    file: str
    party: str
    frequency: str
    rows: list[Ref]
    due: list[date]
    expected: list[date]
    missed: list[date]
    shifted: list[Ref]
    doubled: list[Ref]
    active: bool
    next_expected: date | None
    seasonal_months: list[int] | None


@dataclass(frozen=True)
class Duplicate:
    """A row that repeats `original` by mistake or fraud. A split has one entry for each half.

    `kind` is paid_twice, transposed_amount, transposed_number, number_suffix, leading_zeros, split
    or same_account. `echo` marks the bank's sighting of a double payment whose invoices are listed
    already: finding it is right, and missing it is no error.
    """

    row: Ref
    original: Ref
    kind: str
    echo: bool = False


@dataclass(frozen=True)
class SameTransaction:
    """One payment that two files recorded. `kind` is the other file (card or bank), `ledger` the
    ledger's row.

    Pairs with the same `group` are interchangeable: equal purchases at one merchant on one day. Any
    one-to-one pairing within the group is right.
    """

    seen: Ref
    ledger: Ref
    kind: str
    group: str | None = None


@dataclass(frozen=True)
class Settlement:
    """Invoices (with the credit notes deducted from them) and the bank rows that paid them.

    `kind` is purchase, sale or card_statement (the monthly bill for the card lines of one
    currency). `complete` means that the payments add up to the invoices. Otherwise a rest is open
    when the books end (all of it, if the only payment was returned). A returned payment is among
    the payments.
    """

    invoices: list[Ref]
    payments: list[Ref]
    kind: str
    complete: bool = True


@dataclass(frozen=True)
class Fee:
    """A charge and the payment that caused it."""

    fee: Ref
    payment: Ref


@dataclass(frozen=True)
class Reversal:
    """A credit note, refund or returned payment, and what it takes back in part or wholly."""

    row: Ref
    original: Ref
    partial: bool


@dataclass(frozen=True)
class Cash:
    """The cash of one party in one month and currency according to the accounts' statements, in
    pence.

    `month` is YYYY-MM. Transfers between own accounts are neither in nor out.
    """

    month: str
    currency: str
    party: str
    money_in: int
    money_out: int


@dataclass(frozen=True)
class Balance:
    """An account's balance before its first and after its last row of a month, in pence."""

    account: str
    currency: str
    month: str
    opening: int
    closing: int


@dataclass(frozen=True)
class Unpaid:
    """A bill that was due on a day within the books and is not wholly paid when they end."""

    row: Ref
    party: str
    due: date


@dataclass(frozen=True)
class Spelling:
    """A name as one column of one file spells it, with its rows and the strong keys in them."""

    file: str
    column: str
    name: str
    keys: dict[str, str]
    rows: list[Ref]


@dataclass(frozen=True)
class Alias:
    """One true party and all its spellings. `apart_from` are other parties that only look like it.

    `kind` is vendor, customer, employee or bank.
    """

    party: str
    kind: str
    name: str
    spellings: list[Spelling]
    apart_from: list[str]


@dataclass(frozen=True)
class Decoy:
    """Rows that look like something they are not.

    `kind` is one of these: irregular_series (equal amounts at random intervals), regular_strangers
    (a fixed day, but different parties and amounts), identical_tickets (equal, same day, own
    numbers), equal_purchases (the same on the card), unposted_card (no ledger line), near_miss
    (almost the ledger line of a card line), chance_amount (different parties, equal amounts),
    zero_amount.
    """

    kind: str
    rows: list[Ref]


@dataclass(frozen=True)
class Truth:
    """Everything that is known about one set of books.

    `echoes` are bank rows that pay the invoices of a series. They have its frequency, so calling
    them a series is neither right nor wrong. `placeholder_ids` are supplier ids that different
    parties share. `mask_names` are names that stand for many parties. Neither identifies anybody.
    """

    seed: int
    start: date
    end: date
    series: list[Series] = field(default_factory=list)
    duplicates: list[Duplicate] = field(default_factory=list)
    same_transaction: list[SameTransaction] = field(default_factory=list)
    settles: list[Settlement] = field(default_factory=list)
    fee_of: list[Fee] = field(default_factory=list)
    reversals: list[Reversal] = field(default_factory=list)
    aliases: list[Alias] = field(default_factory=list)
    decoys: list[Decoy] = field(default_factory=list)
    echoes: list[Ref] = field(default_factory=list)
    late_payers: list[str] = field(default_factory=list)
    placeholder_ids: list[str] = field(default_factory=list)
    mask_names: list[str] = field(default_factory=list)
    cash: list[Cash] = field(default_factory=list)
    balances: list[Balance] = field(default_factory=list)
    unpaid: list[Unpaid] = field(default_factory=list)

    def renamed(self, names: Mapping[Ref, Ref]) -> Truth:
        """The same truth with every reference replaced by its entry in `names`."""
        renamed: Truth = _renamed(self, names)
        return renamed

    def to_json(self) -> str:
        """The truth as JSON: objects as the dataclasses, references as [file, key], days as ISO
        dates."""
        return json.dumps(asdict(self), default=date.isoformat, indent=1) + "\n"


def _renamed(value: Any, names: Mapping[Ref, Ref]) -> Any:
    if isinstance(value, Ref):
        return names[value]
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        changed = {f.name: _renamed(getattr(value, f.name), names) for f in fields(value)}
        return replace(value, **changed)
    return value
