"""Decides whether a positive amount comes in or goes out, by the rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from math import exp

from graph.ingest.guessing.profile import Column
from graph.ingest.guessing.sample import Sample
from graph.ingest.guessing.vocabulary import (
    BILL_PAYMENT,
    CATEGORIES,
    COMES_IN,
    EARNING,
    GOES_OUT,
    PAID,
    RECEIVED,
    SPENDING,
    plain,
)
from graph.ingest.parse_cells import timestamp

BY_BILL = "a payment of the card's bill has the other sign"


@dataclass(frozen=True, slots=True)
class Direction:
    """Whether a positive amount is money that the tenant receives (`comes_in`).

    `confidence` is from 0 to 1; `why` has the evidence, as sentences.
    """

    comes_in: bool
    confidence: float
    why: tuple[str, ...] = ()
    contradicted: bool = False


def direction_of(
    sample: Sample, amount: Column, texts: list[Column], *, card: bool, prior: float = 0.0
) -> Direction:
    """Return the direction of positive amounts.

    It is judged by the running balance, by words in the rows, and by what is usual for such files.
    `prior` is above zero if this kind of file usually lists incoming money.
    """
    votes = [(prior, "files of this kind are so"), *_votes(sample, amount, texts, card=card)]
    total = sum(weight for weight, _ in votes)
    confidence = 1 / (1 + exp(-abs(total)))
    strong = [weight for weight, _ in votes if abs(weight) >= 4]
    contradicted = any(w > 0 for w in strong) and any(w < 0 for w in strong)
    why = tuple(text for weight, text in votes if weight * total > 0)
    return Direction(total > 0, 0.5 if contradicted else confidence, why, contradicted)


def _votes(
    sample: Sample, amount: Column, texts: list[Column], *, card: bool
) -> Iterator[tuple[float, str]]:
    amounts = list(sample.amounts(amount))
    grows, shrinks = balance_moves(sample, amounts)
    if grows != shrinks:
        weight = min(8.0, 4.5 + abs(grows - shrinks))
        yield (weight if grows > shrinks else -weight), "the running balance moves so"
    yield _by_words(sample, amounts), "the column of debits and credits agrees"
    if amount.signed:
        yield _by_sign(amounts, card=card), "the sign is used so"
        yield _by_bill(sample, amounts, texts), BY_BILL
    elif card:
        yield -2.5, "a card's charges are positive"
    most = 2.0 if amount.signed else 1.0  # a cafe may be a vendor or a customer
    yield max(-most, min(most, _by_text(sample, amounts, texts))), "descriptions say so"
    if not amount.signed:
        if sample.file_words & SPENDING or (sample.title_words & CATEGORIES):
            yield -1.3, "it is a list of spending"
        if sample.file_words & EARNING:
            yield 2.0, "the file is named so"


def balance_moves(sample: Sample, amounts: list[Decimal | None]) -> tuple[int, int]:
    """Return in how many rows the balance moves with the amount, and in how many against it.

    Rows may be in any order of time.
    """
    balance = sample.role("balance")
    if balance is None:
        return 0, 0
    pairs = [
        (by, at)
        for by, at in zip(amounts, sample.amounts(balance), strict=True)
        if by is not None and at is not None
    ]
    steps = list(pairwise(pairs))
    oldest_first = [(by, now - before) for (_, before), (by, now) in steps]
    newest_first = [(by, now - before) for (by, now), (_, before) in steps]
    order = _order(sample)
    if order > 0:  # or the balance before each row
        newest_first = [(by, -move) for by, move in newest_first]
    if order < 0:
        oldest_first = [(by, -move) for by, move in oldest_first]
    grows, shrinks = (
        max(
            sum(move == sign * by != 0 for by, move in moves)
            for moves in (oldest_first, newest_first)
        )
        for sign in (1, -1)
    )
    return grows, shrinks


def _order(sample: Sample) -> int:
    """Return 1 if the rows' dates only increase or repeat, -1 if they only decrease or repeat; 0
    if neither, or if all are equal."""
    column = sample.role("date")
    if column is None or not column.is_date or column.dates.unsure:
        return 0
    days = [row[column.at] for row in sample.table if row[column.at]]
    try:
        at = [timestamp(day, column.dates.formats).at for day in days]
    except ValueError:
        return 0
    steps = {(later > earlier) - (later < earlier) for earlier, later in pairwise(at)} - {0}
    return steps.pop() if len(steps) == 1 else 0


def says(sample: Sample, column: Column) -> tuple[frozenset[str], frozenset[str]]:
    """Return the column's words, in lower case, that mean paid, and those that mean received."""
    values = {value.casefold() for value in column.values}
    return (
        frozenset(v for v in values if plain(v) in PAID),
        frozenset(v for v in values if plain(v) in RECEIVED),
    )


