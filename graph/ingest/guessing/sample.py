"""A sample of a file: its columns with their roles, and its rows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from graph.ingest.guessing.profile import Column, amount_of
from graph.ingest.guessing.roles import assign
from graph.ingest.guessing.title_scores import likeness, words
from graph.ingest.guessing.vocabulary import LANGUAGES, plain


def _is_ours(assigned: tuple[Column, float] | None) -> bool:
    """Return whether the column is the tenant's own account: titled IBAN and nothing more, with
    the same value in every row."""
    if assigned is None or words(assigned[0].title) != "iban":
        return False
    column = assigned[0]
    return column.rows > 2 and column.filled == 1 and column.distinct == 1


@dataclass(frozen=True)
class Sample:
    """The first rows of a file, with the roles of its columns.

    `table` has the rows, as wide as the columns; `above` has the cells above the header.
    """

    columns: tuple[Column, ...]
    table: tuple[tuple[str, ...], ...]
    file_name: str = ""
    above: tuple[str, ...] = ()
    forced: dict[str, str] = field(default_factory=dict)  # role -> a column's canonical name
    labels: tuple[str, ...] = ()  # of nameless columns' cells, taken from them
    is_whole: bool = True  # the file has no more rows than the sample
    closing: str = ""  # a column that only the row of the account's balance leaves blank

    @cached_property
    def roles(self) -> dict[str, tuple[Column, float]]:
        assigned = assign(self.columns)
        for role, name in self.forced.items():
            column = self.of(name)
            others = {r: c for r, c in assigned.items() if c[0] is not column}
            assigned = {**others, role: (column, 1.0)}
        if _is_ours(assigned.get("party_account")) and "account" not in assigned:
            assigned["account"] = assigned.pop("party_account")
        owed = "due" in assigned  # an account's rows are due to nobody
        if "balance" in assigned and (owed or self._is_open(assigned["balance"][0], assigned)):
            del assigned["balance"]
        return assigned

    def _is_open(self, balance: Column, assigned: dict[str, tuple[Column, float]]) -> bool:
        """Return whether the balance is no running balance, but what is still open of each row."""
        for role in ("amount", "gross", "net"):
            if role in assigned:
                pairs = zip(self.amounts(balance), self.amounts(assigned[role][0]), strict=True)
                same = [one == other for one, other in pairs if None not in {one, other}]
                if len(same) > 1 and sum(same) * 10 >= 8 * len(same):
                    return True
        return False

    def role(self, name: str) -> Column | None:
        return self.roles[name][0] if name in self.roles else None

    def confidence(self, role: str) -> float:
        return self.roles[role][1] if role in self.roles else 0.0

    def surety(self, column: Column) -> float:
        """Return the confidence that the column has its role; 0.5 if it has none."""
        confidences = [confidence for owner, confidence in self.roles.values() if owner is column]
        return max(confidences, default=0.5)

    def named_as_amount(self, column: Column) -> bool:
        roles = ("amount", "net", "gross", "unit_price", "original_amount", "debit", "credit")
        return any(likeness(role, column.title) >= 0.4 for role in roles)

    def of(self, name: str) -> Column:
        """Return the column with that canonical name."""
        return next(column for column in self.columns if column.name == name)

    def named(self, role: str, column: Column) -> bool:
        return likeness(role, column.title) > 0

    @property
    def rows(self) -> int:
        return len(self.table)

    @cached_property
    def title_words(self) -> frozenset[str]:
        return frozenset(w for column in self.columns for w in words(column.title).split("_"))

    @cached_property
    def file_words(self) -> frozenset[str]:
        return frozenset(words(self.file_name).split("_"))

    @cached_property
    def above_words(self) -> str:
        """Return the words above the table and in the file's name, with a space before and after
        each: " a b c "."""
        words_above = f" {plain(' '.join((*self.above, self.file_name)))} "
        return words_above.replace(" ledger balance ", " balance ")  # as banks call it

    def speaks_of(self, known: frozenset[str]) -> bool:
        """Return whether one of the words occurs above the table or in the file's name."""
        return any(f" {word} " in self.above_words for word in known)

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """Return the currencies of the languages that most titles are in: () for English or
        none, several for a tie."""
        titles = [f" {plain(column.title)} " for column in self.columns]
        votes = {
            code: sum(any(f" {word} " in title for word in known) for title in titles)
            for code, known in LANGUAGES.items()
        }
        most = max(votes.values())
        return tuple(code for code, count in votes.items() if 0 < count == most)

    @property
    def language(self) -> str | None:
        """Return the currency of the language that most titles are in; None for English or none."""
        return self.languages[0] if self.languages else None

    def adds_up(self, before: Column, amount: Column, after: Column) -> bool:
        """Return whether the first column and the second add up to the third in every row."""
        rows = zip(*map(self.amounts, (before, amount, after)), strict=True)
        return all(
            first is not None and by is not None and first + by == last for first, by, last in rows
        )

    def amounts(self, column: Column) -> Iterator[Decimal | None]:
        """Yield the column's amount in every row of the table; None if the cell has none."""
        for row in self.table:
            text = row[column.at]
            yield amount_of(text, column.mark) if text else None
