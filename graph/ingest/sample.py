"""A sample of a file as columns, each found by the role it plays."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from graph.ingest.column_synonyms import KEYS, rank, role_rank
from graph.ingest.profile import Column

CODES = frozenset(
    ("GBP", "EUR", "USD", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "RON", "CAD", "AUD",
     "NZD", "JPY", "CNY", "INR", "ZAR", "BRL", "MXN", "SGD", "HKD")
)  # fmt: skip
SIGNS = {"£": "GBP", "€": "EUR", "₹": "INR", "¥": "JPY", "$": "USD"}
_CODE = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True)
class Sample:
    """`table` holds the rows, as wide as the columns. Every finder gives None for nothing."""

    columns: tuple[Column, ...]
    table: tuple[tuple[str, ...], ...]

    @property
    def rows(self) -> int:
        return len(self.table)

    def of(self, name: str) -> Column:
        """The column of that canonical name."""
        return next(column for column in self.columns if column.name == name)

    def named(self, role: str, column: Column) -> bool:
        return role_rank(role, column.title) is not None

    def best(self, role: str, fits: Callable[[Column], bool] | None = None) -> Column | None:
        """The column that is named most like the role, of those that hold something that fits."""
        ranked = [
            (found, column.at, column)
            for column in self.columns
            if column.values and (found := role_rank(role, column.title)) is not None
            if fits is None or fits(column)
        ]
        return min(ranked)[2] if ranked else None

    @cached_property
    def date(self) -> Column | None:
        named = self.best("date", lambda c: c.is_date and c.filled >= 0.5)
        return named or self._first(lambda c: c.is_date and c.filled >= 0.9 and not self._due(c))

    @cached_property
    def due(self) -> Column | None:
        return self.best("due", lambda c: c.is_date)

    def _due(self, column: Column) -> bool:
        return self.named("due", column)

    @cached_property
    def amount(self) -> Column | None:
        named = self.best("amount", lambda c: c.is_money and not c.is_date and c.filled >= 0.5)
        return named or (None if self.debit_credit else self._first(self._like_money))

    def _like_money(self, column: Column) -> bool:
        cents = sum(bool(re.search(r"[.,][0-9]{2}\D*$", v)) for v in column.values)
        taken = any(self.named(role, column) for role in ("id", "balance", "debit", "credit"))
        known = role_rank("amount", f"amount {column.title}") is not None
        return (
            column.is_money
            and column.filled >= 0.9
            and cents * 2 > self.rows > 0
            and known
            and not taken
        )

    @cached_property
    def debit_credit(self) -> tuple[Column, Column] | None:
        debit = self.best("debit", lambda c: c.is_money)
        credit = self.best("credit", lambda c: c.is_money)
        if debit is None or credit is None or debit is credit:
            return None
        return debit, credit

    @cached_property
    def balance(self) -> Column | None:
        return self.best("balance", lambda c: c.is_money)

    def party(self, role: str) -> Column | None:
        """A column of names: words, mostly filled; an amount or a date is none."""
        return self.best(role, lambda c: c.texty and c.filled >= 0.5 and not c.is_date)

    @cached_property
    def has_party(self) -> bool:
        roles = ("vendor", "employee", "customer", "donor", "counterparty")
        return any(self.party(role) is not None for role in roles)

    @cached_property
    def description(self) -> Column | None:
        return self.best("description", lambda c: c.texty)

    @cached_property
    def document(self) -> Column | None:
        """A number that rows may share: a transaction's own, never there twice, is none."""
        own = self.identifier("id")
        return self.best("document", lambda c: own is None or c is not own)

    @cached_property
    def publication(self) -> Column | None:
        return self.best("publication", lambda c: c.filled == 1)

    @cached_property
    def currency(self) -> Column | None:
        """The column of that name, or else the first that holds known codes in every row."""
        named = self.best("currency", lambda c: all(_CODE.fullmatch(v.upper()) for v in c.values))
        return named or self._first(lambda c: c.filled == 1 and set(c.values) <= CODES)

    @cached_property
    def currency_hint(self) -> str | None:
        """A code or a sign in the amount's title or values."""
        columns = [self.amount, *(self.debit_credit or ())]
        for column in filter(None, columns):
            for text in (column.title, *column.values[:50]):
                codes = set(re.findall(r"[A-Z]{3}", text.upper())) & CODES
                signs = [SIGNS[sign] for sign in text if sign in SIGNS]
                if codes or signs:
                    return min(codes) if codes else signs[0]
        return None

    def identifier(self, role: str) -> Column | None:
        """A number of the row's own: named like one, in every row, never twice."""
        return self.best(role, lambda c: c.unique and not c.is_date)

    def keys(self, kind: str, only: Column | None = None) -> tuple[tuple[str, str], ...]:
        """The strong keys of a party of that kind, as (kind of key, column).

        An account's own number is the account's column or none: others may be the other side's.
        """
        among = [only] if kind == "account" else self.columns
        found = []
        for key, names in KEYS.get(kind, {}).items():
            ranked = [
                (at, column.at, column.name)
                for column in among
                if column and column.values and (at := rank(names, column.title)) is not None
            ]
            if ranked:
                found.append((key, min(ranked)[2]))
        return tuple(found)

    def _first(self, fits: Callable[[Column], bool]) -> Column | None:
        return next((column for column in self.columns if column.values and fits(column)), None)
