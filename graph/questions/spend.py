"""What was paid by party, department or category, period by period, and how it changed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

from graph import sql
from graph.questions import counted_rows, days, matched_days
from graph.questions.lasting_changes import higher_since, price_changes, price_part
from graph.questions.open_items import entities_named, hashed
from graph.questions.periods import PERIODS, Calendar, label, number_of
from graph.reading import current_rows
from graph.reading.current_rows import Reader

Answer = dict[str, Any]
Payments = list[tuple[date, Decimal]]
Key = tuple[str | None, str | None, str]  # name, party's id, currency

BY = ("party", "department", "category")
# Titles of columns that state a category, as rows have them; the first that is filled counts.
CATEGORY_TITLES = (
    "category", "expense_category", "spend_category", "spending_category", "transaction_category",
    "expenditure_category", "budget_category", "category_name", "merchant_category",
    "expense_type", "expenditure_type", "type_of_expense", "kategorie", "ausgabenkategorie",
    "kostenart", "categorie", "categorie_de_depense", "categoria", "categoria_de_gasto",
    "tipo_de_gasto", "kategoria", "kategori", "luokka",
)  # fmt: skip
MOST_WORDS = 60  # different texts of a source up to which they may be categories
REPEATED = 3  # rows per text, on average, from which texts are a vocabulary
LINES = sql.read("questions/spend_lines")
RANKINGS = ("amount", "growth", "count")


@dataclass
class Group:
    """The payments of one name in one currency, summed by period: `amounts` and `counts` of each
    period, by its number.

    `to_date` has, for each period, the sum of only those days that are compared with the newest
    period. `months` has the sums by month, and `series` the payments of each recurring series,
    whose party's name is in `party_of`.
    """

    amounts: dict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    counts: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    to_date: dict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    months: dict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    series: dict[str, Payments] = field(default_factory=lambda: defaultdict(list))
    party_of: dict[str, str] = field(default_factory=dict)

    @cached_property
    def changed_prices(self) -> dict[str, list[Answer]]:
        """Return the lasting changes of the price of each series that has some."""
        changes = ((name, price_changes(series)) for name, series in self.series.items())
        return {name: steps for name, steps in changes if steps}

    @property
    def last_prices(self) -> list[Answer]:
        """Return the last change of each series with changes, and the `party` of the series."""
        return [
            {**steps[-1], "party": self.party_of[name]}
            for name, steps in self.changed_prices.items()
        ]

    def match(self, calendar: Calendar) -> None:
        """Count in `to_date` the payments of each series that match those of the newest period
        (`matched_days.counted`)."""
        newest = calendar.newest
        now = calendar.span(newest, newest)
        for at in {newest - 1, newest - 12 // PERIODS[calendar.period]}:
            span = calendar.span(at, newest)
            for series in self.series.values():
                counted = matched_days.counted([day for day, _ in series], now, span)
                matched = sum((series[place][1] for place in counted), Decimal(0))
                inside = (amount for day, amount in series if span[0] <= day <= span[1])
                if change := matched - sum(inside, Decimal(0)):
                    self.to_date[at] += change

    def is_compared(self, newest: int) -> bool:
        """Return whether there are payments in the period `newest`, or in the compared days of
        the period before."""
        return newest in self.amounts or newest - 1 in self.to_date


def spend(
    user_id: UUID,
    *,
    by: str = "party",
    period: str = "month",
    direction: str = "out",
    kind: str = counted_rows.DEFAULT,
    party: str | None = None,
    currency: str | None = None,
    periods: int = 13,
    order: str = "amount",
    limit: int = 50,
    today: date | None = None,
    is_compared: bool = False,
) -> Answer:
    """Return the last `periods` periods up to today, for the `limit` first groups by `order`.

    `order` is amount or count (of the newest period) or growth (the change against the period
    before). The newest period ends today, so its changes are against the same days of the periods
    before. A payment of a recurring series that a weekend moved over the end of those days counts
    with the one that it matches (`matched_days.counted`). There is no change against a period that
    began before the books did. `higher_since` is
    the first month from which a group costs more than in any month of the year before
    (`lasting_changes.higher_since`). `kind` is payment (money that moved, so fees, too) or
    obligation (what was invoiced). Each payment counts once. A card company's bill does not count
    if its purchases count as payments. Amounts and shares are per currency. With `is_compared`
    there are only groups with payments in the newest period, or in the days that it is compared
    with. Raises NotFound for an unknown party, ViewMissing, ViewUnpopulated.
    """
    day = today or days.today(user_id)
    payments, books, first = _payments(user_id, day, (by, direction, kind), party)
    calendar = _calendar(period, day, first, books)
    groups = _groups(payments, calendar, currency)
    ranked = _ranked(groups, calendar, order, is_compared=is_compared)
    results = _results(ranked[:limit], _totals(groups, calendar.newest), calendar, periods)
    return {"today": day, "books": books, "count": len(ranked), "results": results}


def _ranked(
    groups: dict[Key, Group], calendar: Calendar, order: str, *, is_compared: bool
) -> list[tuple[Key, Group]]:
    listed = [
        (key, group)
        for key, group in groups.items()
        if not is_compared or group.is_compared(calendar.newest)
    ]
    return sorted(listed, key=lambda item: _rank(item, calendar, order))


def payments_of(
    user_id: UUID,
    group: Key,
    *,
    by: str = "party",
    since: date | None = None,
    until: date | None = None,
    direction: str = "out",
    kind: str = counted_rows.DEFAULT,
    compared: str | None = None,
    today: date | None = None,
) -> list[Answer]:
    """Return the payments that `spend` sums in a group, in the days from `since` to `until`, newest
    first.

    With `compared` (month, quarter or year) they are instead those of the period before that are
    compared with the newest one: the sum is its `before_amount`. Each has the relationship's `id`,
    `day` and `amount`. Raises ViewMissing, ViewUnpopulated.
    """
    day = today or days.today(user_id)
    payments, books, first = _payments(user_id, day, (by, direction, kind), group[1])
    rows = [row for row in payments if (row["name"], row["party_id"], row["currency"]) == group]
    if compared is not None:
        return _before(rows, _calendar(compared, day, first, books))[::-1]
    return [
        row
        for row in rows[::-1]
        if (since is None or row["day"] >= since) and (until is None or row["day"] <= until)
    ]


def _before(rows: list[Answer], calendar: Calendar) -> list[Answer]:
    """Return those of a group's payments that are compared with the newest period."""
    now, before = (calendar.span(calendar.newest - at, calendar.newest) for at in (0, 1))
    series: dict[str, list[Answer]] = defaultdict(list)
    single = []
    for row in rows:
        if row["series"]:
            series[row["series"]].append(row)
        elif before[0] <= row["day"] <= before[1]:
            single.append(row)
    for group in series.values():
        counted = matched_days.counted([row["day"] for row in group], now, before)
        single += [group[at] for at in counted]
    return sorted(single, key=itemgetter("day", "id"))


