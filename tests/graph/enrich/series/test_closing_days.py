"""Closed days against published calendars of the ECB and of gov.uk."""

from datetime import date

import numpy as np
import pytest

from graph.enrich.series.closing_days import are_closed


@pytest.mark.parametrize(
    ("day", "closed"),
    [
        (date(2022, 4, 15), True), (date(2022, 4, 18), True), (date(2022, 12, 27), True),
        (date(2023, 1, 2), True), (date(2024, 3, 29), True), (date(2024, 8, 26), True),
        (date(2024, 5, 6), True), (date(2024, 6, 1), True), (date(2024, 12, 24), False),
        (date(2024, 4, 2), False), (date(2022, 12, 28), False), (date(2024, 5, 13), False),
    ],
)  # fmt: skip
def test_published_days(day, closed):
    number = (day - date(1970, 1, 1)).days
    assert are_closed(np.array([number])).tolist() == [closed]