def agreement(sample: Sample, column: Column, amounts: list[Decimal | None]) -> tuple[int, int]:
    """Return in how many rows sign and word agree, and in how many they disagree.

    They agree if a positive amount has a word for received, or a negative one a word for paid.
    """
    paid, received = says(sample, column)
    agree = differ = 0
    for row, amount in zip(sample.table, amounts, strict=True):
        word = row[column.at].casefold()
        if not amount or (word not in paid and word not in received):
            continue
        if (amount > 0) == (word in received):
            agree += 1
        else:
            differ += 1
    return agree, differ


def _by_words(sample: Sample, amounts: list[Decimal | None]) -> float:
    """Return the weight of the evidence in a column whose words mean paid or received, for positive
    amounts that come in.

    It is above zero if words and signs agree, below zero if they disagree, and 0 without such a
    column.
    """
    best = 0.0
    for column in sample.columns:
        if column.distinct > 12 or not column.values or column.is_money:
            continue
        paid, received = says(sample, column)
        agree, differ = agreement(sample, column, amounts)
        rated = agree + differ
        if paid and received and rated * 2 > len(amounts) and min(agree, differ) * 10 <= rated:
            weight = 6.0 if agree > differ else -6.0
            best = weight if abs(weight) > abs(best) else best
    return best


def _by_sign(amounts: list[Decimal | None], *, card: bool) -> float:
    signs = [amount > 0 for amount in amounts if amount]
    positive, negative = signs.count(True), signs.count(False)
    if not card:
        return 3.0  # statements show what is paid with a minus
    if positive != negative:
        return 2.0 if negative > positive else -2.0  # most of a card's rows are spending
    total = sum((amount for amount in amounts if amount), Decimal(0))
    return 0.0 if not total else 1.3 if total < 0 else -1.3


def _by_bill(sample: Sample, amounts: list[Decimal | None], texts: list[Column]) -> float:
    """Return the weight of the evidence in rows that pay a card's bill, for positive amounts
    that come in: on a card, this money comes in."""
    bills = {True: 0, False: 0}
    others = {True: 0, False: 0}
    for row, amount in zip(sample.table, amounts, strict=True):
        if amount:
            text = " ".join(row[column.at] for column in texts)
            (bills if BILL_PAYMENT.search(text) else others)[amount > 0] += 1
    if (bills[True] > 0) == (bills[False] > 0):
        return 0.0
    positive = bills[True] > 0
    if others[not positive] <= others[positive]:
        return 1.0 if positive else -1.0
    return 6.5 if positive else -6.5


def _by_text(sample: Sample, amounts: list[Decimal | None], texts: list[Column]) -> float:
    votes = 0
    for row, amount in zip(sample.table, amounts, strict=True):
        if not amount:
            continue
        text = " ".join(row[column.at] for column in texts)
        comes, goes = bool(COMES_IN.search(text)), bool(GOES_OUT.search(text))
        if comes != goes:
            votes += 1 if comes == (amount > 0) else -1
    return 0.6 * votes