def _calendar(period: str, today: date, first: date | None, books: Iterable[Answer]) -> Calendar:
    until = max((book["until"] for book in books), default=today)
    return Calendar(period, today, first, until)


def _payments(
    user_id: UUID, today: date, of: tuple[str, str, str], party: str | None
) -> tuple[list[Answer], list[Answer], date | None]:
    """Return the payments, the last day of each source's books, and the first day of all books.

    All are read in one snapshot. `of` has what payments are grouped by, the direction, and the
    kind.
    """
    by, direction, kind = of
    parameters: Answer = {
        **_of_lines(user_id, today, by),
        "direction": direction,
        "kinds": counted_rows.kinds_selected_by(kind),
    }
    with current_rows.snapshot(user_id) as reader:
        parameters = {**parameters, "parties": entities_named(user_id, party)}
        with hashed(reader):
            payments = reader.rows(f"{LINES}{sql.read('questions/spend')}", parameters)
        return payments, days.books(reader, user_id, today), days.first(reader, user_id)


def _of_lines(user_id: UUID, today: date, by: str) -> Answer:
    """Return the parameters of LINES."""
    return {
        "user_id": user_id,
        "today": today,
        "by": by,
        "titles": list(CATEGORY_TITLES),
        "most_words": MOST_WORDS,
        "repeated": REPEATED,
    }


def vocabularies(reader: Reader, user_id: UUID) -> list[str]:
    """Return the sources whose texts are categories where a row has no column that states one.

    Rows of any day count.
    """
    parameters = _of_lines(user_id, date.max, "category")
    rows = reader.rows(f"{LINES}{sql.read('questions/spend_vocabularies')}", parameters)
    return [row["source"] for row in rows]


