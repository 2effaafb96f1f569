"""Grids of agreed days against the obvious way of counting them."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.enrich.series.periods import BY_FREQUENCY, FREQUENCIES, MONTH_CYCLE, Days, Grid

EPOCH = date(1970, 1, 1)


def slowly(grid: Grid, around: date) -> list[date]:
    """All agreed days within two years of a day, by walking."""
    frequency, days = grid.frequency, []
    for by in range(-800, 801):
        day = around + timedelta(days=by)
        number = (day - EPOCH).days
        if not frequency.monthly:
            agreed = number % frequency.step == grid.phase
        else:
            month = (day.year - 1970) * 12 + day.month - 1
            last = (day + timedelta(days=1)).month != day.month
            day_of_month = grid.phase % MONTH_CYCLE + 1
            agreed = month % frequency.step == grid.phase // MONTH_CYCLE and (
                day.day == day_of_month or (last and day.day < day_of_month)
            )
        if agreed:
            days.append(day)
    return days


@given(
    frequency=st.sampled_from(FREQUENCIES),
    phase=st.integers(0, 371),
    day=st.dates(date(4, 1, 1), date(9996, 1, 1)),
)
def test_the_nearest_agreed_day_is_found(frequency, phase, day):
    grid = Grid(frequency, phase % frequency.cycle)
    number = (day - EPOCH).days
    slot = grid.slots(Days(np.array([number])))
    agreed = int(grid.agreed(slot)[0])
    walked = [(day_ - EPOCH).days for day_ in slowly(grid, day)]
    assert agreed in walked
    assert abs(agreed - number) == min(abs(day_ - number) for day_ in walked)


@given(
    frequency=st.sampled_from(FREQUENCIES), phase=st.integers(0, 371), slot=st.integers(-50, 900)
)
def test_slots_count_agreed_days_one_by_one(frequency, phase, slot):
    grid = Grid(frequency, phase % frequency.cycle)
    agreed = grid.agreed(np.array([slot, slot + 1]))
    assert agreed[0] < agreed[1]
    assert abs(agreed[1] - agreed[0] - frequency.period) <= 3
    assert grid.slots(Days(agreed)).tolist() == [slot, slot + 1]


@pytest.mark.parametrize("frequency", FREQUENCIES)
def test_windows_and_tails_leave_room_for_neighbours(frequency):
    assert frequency.windows[-1] + 2 * frequency.tail < frequency.period


def test_a_short_month_has_its_last_day():
    grid = Grid(BY_FREQUENCY["monthly"], 30)
    february = (2024 - 1970) * 12 + 1
    assert EPOCH + timedelta(days=int(grid.agreed(np.array([february]))[0])) == date(2024, 2, 29)
