"""Checks a statement's sums: opening balance + movements = closing balance.

It also checks whether a statement is missing between two others.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from graph.ingest.readers.checked import RefusedError
from graph.ingest.readers.statements.statement import Account


@dataclass(slots=True)
class Control:
    """One statement's balances, and the sum of its movements so far.

    `rejected` counts the entries that could not be read. They are missing from the sum.
    """

    account: str
    statement: str
    opening: Decimal | None = None
    closing: Decimal | None = None
    currency: str = ""
    opened_on: date | None = None
    moved: Decimal = Decimal(0)
    first: int = 0
    last: int = 0
    rejected: int = 0

    def move(self, number: int, amount: Decimal) -> None:
        self.moved += amount
        self.first = self.first or number
        self.last = number

    def broken(self) -> str | None:
        """Return a sentence if opening balance and movements do not add up to the closing
        balance; None if they do."""
        if self.opening is None or self.closing is None:
            return None
        reached = self.opening + self.moved
        if reached == self.closing:
            return None
        lost = f"; {self.rejected} entries were rejected" if self.rejected else ""
        where = f"entries {self.first} to {self.last}" if self.first else "no entry"
        return (
            f"account {self.account}, statement {self.statement}: opening {self.opening} + "
            f"movements {self.moved} ({where}) = {reached}, but the closing balance is "
            f"{self.closing} {self.currency}{lost}"
        )


@dataclass(slots=True)
class Controls:
    """All statements of a file, in the file's order."""

    ended: list[Control] = field(default_factory=list)
    _begun: set[tuple[str, str]] = field(default_factory=set)
    _closing: dict[str, Decimal | None] = field(default_factory=dict)
    _sections: dict[str, int] = field(default_factory=dict)

    def begin(self, control: Control) -> int:
        """Return the number of the section that the statement belongs to. Call it at the first
        entry.

        A section is a run of statements of one account of which each opens with the balance that
        the one before closed with. Equal rows in a section are different rows. A statement begins a
        new section if it occurs in the file a second time, or if it does not continue the one
        before. Its rows may repeat rows of earlier sections.
        """
        account, ident = control.account, (control.account, control.statement)
        closing = self._closing.get(account)
        follows = None in {closing, control.opening} or closing == control.opening
        if ident in self._begun or not follows:
            self._sections[account] = self._sections.get(account, 0) + 1
        self._begun.add(ident)
        return self._sections.get(account, 0)

    def end(self, control: Control) -> None:
        self.ended.append(control)
        self._closing[control.account] = control.closing

    def warnings(self) -> Iterator[str]:
        """Yield sentences about wrong sums, and about gaps between two statements of one
        account."""
        previous: dict[str, Control] = {}
        for control in self.ended:
            if sentence := control.broken():
                yield sentence
            before = previous.get(control.account)
            if before is not None and _is_gap(before, control):
                yield (
                    f"account {control.account}: statement {control.statement} opens with "
                    f"{control.opening}, but statement {before.statement} before it closes with "
                    f"{before.closing} {control.currency}: one between them is missing"
                )
            previous[control.account] = control


@dataclass(slots=True)
class Current:
    """The statement that is being read: its account, and its balances and sums so far (`control`).

    `section` is the section of the account that the statement belongs to (Controls.begin). It is
    None before the first entry.
    """

    account: Account | None = None
    section: int | None = None
    control: Control = field(default_factory=lambda: Control("", ""))

    def named_control(self, name: str) -> Control:
        """Return the control, with the account's number and the statement's name filled in."""
        self.control.account = self.account.number if self.account else ""
        self.control.statement = name
        return self.control

    def section_in(self, controls: Controls, name: str) -> int:
        if self.section is None:
            self.section = controls.begin(self.named_control(name))
        return self.section

    def stated_account(self, field_name: str, what: str) -> Account:
        """Return the account that the file stated above the entry. Raises RefusedError if it stated
        none."""
        if self.account is None or not self.account.number:
            raise RefusedError(field_name, f"no account is stated above the {what}")
        return self.account


def _is_gap(before: Control, after: Control) -> bool:
    if before.statement == after.statement or before.closing is None or after.opening is None:
        return False
    return before.closing != after.opening
