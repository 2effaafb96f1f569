"""A change of signs in the books is told on import, and only that."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from finley.models import User
from graph.ingest.import_file import import_file
from graph.ingest.mappings.mapping import Mapping
from tests.graph.ingest.store.oracle_files import line, written

pytestmark = pytest.mark.usefixtures("committed")
Row = tuple[str, ...]
FIRST = date(2024, 1, 8)


@pytest.fixture
def warned(tenant: User, make_mapping: Callable[..., Mapping], tmp_path: Path):
    """Imports the rows; what the import warns of."""
    by = make_mapping()

    def imported(rows: list[Row], file: str = "one.csv") -> tuple[str, ...]:
        path = written(tmp_path / file, rows)
        return import_file(tenant.id, path, by, tmp_path / "rejects").warnings

    return imported


def rents(months: range, sign: Callable[[str, int], int], code: str = "Garages") -> list[Row]:
    """Four tenants who pay each month."""
    return [
        line(
            id=f"{code} {who} {month}", date=str(FIRST + timedelta(days=30 * month)),
            amount=str(40 * sign(who, month)), department=code, supplier=who, supplier_id=who,
        )
        for month in months for who in ("Ann", "Bo", "Cy", "Di")
    ]  # fmt: skip


def test_a_code_whose_parties_all_turn_is_told_with_its_day(warned):
    plots = rents(range(6), lambda *_: 1, "Plots")
    rows = rents(range(6), lambda _, month: 1 if month < 3 else -1)
    (warning,) = warned([*rows, *plots])
    assert warning == (
        "from 2024-04-07 on all amounts of 'Garages' are negative that were positive before: the "
        "books' signs seem to have changed, and money is read as flowing the other way since"
    )


def test_it_is_told_when_the_turn_is_between_two_files(warned):
    assert warned(rents(range(2), lambda *_: -1)) == ()
    (warning,) = warned(rents(range(2, 4), lambda *_: 1), file="two.csv")
    assert "positive that were negative" in warning
    assert warned(rents(range(4, 6), lambda *_: 1), file="three.csv") == ()


@pytest.mark.parametrize(
    "sign",
    [
        lambda who, month: -1 if month > 2 and who < "C" else 1,  # two of four
        lambda _, month: -1 if month == 3 else 1,  # one month's are given back
        lambda who, month: -1 if ord(who[0]) % 2 == month % 2 else 1,  # both ways all the time
    ],
)
def test_refunds_and_traffic_both_ways_are_no_turn(warned, sign):
    assert warned(rents(range(6), sign)) == ()
