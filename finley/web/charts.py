"""Computes charts as numbers for SVG templates, in the chart's own units. The style sheet has the
colours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from math import ceil, floor, log10
from typing import Any

from finley.web.words import text

WIDTH, HEIGHT = 720, 240
LEFT, RIGHT, TOP, BOTTOM = 56, 8, 10, 26
MONTHS = 18  # past months; expected ones are added to them
AHEAD = 24  # months after the newest one, at most
WAYS = {"in": "money in", "out": "money out"}  # from the tenant's point of view, as the colours
NOTHING = {"money_in": Decimal(0), "money_out": Decimal(0), "payments_in": 0, "payments_out": 0}


@dataclass(frozen=True, slots=True)
class Bar:
    """One rectangle of a chart, in the chart's units, with its text `label` and the URL `address`
    of its rows."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    label: str
    address: str = ""
    is_range: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    x: float
    y: float
    text: str


@dataclass(frozen=True)
class BarChart:
    """A chart of money in and out by month, in one currency: the bars, and the labels of its axes.
    `ahead` are the bars of expected payments. `rows` has the same numbers for a table."""

    currency: str
    bars: list[Bar]
    ahead: list[Bar]
    months: list[Label]
    scale: list[Label]
    rows: list[dict[str, Any]]
    names: Mapping[str, str]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT


@dataclass(frozen=True)
class LineChart:
    """A chart of amounts over days: the points of the line, its dots, and the labels of its
    axes."""

    points: str
    dots: list[Label]
    scale: list[Label]
    days: list[Label]
    width: int = 360
    height: int = 140


def cash_by_month(
    answer: Mapping[str, Any], addresses: Any, names: Mapping[str, str] = WAYS
) -> list[BarChart]:
    """One chart of money in and out per currency; the currency with most payments comes first.

    `answer` is that of graph.questions.cash_flow. `addresses(month, currency, way)` returns the URL
    of a month's payments in or out. `names` are the words for in and out. Months without money are
    shown with zero.
    """
    counts: dict[str, int] = {}
    for row in answer["months"]:
        payments = row["payments_in"] + row["payments_out"]
        counts[row["currency"]] = counts.get(row["currency"], 0) + payments
    currencies = sorted(counts, key=lambda currency: (-counts[currency], currency))
    return [_of_currency(answer, currency, addresses, names) for currency in currencies]