def _groups(
    payments: Iterable[Answer], calendar: Calendar, currency: str | None
) -> dict[Key, Group]:
    """Return (name, party, currency) → its payments, summed by period. With `currency`, only
    payments in it count."""
    groups: dict[Key, Group] = defaultdict(Group)
    of_currency = (row for row in payments if currency in (None, row["currency"]))
    for day, rows in groupby(of_currency, key=itemgetter("day")):
        month = number_of(day, "month")
        at, is_to_date = month // PERIODS[calendar.period], calendar.is_to_date(day)
        for row in rows:
            amount = row["amount"]
            group = groups[row["name"], row["party_id"], row["currency"]]
            if is_to_date or at != calendar.newest:
                group.amounts[at] += amount
                group.counts[at] += 1
            group.months[month] += amount
            if is_to_date:
                group.to_date[at] += amount
            if row["series"]:
                group.series[row["series"]].append((day, amount))
                group.party_of[row["series"]] = row["party"]
    for group in groups.values():
        group.match(calendar)
    return groups


def _rank(item: tuple[Key, Group], calendar: Calendar, order: str) -> tuple[Any, ...]:
    """Return what sorts a group. Where no rise can be computed, the amount sorts in its place."""
    (name, party_id, currency), group = item
    newest = calendar.newest
    if order == "growth" and not calendar.has(newest - 1):
        order = "amount"
    now, before = group.amounts.get(newest, Decimal(0)), group.to_date.get(newest - 1, Decimal(0))
    first = {"amount": -now, "growth": before - now, "count": -group.counts.get(newest, 0)}[order]
    total = -sum(group.amounts.values(), Decimal(0))
    return first, total, name or "", party_id or "", currency


def _totals(groups: dict[Key, Group], newest: int) -> dict[tuple[str, int], Decimal]:
    totals: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
    for (_, _, currency), group in groups.items():
        for at, amount in group.amounts.items():
            if at <= newest:
                totals[currency, at] += amount
    return totals


def _results(
    ranked: Sequence[tuple[Key, Group]],
    totals: dict[tuple[str, int], Decimal],
    calendar: Calendar,
    periods: int,
) -> list[Answer]:
    numbers = range(calendar.newest, calendar.newest - periods, -1)
    return [
        {
            **_answer(
                key, group, [_period(group, totals[key[2], at], at, calendar) for at in numbers]
            ),
            "first_month": label(min(group.months), "month"),
            "higher_since": higher_since(group.months, calendar.last_month),
        }
        for key, group in ranked
    ]


def _answer(key: Key, group: Group, periods: list[Answer]) -> Answer:
    name, party_id, currency = key
    return {
        "name": name,
        "party_id": party_id,
        "currency": currency,
        "periods": periods,
        "prices": group.last_prices,
    }


def _period(group: Group, total: Decimal, at: int, calendar: Calendar) -> Answer:
    amount = group.amounts.get(at, Decimal(0))
    earlier = group.to_date if at == calendar.newest else group.amounts
    year_ago = at - 12 // PERIODS[calendar.period]
    before = earlier.get(at - 1, Decimal(0))
    last_year = earlier.get(year_ago, Decimal(0))
    change = amount - before if calendar.has(at - 1) else None
    on_last_year = amount - last_year if calendar.has(year_ago) else None
    since, until = calendar.span(at, at)
    before_since, before_until = calendar.span(at - 1, at)
    return {
        "period": label(at, calendar.period),
        "since": since,
        "until": until,
        "amount": amount,
        "count": group.counts.get(at, 0),
        "share": float(amount / total) if total else None,
        "before_since": before_since,
        "before_until": before_until,
        "before_amount": before,
        "change": change,
        "change_share": _share(change, before),
        "change_on_last_year": on_last_year,
        "change_on_last_year_share": _share(on_last_year, last_year),
        "price_part": _price_part(group, (since, until), (before_since, before_until)),
    }


def _share(change: Decimal | None, of: Decimal) -> float | None:
    return None if change is None or not of else float(change / of)


def _price_part(group: Group, now: tuple[date, date], before: tuple[date, date]) -> Decimal | None:
    """Return the part of a group's change, from the days `before` to the days `now`, that comes
    from changed prices of its series.

    Returns None if no series has payments in both and, between the two, a lasting change of its
    price: other amounts vary with what was used.
    """
    parts = [
        price_part(group.series[name], changes, now, before)
        for name, changes in group.changed_prices.items()
        if any(before[0] < change["from_day"] <= now[1] for change in changes)
    ]
    known = [part for part in parts if part is not None]
    return sum(known, Decimal(0)).quantize(Decimal("0.0001")) if known else None
