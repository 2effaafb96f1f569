"""Reads the facts about money in a mail or a file: amounts, document numbers, a due date, a
party."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import Any, Literal

from graph.ingest.documents import document_amounts, document_references
from graph.ingest.documents.document_amounts import Amount
from graph.ingest.documents.document_references import Reference
from graph.ingest.ledger_rows import Party

CHARACTERS = 200_000
NAME = 100  # characters of a party's name; a longer display name is a sentence

# Characters that PostgreSQL's text and jsonb refuse: NUL and lone surrogates.
UNFIT = {0: "\ufffd"} | dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
_MARKS = " '\"<>(),|-"  # marks around a name
# A credit note, or a subject that begins with a word for money that came back. A request for a
# refund is neither.
_CREDIT = re.compile(
    r"\bcredit[ ]?(?:note|memo)|\bgutschrift|\bavoir\b|\bnota de cr"
    r"|^\s*(?:(?:re|fwd?):\s*)*(?:your )?refund (?:confirmation|from|issued|processed|receipt)\b",
    re.IGNORECASE,
)
# The parts of addresses before the @ that are nobody's names.
_ROLES = (
    "accounts|accounting|accounts payable|accounts receivable|admin|billing|contact|credit control"
    "|do not reply|donotreply|finance|hello|help|info|invoice|invoices|invoicing|mail|no reply"
    "|noreply|notification|notifications|office|order|orders|payment|payments|post|postmaster"
    "|receipt|receipts|rechnung|sales|service|support|team"
)
_ROLE = re.compile(rf"(?:(?:^|\s)(?:{_ROLES}))+$", re.IGNORECASE)
_THROUGH = re.compile(r"\s(?:via|through)\s.*$", re.IGNORECASE)
_PUBLIC = frozenset(
    {"co", "com", "org", "net", "ac", "gov", "ltd", "plc", "edu", "gob", "or", "ne"}
)
_MAILBOXES = frozenset({"gmail", "googlemail", "outlook", "hotmail", "live", "yahoo", "icloud",
                        "gmx", "web", "aol", "proton", "protonmail", "btinternet"})  # fmt: skip
_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"\x00\ud800-\udfff]{1,64}@[\w.\-]{1,189}")


@dataclass(frozen=True, slots=True)
class Document:
    """A mail or a file whose text is to be read. `occurred_at` has a time zone.

    `metadata` and the url are stored as provenance. `sender_name` and `sender_email` may be empty;
    the function `sender` reads them from a From header.
    """

    external_id: str
    kind: Literal["message", "file"]
    name: str
    text: str = field(repr=False)
    occurred_at: datetime
    sender_name: str = ""
    sender_email: str = ""
    url: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """The facts of a document. `amount` is its total from the sender's point of view.

    amount      positive; negative for a credit note; None if no single amount is the total
    currency    the amount's; None without one
    reference   the document's own number, as far as it can be told
    party       the sender; None if unknown
    amounts, references: all candidates, in the order of the text
    """

    document: Document
    amount: Decimal | None
    currency: str | None
    reference: Reference | None
    due_on: date | None
    party: Party | None
    amounts: tuple[Amount, ...]
    references: tuple[Reference, ...]


def read(document: Document) -> Reading | None:
    """Return the facts in the first 200,000 characters; None if there is neither an amount nor a
    reference."""
    text = f"{document.name[:1000]}\n{document.text[:CHARACTERS]}"
    money, numbers = document_amounts.named(text), document_references.named(text)
    if not money and not numbers:
        return None
    total, chief = document_amounts.total(money), document_references.chief(numbers)
    return Reading(
        document,
        _signed(total.value, document.name, chief) if total else None,
        total.currency if total else None,
        chief,
        document_references.due_on(text, month_first=total is not None and total.currency == "USD"),
        party(document.sender_name, document.sender_email),
        money,
        numbers,
    )


def _signed(value: Decimal, subject: str, chief: Reference | None) -> Decimal:
    credit = _CREDIT.search(subject[:1000]) or (chief and chief.kind == "credit note")
    return -abs(value) if credit else value


def sender(header: str) -> tuple[str, str]:
    """Return (name, e-mail address) of an RFC 5322 From header, each "" if it is missing."""
    name, email = parseaddr(header[:2000])
    email = email.strip().lower()
    return " ".join(_decoded(name).split()), email if _ADDRESS.fullmatch(email) else ""


def _decoded(name: str) -> str:
    """Return the name with RFC 2047's encoded words decoded: =?utf-8?q?M=C3=BCller?= becomes
    Müller."""
    try:
        return str(make_header(decode_header(name)))
    except (ValueError, LookupError, HeaderParseError):
        return name


def party(name: str, email: str) -> Party | None:
    """Return the vendor that a sender names, or None: the display name, else the domain's word.

    "Acme Ltd via Xero" and "Acme Ltd Billing" are Acme Ltd. For "Billing" alone the domain names
    the vendor.
    """
    email = email.strip().lower()
    called = _company(name) or _of_address(email)
    if not called:
        return None
    keys = (("email", email),) if _ADDRESS.fullmatch(email) else ()
    return Party("vendor", called, keys)


def _company(name: str) -> str:
    """Return the company in a name, or "" for a role alone ("Billing", "no-reply") and for an
    address."""
    plain = " ".join(name[:NAME].translate(UNFIT).split()).strip(_MARKS)
    if "@" in plain or _ROLE.fullmatch(plain.replace("-", " ")):
        return ""
    company = _ROLE.sub("", _THROUGH.sub("", plain)).strip(_MARKS)
    return company if re.search(r"[^\W_]", company) else ""


def _of_address(email: str) -> str:
    if not _ADDRESS.fullmatch(email):
        return ""
    local, _, domain = email.partition("@")
    words = [word for word in domain.split(".")[:-1] if word]
    while len(words) > 1 and words[-1] in _PUBLIC:
        words.pop()
    word = words[-1] if words else ""
    return (local if word in _MAILBOXES else word) or local