def turned(answer: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of cash_flow's answer in which in and out are exchanged, for a chart from the
    counterparties' point of view."""
    return {
        **answer,
        **{name: [_turned(row) for row in answer[name]] for name in ("months", "expected")},
    }


def _turned(row: Mapping[str, Any]) -> dict[str, Any]:
    return {_other_way(name): value for name, value in row.items()}


def _other_way(name: str) -> str:
    other = {"in": "out", "out": "in"}
    return "_".join(other.get(part, part) for part in name.split("_"))


def _of_currency(
    answer: Mapping[str, Any], currency: str, addresses: Any, names: Mapping[str, str]
) -> BarChart:
    rows = _months(answer, currency)
    greatest = max((row["greatest"] for row in rows), default=Decimal(1)) or Decimal(1)
    ticks = scale(greatest)
    top = ticks[-1]
    step = (WIDTH - LEFT - RIGHT) / max(len(rows), 1)
    bars: list[Bar] = []
    ahead: list[Bar] = []
    is_ahead = False
    for at, row in enumerate(rows):
        x = LEFT + at * step
        is_ahead = is_ahead or bool(row["expected"])
        if is_ahead:
            ahead.append(Bar(x, TOP, step, HEIGHT - TOP - BOTTOM, "ahead", ""))
        row |= {f"address_{way}": addresses(row["month"], currency, way) for way in WAYS}
        bars += _month_bars(row, _Place(x, step, top), currency, names)
    every = max(1, len(rows) // 9)
    months = [
        Label(min(LEFT + (at + 0.5) * step, WIDTH - 28), HEIGHT - 8, text.month(row["month"]))
        for at, row in enumerate(rows)
        if at % every == 0
    ]
    return BarChart(currency, bars, ahead, months, _labels(ticks, HEIGHT), rows, names)


def _months(answer: Mapping[str, Any], currency: str) -> list[dict[str, Any]]:
    """One row per month of the chart, also for months without money: the sums in and out, and the
    expected sums.

    The chart has the MONTHS months that end with the newest one that has money and is not in the
    future, and up to AHEAD months after it that have money or expected payments.
    """
    past, expected = (
        {row["month"]: row for row in answer[name] if row["currency"] == currency}
        for name in ("months", "expected")
    )
    if not past:
        return []
    now = f"{date.fromisoformat(str(answer['today'])):%Y-%m}"
    last = max((month for month in past if month <= now), default=min(past))
    first = max(min(past), _month_after(last, 1 - MONTHS))
    furthest = _month_after(last, AHEAD)
    until = max(month for month in (*past, *expected) if month <= furthest)
    rows = []
    month = first
    while month <= until:
        row = past.get(month, {**NOTHING, "month": month, "currency": currency})
        rows.append({**row, "expected": expected.get(month), "greatest": Decimal(0)})
        rows[-1]["greatest"] = _greatest(rows[-1])
        month = _month_after(month, 1)
    return rows


def _month_after(month: str, count: int) -> str:
    """The month that is `count` months after another one (both as 2025-07)."""
    year, at = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 + count, 12)
    return f"{year:04d}-{at + 1:02d}"


def _greatest(row: Mapping[str, Any]) -> Decimal:
    expected = row["expected"] or {"in_high": Decimal(0), "out_high": Decimal(0)}
    amounts = (row["money_in"], row["money_out"], expected["in_high"], expected["out_high"])
    return max(map(Decimal, amounts))


def _month_bars(
    row: Mapping[str, Any], place: "_Place", currency: str, names: Mapping[str, str]
) -> list[Bar]:
    bars = []
    month = text.month(row["month"])
    for at, kind in enumerate(WAYS):
        if amount := row[f"money_{kind}"]:
            count, address = row[f"payments_{kind}"], row[f"address_{kind}"]
            payments = "payment" if count == 1 else "payments"
            label = f"{month}: {names[kind]} {text.money(amount, currency)}, {count:,} {payments}"
            bars.append(_bar(place, at, (Decimal(0), amount), (kind, label, address)))
        if (expected := row["expected"]) and expected[f"{kind}_high"]:
            low, high = expected[f"{kind}_low"], expected[f"{kind}_high"]
            amounts = f"{text.money(low, currency)} to {text.money(high)}"
            label = f"{month}: {names[kind]} {amounts} expected"
            bar = _bar(place, at, (low, high), (kind, label, ""))
            bars.append(replace(bar, is_range=True))
    return bars


@dataclass(frozen=True, slots=True)
class _Place:
    """The position of a month's bars: the left edge and the width, and the amount at the upper edge
    of the chart."""

    x: float
    step: float
    top: Decimal


def _bar(place: _Place, at: int, ends: tuple[Decimal, Decimal], texts: tuple[str, str, str]) -> Bar:
    """The bar of a month from the amount `ends[0]` up to `ends[1]`. With `at` 0 it is the month's
    left bar, with 1 the right one. `texts` are its kind, label and URL."""
    room = HEIGHT - TOP - BOTTOM
    lower, upper = (TOP + room * (1 - float(value / place.top)) for value in ends)
    return Bar(
        round(place.x + place.step * (0.12 + 0.4 * at), 1),
        round(upper, 1),
        round(place.step * 0.36, 1),
        round(max(lower - upper, 1.5), 1),
        *texts,
    )


def scale(greatest: Decimal) -> list[Decimal]:
    """Four to six round values, from 0 to at least the greatest amount."""
    step = Decimal(10) ** floor(log10(float(greatest) / 2))
    for factor in (1, 2, 5, 10):
        if greatest / (step * factor) <= 5:
            step *= factor
            break
    count = ceil(greatest / step)
    return [step * at for at in range(count + 1)]


def _labels(ticks: Sequence[Decimal], height: int) -> list[Label]:
    room = height - TOP - BOTTOM
    return [Label(LEFT, TOP + room * (1 - float(tick / ticks[-1])), _round(tick)) for tick in ticks]


def _round(value: Decimal) -> str:
    for unit, name in ((Decimal(10**6), "M"), (Decimal(1000), "k")):
        if value >= unit:
            return f"{(value / unit).normalize():f}{name}"
    return f"{value.normalize():f}"


def amounts_over_days(rows: Sequence[tuple[date, Decimal]]) -> LineChart | None:
    """Make a line chart of (day, amount) pairs, which are sorted by day. None for fewer than
    two."""
    if len(rows) < 2:
        return None
    first, last = rows[0][0], rows[-1][0]
    span = max((last - first) / timedelta(days=1), 1)
    ticks = scale(max(amount for _, amount in rows) or Decimal(1))
    width, height = LineChart.width, LineChart.height
    room = height - TOP - BOTTOM
    dots = [
        Label(
            round(LEFT + 8 + (width - LEFT - RIGHT - 16) * ((on - first).days / span), 1),
            round(TOP + room * (1 - float(amount / ticks[-1])), 1),
            f"{text.day(on)}: {text.money(amount)}",
        )
        for on, amount in rows
    ]
    days = [
        Label(LEFT + 4, height - 8, text.month(first)),
        Label(width - 60, height - 8, text.month(last)),
    ]
    points = " ".join(f"{dot.x},{dot.y}" for dot in dots)
    return LineChart(points, dots, _labels(ticks, height), days)
