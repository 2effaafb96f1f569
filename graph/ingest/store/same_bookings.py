"""Recognises one booking in several formats: a statement as CSV, CAMT and MT940 counts once.

Rows have keys, and every format makes its own. So rows of a bank or card account with new keys are
compared with the account's known rows, by day, amount and currency. If a row states no other day,
the value day is compared. If another source stated the booking, the row is recorded as a further
sighting and becomes no payment. If this source stated it in other words, the row is the same
booking with changes, and gets its old key.

Rows are paired one to one, so that two equal coffees both stay. Two rows of one source are the same
only if they share a reference, or if one of the two files certainly states all bookings of the day.
A statement does so; a table does for the days between its first and its last.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.backends.utils import CursorWrapper
from rapidfuzz import fuzz

from graph import sql
from graph.ingest.readers.statements.statement import reference
from graph.ingest.store.identity import normalized
from graph.ingest.store.value_days import APART, is_value_dated, value_day

PLATFORMS = ("bank", "card")
ALIKE = 60.0  # of 100, rapidfuzz's token_set_ratio: words of one booking in two forms
_BY_CONTENT = re.compile(r"[0-9a-f]{32}( #[0-9]+)?")  # a key that is not a number in the row
_IBAN = "^[A-Z]{2}[0-9]{2}[A-Z0-9 ]{11,40}$"  # in PostgreSQL's syntax
_GERMAN = re.compile(r"([0-9]{8})/([0-9]{1,10})")
_CODE = re.compile(r"(?=[^\s]*[0-9])[A-Za-z0-9][A-Za-z0-9/_.\-]{5,}")
_NOBODY = frozenset(("", "unknown", "batch payment"))
Group = tuple[str, date, Decimal, str]


@dataclass(slots=True)
class Booking:
    """One movement of an account: one row, or the rows that are its parts.

    rows         the rows' (source, external_id)
    words        what the rows say, normalized; "" for nothing
    codes        what looks like a reference in them
    references   what a bank states as the booking's own: end-to-end id, bank's reference
    is_complete  its file states all bookings of the day
    is_table     the form does not say which days it states completely
    value_day    the value day that is stated beside the day
    is_value_dated
                 `day` is the value day: the row states no other
    """

    account: str
    day: date
    amount: Decimal
    currency: str
    rows: list[tuple[str, str]]
    words: str
    codes: frozenset[str]
    references: frozenset[str]
    end_to_end_id: str
    is_complete: bool
    is_table: bool
    value_day: date | None = None
    is_value_dated: bool = False

    @property
    def group(self) -> Group:
        return self.account, self.day, self.amount, self.currency


@dataclass(slots=True)
class Settled:
    """The result of `settle`: how many rows another source has stated (`known`), and doubts as
    sentences."""

    known: int = 0
    doubts: list[str] = field(default_factory=list)


def settle(cursor: CursorWrapper, values: dict[str, Any], *, is_whole: bool = True) -> Settled:
    """Remove from the table `incoming` the rows of bookings that another source has stated, and
    give reworded rows of this source their old keys.

    `values` has user_id, source, platform and file of the import. It runs in the tenant's
    transaction. `is_whole` means that all of the file's rows are incoming, not only some. Returns
    the number of rows removed, and doubts.
    """
    if values["platform"] not in PLATFORMS:
        return Settled()
    values = {**values, "iban": _IBAN}
    cursor.execute(sql.read("ingest/bookings_incoming"), values)
    rows = cursor.fetchall()
    fresh = [row for row in rows if not row[-1]]
    if not fresh:
        return Settled()
    days = _days(rows)
    incoming = list(_bookings((values["source"], *row[:-1]) for row in fresh))
    for booking in incoming:
        first, last = days[booking.account]
        inner = is_whole and booking.is_table and first < booking.day < last
        booking.is_complete = booking.is_complete or inner
    dates = [row[3] for row in fresh]
    within = {**values, "first": min(dates) - APART, "last": max(dates) + APART}
    cursor.execute(sql.read("ingest/bookings_known"), within)
    pairs, doubts = paired(incoming, list(_bookings(cursor.fetchall())))
    return Settled(_apply(cursor, values, pairs), doubts)


def _days(rows: list[tuple[Any, ...]]) -> dict[str, tuple[date, date]]:
    """Return the first and the last day of each account in the file, by account."""
    days: dict[str, list[date]] = defaultdict(list)
    for _, iban, number, day, *_ in rows:
        days[account_of(iban, number)].append(day)
    return {account: (min(days_of), max(days_of)) for account, days_of in days.items()}


def account_of(iban: str | None, number: str | None) -> str:
    """Return the account in one form. A German IBAN becomes bank code and account number."""
    plain = re.sub(r"[^0-9A-Z]", "", (iban or "").upper())
    if re.fullmatch(r"DE[0-9]{20}", plain):
        return plain[4:]
    if plain:
        return plain
    if german := _GERMAN.fullmatch((number or "").strip()):
        return german[1] + german[2].zfill(10)
    text = (number or "").upper().replace(" ", "")
    return re.sub(r"^DE[0-9]{2}(?=[0-9]{18}$)", "", text)


def _bookings(rows: Iterable[tuple[Any, ...]]) -> Iterator[Booking]:
    """Yield the rows as bookings. The rows of one batch are one booking with the batch's amount."""
    whole: dict[tuple[str, str, str, str], Booking] = {}
    for source, key, iban, number, day, amount, currency, party, text, data_text in rows:
        data = json.loads(data_text)
        account, batch = account_of(iban, number), data.get("booking", "")
        if "format" not in data or "booking_amount" not in data:  # a table's column of that name
            batch = ""
        booking = Booking(
            account=account,
            day=day,
            amount=Decimal(data["booking_amount"]) if batch else amount,
            currency=currency,
            rows=[(source, key)],
            words=_words(party, text),
            codes=_codes(text, data),
            references=_references(data),
            end_to_end_id=_end_to_end_id(data),
            is_complete=data.get("complete") == "yes",
            is_table=data.get("format", "qif") == "qif",
            value_day=value_day(data, day),
            is_value_dated=is_value_dated(data),
        )
        at = (source, account, batch or key, "batch" if batch else "")
        if booking_before := whole.get(at):
            if (source, key) not in booking_before.rows:
                booking_before.rows.append((source, key))
                booking_before.words = f"{booking_before.words} {booking.words}"
                booking_before.codes |= booking.codes
                booking_before.references |= booking.references
        else:
            whole[at] = booking
    yield from whole.values()


