"""The exponent that costs are told by."""

from benchmarks.enrich_cost import exponent


def test_linear_quadratic_and_nothing():
    assert exponent([10, 100, 1000], [1, 10, 100]) == "1.00"
    assert exponent([10, 100], [0.01, 1]) == "2.00"
    assert exponent([10, 100], [0.01, 0.1]) == ""
    assert exponent([10], [5]) == ""
