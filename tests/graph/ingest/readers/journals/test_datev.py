"""DATEV bookings: years, sides, personal accounts, what is recorded."""

from pathlib import Path

import pytest

from graph.ingest.decode import LedgerFileError
from tests.graph.ingest.readers.conftest import Read, read_file

HEAD = (
    '"EXTF";700;{category};"Buchungsstapel";13;20250204230447000;;"RE";"muster";"";1001;1;'
    '{year};4;{first};{last};"Januar";"";1;0;0;"EUR";;;;;"03";;;"";""\n'
)
NAMES = (
    "Umsatz (ohne Soll/Haben-Kz);Soll/Haben-Kennzeichen;WKZ Umsatz;Konto;"
    "Gegenkonto (ohne BU-Schlüssel);Belegdatum;Belegfeld 1;Buchungstext;Generalumkehr (GU)\n"
)


def file(
    *rows: str,
    category: str = "21",
    year: str = "20250101",
    first: str = "20250101",
    last: str = "20250131",
) -> bytes:
    head = HEAD.format(category=category, year=year, first=first, last=last)
    return (head + NAMES + "".join(f"{row}\n" for row in rows)).encode("cp1252")


def test_the_handed_sample(more: Path) -> None:
    result = read_file(more / "datev.csv")
    assert result.moved == [
        ("2025-01-05", "Hofladen Steinweg", "8400", "1190.00", "EUR"),
        ("2025-01-15", "4930", "Papierhaus Korn", "238.00", "EUR"),
    ]
    assert [row.document_ref for row in result.rows] == ["RE-5", "B-77"]
    assert [row.records for row in result.rows] == ["obligation", "obligation"]
    assert [row.payer.kind for row in result.rows] == ["customer", "account"]
    assert result.rows[1].payee.keys == (("supplier_id", "70001"),)


@pytest.mark.parametrize(
    ("row", "payer", "payee", "amount", "records"),
    [
        ('119,00;"S";"EUR";10001;8400;0501;RE-5;Ann;', "Ann", "8400", 119, "obligation"),
        ('119,00;"H";"EUR";8400;10001;0501;RE-5;Ann;', "Ann", "8400", 119, "obligation"),
        ('119,00;"H";"EUR";10001;8400;0501;RE-5;Ann;', "Ann", "8400", -119, "obligation"),
        ('119,00;"S";"EUR";10001;8400;0501;RE-5;Ann;1', "Ann", "8400", -119, "obligation"),
        ('119,00;"H";"EUR";70001;4930;0501;B-7;Ben;', "4930", "Ben", 119, "obligation"),
        ('119,00;"S";"EUR";70001;4930;0501;B-7;Ben;', "4930", "Ben", -119, "obligation"),
        ('119,00;"S";"EUR";1200;10001;0501;RE-5;Ann;', "Ann", "1200", 119, "payment"),
        ('119,00;"S";"EUR";70001;1200;0501;B-7;Ben;', "1200", "Ben", 119, "payment"),
        ('119,00;"S";"EUR";4930;1200;0501;;Paper;', "1200", "4930", 119, "payment"),
        ('119,00;"S";"EUR";1200;1000;0501;;Cash;', "1000", "1200", 119, "transfer"),
        ('119,00;"S";"EUR";4830;0420;0501;;Depreciation;', "0420", "4830", 119, "transfer"),
    ],
)
def test_who_owes_and_who_pays(  # noqa: PLR0917 - the row's parts
    read: Read, row: str, payer: str, payee: str, amount: int, records: str
) -> None:
    [entry] = read(file(row), "a.csv").rows
    assert (entry.payer.name, entry.payee.name) == (payer, payee)
    assert (entry.amount, entry.records) == (amount, records)


@pytest.mark.parametrize(
    ("stated", "first", "last", "day"),
    [
        ("0501", "20250101", "20250131", "2025-01-05"),
        ("501", "20250101", "20250131", "2025-01-05"),
        ("3112", "20241201", "20250131", "2024-12-31"),
        ("0201", "20241201", "20250131", "2025-01-02"),
    ],
)
def test_the_year_is_the_periods(read: Read, stated: str, first: str, last: str, day: str) -> None:
    row = f'1,00;"S";"EUR";10001;8400;{stated};RE-5;Ann;'
    content = file(row, year="20240701", first=first, last=last)
    assert read(content, "a.csv").moved[0][0] == day


def test_texts_that_differ_name_no_person(read: Read) -> None:
    rows = [f'1,00;"S";"EUR";10001;8400;0501;RE-{n};Invoice {n};' for n in range(3)]
    result = read(file(*rows), "a.csv")
    assert {row.payer.name for row in result.rows} == {"Debtor 10001"}
    assert {row.payer.keys for row in result.rows} == {(("customer_id", "10001"),)}


def test_equal_bookings_stay_two(read: Read) -> None:
    row = '3,50;"S";"EUR";4650;1200;0501;;Coffee;'
    assert [entry.ordinal for entry in read(file(row, row), "a.csv").rows] == [1, 2]


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ('much;"S";"EUR";10001;8400;0501;;;', "Umsatz (ohne Soll/Haben-Kz)"),
        ('1,00;"X";"EUR";10001;8400;0501;;;', "Soll/Haben-Kennzeichen"),
        ('1,00;"S";"EUR";;8400;0501;;;', "Konto"),
        ('1,00;"S";"EUR";10001;8400;3113;;;', "Belegdatum"),
        ('1,00;"S";"EUR;10001;8400;0501;;;', None),
    ],
)
def test_a_bad_booking_costs_itself_alone(read: Read, row: str, field: str | None) -> None:
    result = read(file(row, '1,00;"S";"EUR";10001;8400;0501;;Ann;'), "a.csv")
    assert [(reject.line, reject.field) for reject in result.rejects] == [(3, field)]
    assert len(result.rows) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (file(category="16"), "only bookings"),
        (file(year="soon"), "not a date"),
        (
            HEAD.format(category="21", year="20250101", first="20250101", last="20250131").encode(),
            "lacks",
        ),
        (b'"EXTF";700', "only bookings"),
    ],
)
def test_another_file_is_refused(read: Read, content: bytes, reason: str) -> None:
    with pytest.raises(LedgerFileError, match=reason):
        read(content, "a.csv")