def _words(party: str, text: str) -> str:
    name = normalized(party) if party.strip() else ""
    parts = ["" if name in _NOBODY else name, normalized(text) if text.strip() else ""]
    return " ".join(dict.fromkeys(" ".join(parts).split()))


def _references(data: dict[str, str]) -> frozenset[str]:
    references = {_end_to_end_id(data).upper(), data.get("bank_reference", "").upper()}
    return frozenset(references - {""})


def _end_to_end_id(data: dict[str, str]) -> str:
    """Return the end-to-end id in the row's columns, or "". A table's column may be called
    "Kundenreferenz (End-to-End)"."""
    ids = (text for name, text in data.items() if "end_to_end" in name and text)
    return reference(next(ids, ""))


def _codes(text: str, data: dict[str, str]) -> frozenset[str]:
    """Return what looks like a reference in the text, with the references in `data`. Other formats
    probably repeat these.

    A code has six characters or more, and a digit.
    """
    codes = {code.upper().rstrip(".-/_") for code in _CODE.findall(text)}
    return frozenset(code for code in codes if len(code) >= 6) | _references(data)


Pair = tuple[Booking, Booking]


def paired(incoming: list[Booking], stored: list[Booking]) -> tuple[list[Pair], list[str]]:
    """Return the pairs of an incoming and a stored booking that are the same, and doubts as
    sentences.

    Each booking is in one pair at most.
    """
    pairs = _by_value_day(incoming, stored)
    taken = {id(booking) for pair in pairs for booking in pair}
    candidates = _grouped(booking for booking in stored if id(booking) not in taken)
    doubts: list[str] = []
    rest = _grouped(booking for booking in incoming if id(booking) not in taken)
    for group, bookings in rest.items():
        if stored_group := candidates.get(group, []):
            group_pairs = _of_group(bookings, stored_group)
            pairs += group_pairs
            doubts += _doubts(group, bookings, stored_group, group_pairs)
    return pairs, doubts


def _by_value_day(incoming: list[Booking], stored: list[Booking]) -> list[Pair]:
    """Return the pairs of bookings that have the same value day. One of the two must state no
    other day."""
    pairs: list[Pair] = []
    for ours_are in (True, False):
        ours = [booking for booking in incoming if booking.is_value_dated == ours_are]
        theirs = [booking for booking in stored if booking.is_value_dated != ours_are]
        candidates = _grouped_by_value_day(theirs)
        for group, bookings in _grouped_by_value_day(ours).items():
            pairs += _of_group(bookings, candidates.get(group, []))
    return pairs


