"""Each check finds what is planted, and nothing in ordinary payments."""

from dataclasses import replace

import numpy as np
import pytest

from graph.enrich.audit.audit_checks import CHECKS, Books, run
from graph.enrich.columns.payments import UNIT
from graph.enrich.series.closing_days import are_closed
from tests.graph.enrich.handmade import payments

FIRST, CLOSED = 19_732, 3  # 2024-01-10; the Saturday after
DAYS = FIRST + np.flatnonzero(~are_closed(np.arange(FIRST, FIRST + 560)))


def ordinary(count=600):
    """Odd amounts over three whole orders of magnitude, on working days, to twenty parties."""
    rng = np.random.default_rng(3)
    for at in range(count):
        amount = round(float(10 ** rng.uniform(1, 4)), 2) + 0.01
        yield {"day": int(rng.choice(DAYS)), "party": f"Mill {at % 20}", "amount": amount}


def found(*rows, limits=(), accounts=None, names=None):
    made = payments(*ordinary(), *rows)
    stated = np.array([(accounts or {}).get(key, "") for key in made.external_id], dtype=object)
    books = Books(made, stated, tuple(limit * UNIT for limit in limits))
    return [(one.check, {made.external_id[at] for at in one.places}) for one in run(books, names)]


def paid(key, day, amount, party="Oak Ltd"):
    return {"key": key, "day": FIRST + day, "amount": amount, "party": party}


def test_nothing_in_ordinary_payments():
    assert found(limits=[200_000]) == []
    assert run(Books(payments(), np.array([], dtype=object))) == []


def test_amounts_split_below_a_limit():
    rows = [paid("a", 20, 48_000.5), paid("b", 22, 49_000.5), paid("c", 40, 47_000.5)]
    assert found(*rows, limits=[50_000], names=["split_below_limit"]) == [
        ("split_below_limit", {"a", "b"})
    ]
    assert found(*rows, names=["split_below_limit"]) == []


def test_round_amounts():
    rows = [paid(f"r{at}", 14 * at, 100 * (at + 1)) for at in range(6)]
    assert found(*rows, names=["round_amounts"]) == [("round_amounts", {f"r{n}" for n in range(6)})]


def test_closed_days():
    assert found(paid("s", CLOSED, 55.5), names=["closed_days"]) == [("closed_days", {"s"})]


@pytest.mark.parametrize(("precision", "count"), [("day", 1), ("month", 0), ("quarter", 0)])
def test_the_day_of_a_month_or_quarter_is_no_closed_day(precision, count):
    made = payments(*ordinary(), paid("s", CLOSED, 55.5))
    precisions = np.where(made.external_id == "s", precision, made.precision)
    books = Books(replace(made, precision=precisions), np.full(len(made), "", dtype=object))
    assert len(run(books, ["closed_days"])) == count


@pytest.mark.parametrize(
    ("day", "amount", "count"), [(200, 90_000, 1), (9, 90_000, 0), (200, 90, 0)]
)
def test_a_large_first_payment(day, amount, count):
    assert len(found(paid("n", day, amount), names=["new_party"])) == count


def test_a_changed_account():
    rows = [paid(key, 30 * at, 50 + at) for at, key in enumerate("abcde")]
    accounts = dict.fromkeys("abc", "GB1") | dict.fromkeys("de", "GB2")
    assert found(*rows, accounts=accounts, names=["changed_account"]) == [
        ("changed_account", {"d"})
    ]
    back = accounts | {"e": "GB1"}
    assert found(*rows, accounts=back, names=["changed_account"]) == []


def test_an_employee_who_is_a_supplier():
    rows = [paid("v", 3, 50), paid("w", 5, 60, "Card 1")]
    shared = {"v": "GB7", "w": "GB7"}
    assert found(*rows, accounts=shared, names=["employee_supplier"]) == [
        ("employee_supplier", {"v", "w"})
    ]


def test_first_digits_are_a_note():
    rows = [paid(f"f{at}", at % 300, 900 + at % 90, f"Fir {at % 9}") for at in range(900)]
    assert found(*rows, names=["first_digits"]) == [("first_digits", set())]


def test_each_check_has_a_switch():
    with pytest.raises(KeyError):
        found(names=["astrology"])
    assert len(CHECKS) == 7
