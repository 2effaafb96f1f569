"""The exponent that costs are told by, and the clock of processor seconds."""

import time

import pytest
from django.db import connections

from benchmarks import enrich_cost
from benchmarks.enrich_cost import StepClock, exponent, scale_of
from benchmarks.otherbooks import charity

BUSY = "SELECT count(*) FROM generate_series(1, 1500000)"  # some 0.1 s of the server's


def test_linear_quadratic_and_nothing():
    assert exponent([10, 100, 1000], [1, 10, 100]) == "1.00"
    assert exponent([10, 100], [0.01, 1]) == "2.00"
    assert exponent([10, 100], [0.01, 0.1]) == ""
    assert exponent([10], [5]) == ""


def test_a_size_is_a_number_of_payments():
    rows = charity.generate(1, scale=scale_of(7_000, 1)).rows
    assert 0.95 <= sum(map(len, rows.values())) / 7_000 <= 1.05


@pytest.mark.usefixtures("committed")
def test_steps_are_told_by_what_they_and_their_sessions_worked_not_by_what_they_waited(monkeypatch):
    monkeypatch.setattr(enrich_cost, "DATABASE", connections["owner"].settings_dict["NAME"])
    clock = StepClock()
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT 1")
        clock.begin("waits")
        time.sleep(0.2)
        clock.begin("asks")
        cursor.execute(BUSY)
        clock.begin("ends")
    connections["owner"].close()
    connections["owner"].close_pool()
    clock.begin("")
    assert list(clock.seconds) == ["waits", "asks", "ends"]
    assert 0 <= clock.seconds["ends"] < clock.seconds["asks"]
    assert clock.seconds["waits"] < 0.1 < 1000 * clock.seconds["asks"]
    assert clock.seconds["asks"] > clock.seconds["waits"]