def _grouped_by_value_day(bookings: list[Booking]) -> dict[Group, list[Booking]]:
    groups: dict[Group, list[Booking]] = defaultdict(list)
    for booking in bookings:
        if booking.value_day is not None:
            account, _, amount, currency = booking.group
            groups[account, booking.value_day, amount, currency].append(booking)
    return groups


def _grouped(bookings: Iterable[Booking]) -> dict[Group, list[Booking]]:
    groups: dict[Group, list[Booking]] = defaultdict(list)
    for booking in bookings:
        groups[booking.group].append(booking)
    return groups


def _of_group(bookings: list[Booking], stored: list[Booking]) -> list[Pair]:
    """Return the pairs of bookings of one day, amount and account that are the same, the most
    likely pairs first.

    If several are equally likely, the first on both sides are paired.
    """
    scored = [
        (-score, at, other_at)
        for at, booking in enumerate(bookings)
        for other_at, other in enumerate(stored)
        if (score := _likeness(booking, other)) is not None
    ]
    used, taken_known, pairs = set(), set(), []
    for _, at, other_at in sorted(scored):
        if at not in used and other_at not in taken_known:
            used.add(at)
            taken_known.add(other_at)
            pairs.append((bookings[at], stored[other_at]))
    return pairs


def _likeness(booking: Booking, other: Booking) -> float | None:
    """Return a score that grows with the likelihood that two bookings of one account, day and
    amount are the same; None if they are not.

    It is 300 for a shared reference, 200 for a shared code, else the similarity of the words (ALIKE
    to 100). Different end-to-end ids make two bookings different. If one has no words or is a
    batch, the score is 1, provided that one of the files states all bookings of the day. Two
    bookings of one source also need that, and keys that are made of the rows' content.
    """
    if booking.references & other.references:
        return 300.0
    if booking.end_to_end_id and other.end_to_end_id:
        return None
    is_one_source = booking.rows[0][0] == other.rows[0][0]
    is_complete = booking.is_complete or other.is_complete
    if is_one_source and not (is_complete and _may_be_reworded(booking, other)):
        return None
    if booking.codes & other.codes:
        return 200.0
    is_batch = len(booking.rows) > 1 or len(other.rows) > 1
    if is_batch or not booking.words or not other.words:
        return 1.0 if is_complete else None
    alike = fuzz.token_set_ratio(booking.words, other.words)
    return alike if alike >= ALIKE else None


def _may_be_reworded(booking: Booking, other: Booking) -> bool:
    """Return whether both bookings' keys are made of the rows' content. Only such keys change with
    the words."""
    return all(_BY_CONTENT.fullmatch(key) for _, key in (*booking.rows, *other.rows))


def _doubts(
    group: Group, bookings: list[Booking], stored: list[Booking], pairs: list[Pair]
) -> Iterator[str]:
    """Yield sentences about bookings that another source may have stated in quite different
    words."""
    sources = {other.rows[0][0] for other in stored} - {bookings[0].rows[0][0]}
    unpaired = len(bookings) - len(pairs)
    if unpaired and len(stored) > len(pairs) and sources:
        _, day, amount, currency = group
        yield (
            f"{unpaired} of {len(bookings)} rows of {amount:f} {currency} on {day} resemble no row "
            f"of that amount from {', '.join(sorted(sources))}: they are counted as others"
        )


def _apply(cursor: CursorWrapper, values: dict[str, Any], pairs: list[Pair]) -> int:
    """Remove the rows that another source has stated from `incoming`, and give reworded rows
    their old keys. Return the number of rows removed."""
    sightings: list[tuple[str, str, str]] = []
    dropped: set[str] = set()
    renamed: list[tuple[str, str]] = []
    for booking, other in pairs:
        is_one_source = booking.rows[0][0] == other.rows[0][0]
        if is_one_source and len(booking.rows) == len(other.rows) == 1:
            renamed.append((booking.rows[0][1], other.rows[0][1]))
            continue
        dropped |= {key for _, key in booking.rows}
        sightings += [(key, *row) for _, key in booking.rows for row in other.rows]
    names = {"new": [new for new, _ in renamed], "known": [old for _, old in renamed]}
    cursor.execute(sql.read("ingest/bookings_renamed"), names)
    if not dropped:
        return 0
    columns = {"incoming": [s[0] for s in sightings], "sources": [s[1] for s in sightings],
               "known": [s[2] for s in sightings]}  # fmt: skip
    cursor.execute(sql.read("ingest/bookings_seen"), {**values, **columns})
    cursor.execute("DELETE FROM incoming WHERE external_id = ANY (%s)", [sorted(dropped)])
    return int(cursor.rowcount)
