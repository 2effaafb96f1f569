"""Money, moments and quarters out of cells."""

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.ingest.parse_cells import money, quarter_end, timestamp


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1,234.50", "1234.50"),
        ("(12.00)", "-12.00"),
        ("12.00-", "-12.00"),
        ("-12", "-12"),
        ("\u221212.5", "-12.5"),
        ("+3", "3"),
        ("£1,200", "1200"),
        ("-£1.20", "-1.20"),
        ("£-1.20", "-1.20"),
        ("(£1,200.00)", "-1200"),
        ("GBP 7", "7"),
        ("7 GBP", "7"),
        ("1 234.50", "1234.50"),
        ("1\u202f234\xa0567.50", "1234567.50"),
        ("1'234.50", "1234.50"),
        ("12,34,567.89", "1234567.89"),
        (".5", "0.5"),
        ("5.", "5"),
        ("-0.00", "0"),
        ("0012.30", "12.30"),
        ("1.123400000", "1.1234"),
        ("999999999999999.9999", "999999999999999.9999"),
    ],
)
def test_money(text: str, amount: str) -> None:
    assert money(text, currency="GBP") == Decimal(amount)
    assert not money(text, currency="GBP").is_signed() or money(text, currency="GBP") < 0


@pytest.mark.parametrize(
    ("text", "amount"), [("1.234,50", "1234.5"), ("1234,5", "1234.5"), ("1.234", "1234")]
)
def test_continental_money(text: str, amount: str) -> None:
    assert money(text, ",", ".") == Decimal(amount)


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "1.2.3", "1,23", "12,3456", "1,234,56", ",5", "NaN", "nan", "inf", "-inf", "1e5",
        "1e999", "1.00001", "1234567890123456", "12 CR", "12DR", "--5", "-5-", "(-5)", "(5", "5)",
        "€5", "USD 5", "£", "1/2", "½", "٣", "0x1F", "1_000", "£5 £6", "5%",
    ],
)  # fmt: skip
def test_not_money(text: str) -> None:
    with pytest.raises(ValueError, match=r"amount|sign|money|GBP"):
        money(text, currency="GBP")


@given(st.decimals(-(10**15) + 1, 10**15 - 1, places=2), st.sampled_from([".,", ",.", ". ", ".'"]))
def test_money_round_trips(amount: Decimal, marks: str) -> None:
    text = f"{amount:,.2f}".translate(str.maketrans(".,", marks))
    assert money(text, marks[0], marks[1]) == amount
    assert money(f"{amount:.2f}".replace(".", marks[0]), marks[0], marks[1]) == amount


@given(st.text())
def test_any_text_is_money_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        assert money(text).is_finite()


@pytest.mark.parametrize(
    ("text", "form", "at", "precision"),
    [
        ("2024-02-29", "%Y-%m-%d", (2024, 2, 29), "day"),
        ("1/2/2024", "%d/%m/%Y", (2024, 2, 1), "day"),
        ("45352", "excel", (2024, 3, 1), "day"),
        ("45352.75", "excel", (2024, 3, 1), "day"),
        ("2024-02", "%Y-%m", (2024, 2, 29), "month"),
        ("9999-12", "%Y-%m", (9999, 12, 31), "month"),
        ("2. März 2024", "%d. %B %Y", (2024, 3, 2), "day"),
        ("2 mars 2024", "%d %b %Y", (2024, 3, 2), "day"),
        ("2 févr. 2024", "%d %b %Y", (2024, 2, 2), "day"),
        ("2-Okt-24", "%d-%b-%y", (2024, 10, 2), "day"),
        ("2 października 2024", "%d %B %Y", (2024, 10, 2), "day"),
        ("2 elokuuta 2024", "%d %B %Y", (2024, 8, 2), "day"),
        ("2 Oct 2024", "%d %b %Y", (2024, 10, 2), "day"),
        ("2024-07-01 10:11:12", "%Y-%m-%d %H:%M:%S", (2024, 7, 1, 9, 11, 12), "second"),
        ("2024-07-01T10:11:12Z", "%Y-%m-%dT%H:%M:%S%z", (2024, 7, 1, 10, 11, 12), "second"),
        ("2024-07-01T10:11:12+02:00", "%Y-%m-%dT%H:%M:%S%z", (2024, 7, 1, 8, 11, 12), "second"),
    ],
)
def test_moments(text: str, form: str, at: tuple[int, ...], precision: str) -> None:
    result = timestamp(text, ("%H", form), "Europe/London")
    assert result == (datetime(*at, tzinfo=UTC), precision)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize("text", ["0001-01-01 00:00", "9999-12-31 23:00"])
def test_a_moment_that_leaves_the_calendar_is_no_date(text: str) -> None:
    zone = "Asia/Tokyo" if text.startswith("0") else "America/New_York"
    with pytest.raises(ValueError, match="is not a date"):
        timestamp(text, ("%Y-%m-%d %H:%M",), zone)


@pytest.mark.parametrize("text", ["0", "-5", "9999999", "4e4", "45352x"])
def test_serials_that_are_none(text: str) -> None:
    if text == "0":
        assert timestamp(text, ("excel",)).at == datetime(1899, 12, 30, tzinfo=UTC)
        return
    with pytest.raises(ValueError, match="is not a date"):
        timestamp(text, ("excel",))


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("expenditure-over-500-apr-jun-2014.csv.gz", (2014, 6, 30)),
        ("October to December 2015.csv", (2015, 12, 31)),
        ("spend_Q1_2020.csv", (2020, 3, 31)),
        ("2020-q4-spend.csv", (2020, 12, 31)),
        ("jan-dec-2014.csv", None),
        ("may-jul-2014.csv", None),
        ("spend-2014.csv", None),
        ("faq1 2014.csv", None),
    ],
)
def test_quarters_in_file_names(name: str, end: tuple[int, int, int] | None) -> None:
    assert quarter_end(name) == (datetime(*end, tzinfo=UTC) if end else None)
