"""A bank's or card company's statement as rows, whatever format it came in.

Every statement format yields `Entry`s; here they become rows whose payer is the account. That one
statement in CAMT, MT940 and as a CSV is counted once, graph.ingest.store.same_bookings sees to.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import blake2b

from graph.ingest.readers.checked import KEY_LIMIT, RefusedError, checked
from graph.ingest.rows import LedgerRow, Party, Records, Reject

SOURCE = "statement"  # and the form: "statement.camt"
UNKNOWN = "Unknown"  # the other side, where the bank states none
_NO_REFERENCE = frozenset({"", "NONREF", "NOTPROVIDED", "NOREF", "NOT PROVIDED", "NOTAVAILABLE"})


@dataclass(frozen=True, slots=True)
class Account:
    """The statement's own account: its IBAN, else bank and number as the bank writes them.

    `has_number` is false where only a name is known, which is no key.
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
    amount       what the account gains; negative what it pays
    statement    the name of the statement it stands in, kept as provenance
    section      equal entries of one section are different ones (Controls.begin)
    unit, unit_amount
                 the booking that several rows are parts of (a batch, a payment and its charge),
                 and its amount; "" and None for a booking of one row
    key          the bank's own key of the movement, if the format promises one (OFX's FITID)
    replaces     the bank corrects the movement of that key
    facts        what else is stated, by name; blanks are left out
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
    """Tells equal rows of one section apart: 1 for the first, then 2 …"""

    seen: dict[tuple[int, str], int] = field(default_factory=dict)
    contents: dict[tuple[int, str], str] = field(default_factory=dict)

    def next(self, section: int, key: str) -> int:
        count = self.seen.get((section, key), 0) + 1
        self.seen[section, key] = count
        return count

    def first_content(self, section: int, key: str, content: str) -> str:
        """The content of the first row of this key in the section."""
        return self.contents.setdefault((section, key), content)


def rows(
    entries: Iterable[Entry | Reject], form: str, raw: dict[int, str] | None = None
) -> Iterator[LedgerRow | Reject]:
    """The entries as rows of the format `form` ("camt"); one that is unfit is a Reject."""
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
    """Of what does not change when a bank rewords a booking's text, and of that text."""
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
    """A date alone is midnight, UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def reference(text: str) -> str:
    """A reference as stated; "" for the words that say that there is none."""
    return "" if text.strip().upper() in _NO_REFERENCE else text.strip()


def is_iban(text: str) -> bool:
    """Two letters, two digits, 11 to 30 more, and a check sum of 1 (ISO 13616, ISO 7064)."""
    iban = text.replace(" ", "").upper()
    if not (15 <= len(iban) <= 34 and iban.isalnum() and iban.isascii()):
        return False
    if not (iban[:2].isalpha() and iban[2:4].isdigit()):
        return False
    digits = "".join(str(int(mark, 36)) for mark in iban[4:] + iban[:4])
    return int(digits) % 97 == 1


def account_number(text: str) -> str:
    """An IBAN without spaces in capitals; any other number with single spaces."""
    return text.replace(" ", "").upper() if is_iban(text) else " ".join(text.split())
