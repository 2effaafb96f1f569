"""Turns a statement of a bank or card company into rows, whatever its format.

Every statement format yields `Entry`s. This module makes rows of them whose payer is the account.
The same statement may come as CAMT, as MT940 and as a CSV; graph.ingest.store.same_bookings makes
it count once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import blake2b

from graph.ingest.ledger_rows import LedgerRow, Party, Records, Reject
from graph.ingest.readers.checked import KEY_LIMIT, RefusedError, checked

SOURCE = "statement"  # followed by the format: "statement.camt"
UNKNOWN = "Unknown"  # the counterparty, if the bank states none
_NO_REFERENCE = frozenset({"", "NONREF", "NOTPROVIDED", "NOREF", "NOT PROVIDED", "NOTAVAILABLE"})


@dataclass(frozen=True, slots=True)
class Account:
    """The statement's own account: its IBAN, else bank and number as the bank writes them.

    `has_number` is false if only a name is known. A name is not used as a key.
    """

    number: str
    currency: str = ""
    has_number: bool = True

    @property
    def party(self) -> Party:
        if not self.has_number:
            return Party("account", self.number)
        kind = "iban" if is_iban(self.number) else "account_number"
        return Party("account", self.number, ((kind, self.number),))


@dataclass(slots=True)
class Entry:
    """One booked movement of one account.

    number       the entry's number or line, for rejects and provenance
    amount       what the account gains; negative if it pays
    statement    the name of its statement, stored as provenance
    section      the number of the section; equal entries in one section are different
                 movements (Controls.begin)
    unit, unit_amount
                 the booking of which the row is a part (a batch, or a payment with its charge),
                 and the booking's amount; "" and None if the booking is one row
    key          the bank's own key of the movement, if the format promises one (OFX's FITID)
    replaces     the bank corrects the movement of that key
    facts        other stated values, by name; blanks are left out
    """

    number: int
    account: Account
    booked_on: date
    amount: Decimal
    currency: str
    statement: str = ""
    section: int = 0
    party: str = ""
    party_kind: str = "vendor"
    party_keys: tuple[tuple[str, str], ...] = ()
    description: str = ""
    document: str = ""
    records: Records = "payment"
    key: str = ""
    replaces: bool = False
    unit: str = ""
    unit_amount: Decimal | None = None
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Numbering:
    """Counts the rows with equal keys in each section, so that the first has the number 1, the
    next 2, and so on."""

    seen: dict[tuple[int, str], int] = field(default_factory=dict)
    contents: dict[tuple[int, str], str] = field(default_factory=dict)

    def next(self, section: int, key: str) -> int:
        count = self.seen.get((section, key), 0) + 1
        self.seen[section, key] = count
        return count

    def first_content(self, section: int, key: str, content: str) -> str:
        """Return the content of the section's first row with this key."""
        return self.contents.setdefault((section, key), content)


def rows(
    entries: Iterable[Entry | Reject], form: str, raw: dict[int, str] | None = None
) -> Iterator[LedgerRow | Reject]:
    """Yield the entries as rows of the format `form` ("camt"). An entry that cannot be stored
    becomes a Reject."""
    numbering = Numbering()
    for entry in entries:
        if isinstance(entry, Reject):
            yield entry
            continue
        try:
            yield _row(entry, form, numbering)
        except RefusedError as refused:
            text = (raw or {}).get(entry.number) or entry.description
            yield refused.reject(entry.number, text)


def _row(entry: Entry, form: str, numbering: Numbering) -> LedgerRow:
    key, ordinal = _key(entry, numbering)
    return checked(
        line=entry.number,
        key=key,
        publication=entry.statement,
        ordinal=ordinal,
        transaction_ref=f"{entry.account.number}|{entry.unit}" if entry.unit else key,
        occurred_at=at_midnight(entry.booked_on),
        amount=-entry.amount,
        currency=entry.currency,
        payer=entry.account.party,
        payee=Party(entry.party_kind, entry.party or UNKNOWN, entry.party_keys),
        document_ref=entry.document,
        description=entry.description,
        data=_data(entry, form),
        records=entry.records,
    )


def _key(entry: Entry, numbering: Numbering) -> tuple[str, int]:
    """Return the row's key, and its number among the rows with this key.

    The key is the bank's own, or a digest of the row's content if the bank gave none or a very long
    one. Some banks give one key to several different movements: the first keeps it, the others get
    the digest. Raises RefusedError if the statement contains the same movement twice under one key
    of the bank.
    """
    content = _content_key(entry)
    if not entry.key:
        return content, numbering.next(entry.section, content)
    key = f"{entry.account.number}|{entry.key}"
    if len(key) > KEY_LIMIT:
        return content, numbering.next(entry.section, content)
    first = numbering.first_content(entry.section, key, content)
    if entry.replaces or (first == content and numbering.next(entry.section, key) == 1):
        return key, 1
    if first == content:
        raise RefusedError("key", f"the bank's key {entry.key!r} stands already in this statement")
    return content, numbering.next(entry.section, content)


def _data(entry: Entry, form: str) -> dict[str, str]:
    facts = {
        "format": form,
        "account": entry.account.number,
        "booked_on": entry.booked_on.isoformat(),
        "amount": f"{entry.amount:f}",
        "currency": entry.currency,
        "counterparty": entry.party,
        "description": entry.description,
        "booking": entry.unit,
        "booking_amount": f"{entry.unit_amount:f}" if entry.unit_amount is not None else "",
        **entry.facts,
    }
    return {name: value for name, value in facts.items() if value}


def _content_key(entry: Entry) -> str:
    """Return a digest of the entry's account, day, amount, party, text and references."""
    parts = (
        entry.account.number,
        entry.booked_on.isoformat(),
        f"{entry.amount.normalize():f}",
        entry.currency,
        entry.unit,
        entry.party.casefold(),
        entry.description.casefold(),
        entry.facts.get("end_to_end_id", ""),
        entry.facts.get("bank_reference", ""),
    )
    return blake2b("\x1f".join(parts).encode(errors="replace"), digest_size=16).hexdigest()


def at_midnight(day: date) -> datetime:
    """Return the day as a timestamp: midnight, UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def reference(text: str) -> str:
    """Return a reference as stated, or "" if it is a word that means that there is none."""
    return "" if text.strip().upper() in _NO_REFERENCE else text.strip()


def is_iban(text: str) -> bool:
    """Return whether this is an IBAN: two letters, two digits, 11 to 30 more characters, and a
    check sum of 1 (ISO 13616, ISO 7064)."""
    iban = text.replace(" ", "").upper()
    if not (15 <= len(iban) <= 34 and iban.isalnum() and iban.isascii()):
        return False
    if not (iban[:2].isalpha() and iban[2:4].isdigit()):
        return False
    digits = "".join(str(int(mark, 36)) for mark in iban[4:] + iban[:4])
    return int(digits) % 97 == 1


def account_number(text: str) -> str:
    """Return an IBAN in capitals without spaces; any other number with single spaces."""
    return text.replace(" ", "").upper() if is_iban(text) else " ".join(text.split())
