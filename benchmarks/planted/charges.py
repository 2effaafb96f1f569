"""Plants two books with times to the second: a donations platform with its charges, and customers'
wallets."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from benchmarks.otherbooks.bank_days import DAY
from benchmarks.planted.book_files import Line, Sheets
from benchmarks.planted.long_series import written
from benchmarks.planted.planted_names import Party
from finley.demo.truth import Fee, Reversal

GIFTS = 260
GUESTS = 14
RATES = {"card": 0.019, "abroad": 0.034}


def plant(sheets: Sheets) -> None:
    charger = sheets.names.company(name="Swiftgive Payments")
    _rate_fees(sheets, charger)
    _refunds(sheets, charger)
    _lone_candidates(sheets)


def _timestamp(sheets: Sheets, margin: int = 30) -> datetime:
    first, last = sheets.span
    day = first + DAY * sheets.rng.randrange((last - first).days - margin)
    return datetime.combine(day, time()) + timedelta(seconds=sheets.rng.randrange(86_400))


def _charge(sheets: Sheets, charger: Party, gift: Line, rate: str) -> Line:
    """Write the platform's charge for the gift, some seconds after it. Nothing in the charge names
    the gift. Return its row."""
    timestamp = gift.timestamp + timedelta(seconds=sheets.rng.randrange(2, 40))
    pence = -round(gift.pence * RATES[rate])
    line = sheets.event(timestamp, charger, pence, "charge")
    sheets.fees.append(Fee(line.ref, gift.ref))
    return line


def _rate_fees(sheets: Sheets, charger: Party) -> None:
    """Plant gifts with a charge of a constant rate, and small gifts of other people close to them
    in time by chance."""
    givers = [sheets.names.person() for _ in range(60)]
    lines, pairs = [], []
    for _ in range(GIFTS):
        pence = sheets.rng.choice((1_000, 2_000, 2_500, 5_000, sheets.rng.randrange(600, 40_000)))
        gift = sheets.event(_timestamp(sheets), sheets.rng.choice(givers), pence, "gift")
        fee = _charge(sheets, charger, gift, "card")
        lines += [gift, fee]
        pairs.append([fee.ref, gift.ref])
        if sheets.rng.random() < 0.2:  # another's gift between the two
            timestamp = gift.timestamp + timedelta(seconds=1)
            other = sheets.event(
                timestamp, sheets.rng.choice(givers), sheets.rng.randrange(100, 900),
                "gift",
            )  # fmt: skip
            lines.append(other)
    due = [sheets.span[0] + DAY * round(30.4 * month) for month in range(28)]
    for day in due:  # the platform's monthly price is not the charge of a gift
        timestamp = datetime.combine(day, time(9))
        line = sheets.event(timestamp, charger, -1_200, "subscription")
        lines.append(line)
    written(sheets, "platform", "monthly", due, lines[-len(due) :])
    sheets.kind("rate_fees", "fee_of", lines, pairs=pairs)


def _refunds(sheets: Sheets, charger: Party) -> None:
    """Plant equal gifts of guests without a name, of which some are refunded. The refund of the
    charge tells which gift is refunded."""
    guest = sheets.names.company(name="Guest")
    lines, pairs = [], []
    for _ in range(GUESTS):
        start, pence = _timestamp(sheets, 90), sheets.rng.randrange(20, 90) * 100
        rates = ["card", "card", "abroad"]
        sheets.rng.shuffle(rates)
        gifts = []
        for at, rate in enumerate(rates):
            timestamp = start + timedelta(days=at * 2, seconds=sheets.rng.randrange(9_000))
            gift = sheets.event(timestamp, guest, pence, "gift")
            gifts.append((gift, _charge(sheets, charger, gift, rate)))
        gift, fee = gifts[rates.index("abroad")]
        timestamp = gifts[-1][0].timestamp + timedelta(days=3)
        back = sheets.event(timestamp, guest, -pence, "refund")
        less = sheets.event(timestamp + timedelta(seconds=3), charger, -fee.pence, "charge refund")
        sheets.reversals += [
            Reversal(back.ref, gift.ref, partial=False), Reversal(less.ref, fee.ref, partial=False)
        ]  # fmt: skip
        lines += [line for both in gifts for line in both] + [back, less]
        pairs += [[back.ref, gift.ref], [less.ref, fee.ref]]
    sheets.kind("refunds", "reversal", lines, pairs=pairs)


def _lone_candidates(sheets: Sheets) -> None:
    """Plant deposits with another customer's withdrawal of the same amount, which do not belong
    together; and deposits that are sent back to the customer."""
    customers = [sheets.names.person() for _ in range(80)]
    lines, pairs = [], []
    for _ in range(40):
        one, other = sheets.rng.sample(customers, 2)
        pence, timestamp = sheets.rng.randrange(10, 90) * 500, _timestamp(sheets, 60)
        lines.append(sheets.wallet(timestamp, one, -pence, "deposit"))
        later = timestamp + timedelta(days=sheets.rng.randint(1, 9))
        lines.append(sheets.wallet(later, other, pence, "withdrawal"))
    for _ in range(20):
        who, timestamp = sheets.rng.choice(customers), _timestamp(sheets, 60)
        pence = sheets.rng.randrange(2_000, 60_000)
        paid = sheets.wallet(timestamp, who, -pence, "deposit")
        later = timestamp + timedelta(days=sheets.rng.randint(1, 4))
        back = sheets.wallet(later, who, pence, "deposit returned")
        sheets.reversals.append(Reversal(back.ref, paid.ref, partial=False))
        lines += [paid, back]
        pairs.append([back.ref, paid.ref])
    sheets.kind("lone_candidates", "reversal", lines, pairs=pairs)
