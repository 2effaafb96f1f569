"""Computes charts as numbers for SVG templates, in the chart's own units. The style sheet has the
colours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from math import ceil, floor, log10
from typing import Any

WIDTH, HEIGHT = 720, 240
LEFT, RIGHT, TOP, BOTTOM = 56, 8, 10, 26
MONTHS = 18  # past months; expected ones are added to them


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle, its text, and its link."""

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
    """Money in and out of one currency by month. `ahead` are the expected months."""

    currency: str
    bars: list[Bar]
    ahead: list[Bar]
    months: list[Label]
    scale: list[Label]
    rows: list[dict[str, Any]]
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True)
class LineChart:
    """Amounts over days."""

    points: str
    dots: list[Label]
    scale: list[Label]
    days: list[Label]
    width: int = 360
    height: int = 140


def cash_by_month(answer: Mapping[str, Any], addresses: Any) -> list[BarChart]:
    """One chart per currency; the currency with most payments comes first.

    `answer` is cash_flow's. `addresses(month, currency)` returns the link of a month's bars.
    """
    counts: dict[str, int] = {}
    for row in answer["months"]:
        payments = row["payments_in"] + row["payments_out"]
        counts[row["currency"]] = counts.get(row["currency"], 0) + payments
    currencies = sorted(counts, key=lambda currency: (-counts[currency], currency))
    return [_of_currency(answer, currency, addresses) for currency in currencies]


def _of_currency(answer: Mapping[str, Any], currency: str, addresses: Any) -> BarChart:
    rows = _months(answer, currency)
    greatest = max((row["greatest"] for row in rows), default=Decimal(1)) or Decimal(1)
    ticks = scale(greatest)
    top = ticks[-1]
    step = (WIDTH - LEFT - RIGHT) / max(len(rows), 1)
    bars: list[Bar] = []
    ahead: list[Bar] = []
    for at, row in enumerate(rows):
        x = LEFT + at * step
        if row["expected"]:
            ahead.append(Bar(x, TOP, step, HEIGHT - TOP - BOTTOM, "ahead", ""))
        address = addresses(row["month"], currency)
        bars += _month_bars(row, _Place(x, step, top), currency, address)
    every = max(1, len(rows) // 9)
    months = [
        Label(LEFT + (at + 0.5) * step, HEIGHT - 8, _short(row["month"]))
        for at, row in enumerate(rows)
        if at % every == 0
    ]
    return BarChart(currency, bars, ahead, months, _labels(ticks, HEIGHT), rows)


def _months(answer: Mapping[str, Any], currency: str) -> list[dict[str, Any]]:
    """One row per month: what moved, and what is expected in addition."""
    rows: dict[str, dict[str, Any]] = {}
    past = [row for row in answer["months"] if row["currency"] == currency][-MONTHS:]
    for row in past:
        rows[row["month"]] = {**row, "expected": None, "greatest": _greatest(row)}
    first = past[0]["month"] if past else ""
    for row in answer["expected"]:
        if row["currency"] == currency and row["month"] >= first:
            before = rows.get(row["month"], {"month": row["month"], "greatest": Decimal(0)})
            greatest = max(before["greatest"], row["in_high"], row["out_high"])
            rows[row["month"]] = {**before, "expected": row, "greatest": greatest}
    return [rows[month] for month in sorted(rows)]


def _greatest(row: Mapping[str, Any]) -> Decimal:
    return max(Decimal(row["money_in"]), Decimal(row["money_out"]))


def _month_bars(row: Mapping[str, Any], place: "_Place", currency: str, address: str) -> list[Bar]:
    bars = []
    month = _short(row["month"])
    for at, kind in enumerate(("in", "out")):
        if amount := row.get(f"money_{kind}"):
            count = row[f"payments_{kind}"]
            text = f"{month}: {currency} {amount:,.2f} {kind}, {count:,} payments"
            bars.append(_bar(place, at, (Decimal(0), amount), (kind, text, address)))
        if (expected := row["expected"]) and expected[f"{kind}_high"]:
            low, high = expected[f"{kind}_low"], expected[f"{kind}_high"]
            text = f"{month}: {currency} {low:,.2f} to {high:,.2f} {kind} expected"
            bar = _bar(place, at, (low, high), (kind, text, ""))
            bars.append(replace(bar, is_range=True))
    return bars


@dataclass(frozen=True, slots=True)
class _Place:
    """The position of a month's bars: the left edge, the width, and the amount at the upper
    edge."""

    x: float
    step: float
    top: Decimal


def _bar(place: _Place, at: int, ends: tuple[Decimal, Decimal], texts: tuple[str, str, str]) -> Bar:
    """The bar from one amount to the other. With `at` 0 it is on the left, with 1 on the right."""
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


def _short(month: str) -> str:
    return f"{date.fromisoformat(f'{month}-01'):%b %y}"


def amounts_over_days(rows: Sequence[tuple[date, Decimal]]) -> LineChart | None:
    """The line through amounts, oldest first; None for fewer than two."""
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
            f"{on.day} {on:%b %Y}: {amount:,.2f}",
        )
        for on, amount in rows
    ]
    days = [
        Label(LEFT + 4, height - 8, f"{first:%b %y}"),
        Label(width - 48, height - 8, f"{last:%b %y}"),
    ]
    points = " ".join(f"{dot.x},{dot.y}" for dot in dots)
    return LineChart(points, dots, _labels(ticks, height), days)
