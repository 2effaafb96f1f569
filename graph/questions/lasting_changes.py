"""Lasting changes: of a series' price, and of what a group costs a month."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby, pairwise
from statistics import median
from typing import Any

Answer = dict[str, Any]

SAME = Decimal("0.005")  # share of a price by which payments of the same price may differ
LEVEL = 2  # payments in a row with one price that establish the price
LASTING = 2  # months in a row, each higher than all of the months before them
LEAST_BEFORE, COMPARED = 3, 12  # months before, at least and at most


def higher_since(months: Mapping[int, Decimal], last: int) -> Answer | None:
    """Return the first month from which each month is higher than every earlier one, or None.

    At least LASTING months must be higher than at least LEAST_BEFORE and at most COMPARED earlier
    months. `months` has the sums by number of the month, from the year 0, up to `last`, which may
    be incomplete: it counts if it is higher already. `old` and `new` are the means of the months
    before and since.
    """
    return _higher_since(months, last) or _higher_since(months, last - 1)


def _higher_since(months: Mapping[int, Decimal], last: int) -> Answer | None:
    """Return what `higher_since` returns for the months up to `last`.

    It walks back with the lowest month so far, until no month before can be lower.
    """
    first = min(months, default=last)
    floor = min((Decimal(0), *months.values()))
    lowest, begin = months.get(last, Decimal(0)), None
    for at in range(last, first + LEAST_BEFORE - 1, -1):
        lowest = min(lowest, months.get(at, Decimal(0)))
        if lowest <= floor:
            break
        if at <= last - LASTING + 1 and max(_sums(months, _before(at, first))) < lowest:
            begin = at
    if begin is None:
        return None
    old, new = _sums(months, _before(begin, first)), _sums(months, range(begin, last + 1))
    month = f"{begin // 12:04d}-{begin % 12 + 1:02d}"
    return {"month": month, "old": _mean(old), "new": _mean(new)}


def _before(month: int, first: int) -> range:
    """Return the earlier months with which a month is compared."""
    return range(max(first, month - COMPARED), month)


def _sums(months: Mapping[int, Decimal], numbers: range) -> list[Decimal]:
    return [months.get(number, Decimal(0)) for number in numbers]


def _mean(amounts: Sequence[Decimal]) -> Decimal:
    return (sum(amounts, Decimal(0)) / len(amounts)).quantize(Decimal("0.01"))


def price_changes(series: Sequence[tuple[date, Decimal]]) -> list[Answer]:
    """Return the lasting price changes of a series of (day, amount).

    A change has at least LEVEL payments in a row with one price (to within half a percent), then
    at least LEVEL with the new one. Each price holds: at least half of the payments from then on,
    up to the next such price, have it. `from_day` is the day of the first payment with the new
    price.
    """
    levels = _levels([(day, amount) for day, amount in sorted(series)])
    return [
        {
            "from_day": new[0][0],
            "old": _price(old),
            "new": _price(new),
            "change_share": float(_price(new) / _price(old) - 1),
        }
        for old, new in pairwise(levels)
        if not is_same_price(_price(new), _price(old))
    ]


def price_part(
    series: Sequence[tuple[date, Decimal]],
    changes: Sequence[Answer],
    now: tuple[date, date],
    before: tuple[date, date],
) -> Decimal | None:
    """Return by how much the payments of a series in the days `now` cost more than before because
    of its price.

    That is the sum of their prices, less as many times the mean price in the days `before`. What
    was paid above or below the price does not count. Returns None without a payment in both.
    """
    new, old = (
        [_price_on(changes, day) for day, _ in series if span[0] <= day <= span[1]]
        for span in (now, before)
    )
    if not new or not old:
        return None
    return sum(new, Decimal(0)) - sum(old, Decimal(0)) / len(old) * len(new)


def _price_on(changes: Sequence[Answer], day: date) -> Decimal:
    """Return the price on that day, according to these changes in order of time. There must be
    at least one."""
    price: Decimal = changes[0]["old"]
    for change in changes:
        if change["from_day"] <= day:
            price = change["new"]
    return price


def is_same_price(amount: Decimal, price: Decimal) -> bool:
    return abs(amount - price) <= SAME * price


def _levels(paid: Sequence[tuple[date, Decimal]]) -> list[list[tuple[date, Decimal]]]:
    """Return the runs of at least LEVEL payments with one price that holds. Other payments are left
    out."""
    numbered: list[tuple[int, tuple[date, Decimal]]] = []
    level = 0
    for at, payment in enumerate(paid):
        if at and not is_same_price(payment[1], paid[at - 1][1]):
            level += 1
        numbered.append((level, payment))
    runs = [
        [payment for _, payment in run] for _, run in groupby(numbered, key=lambda pair: pair[0])
    ]
    spans: list[tuple[list[tuple[date, Decimal]], list[Decimal]]] = []  # a run, and all since it
    for run in runs:
        if len(run) >= LEVEL:
            spans.append((run, []))
        if spans:
            spans[-1][1].extend(amount for _, amount in run)
    return [run for run, amounts in spans if _holds(_price(run), amounts)]


def _holds(price: Decimal, amounts: Sequence[Decimal]) -> bool:
    """Return whether at least half of the amounts are the price."""
    return 2 * sum(is_same_price(amount, price) for amount in amounts) >= len(amounts)


def _price(level: Sequence[tuple[date, Decimal]]) -> Decimal:
    return median(amount for _, amount in level)
