"""MT940 and MT942: the dialects of :86:, marks, dates, balances, pages, bad fields."""

from pathlib import Path

import pytest

from graph.ingest.decode import LedgerFileError
from graph.ingest.readers.statements import subfield86
from tests.graph.ingest.readers.conftest import Read, read_file

ACCOUNT = "10020030/1234567"


def message(
    *movements: str, opening: str = "C250112EUR100,00", closing: str = "", number: str = "1/1"
) -> str:
    close = f":62F:{closing}\r\n" if closing else ""
    return (
        f":20:STARTUMS\r\n:25:{ACCOUNT}EUR\r\n:28C:{number}\r\n:60F:{opening}\r\n"
        f"{''.join(movements)}{close}-\r\n"
    )


def movement(
    line: str = "2501130113D12,50NMSCNONREF", details: str = "020?00LASTSCHRIFT?20RE 5?32CLAY BARN"
) -> str:
    return f":61:{line}\r\n" + (f":86:{details}\r\n" if details else "")


def test_the_handed_sample(more: Path) -> None:
    result = read_file(more / "format-mt940.sta")
    assert result.moved == [
        ("2025-01-13", ACCOUNT, "CLAY BARN", "12.50", "EUR"),
        ("2025-01-14", "WILLOW FAIR", ACCOUNT, "100.00", "EUR"),
    ]
    assert [row.description for row in result.rows] == ["RE 5", "RE 6"]
    assert (result.rejects, result.warnings) == ([], [])


class TestField86:
    @pytest.mark.parametrize(
        ("text", "party", "remittance", "account", "end_to_end"),
        [
            (
                "166?00SEPA-UEBERWEISUNG?20EREF+E2E-7?21SVWZ+Rechnung 2025-00?2217 vom 3.1."
                "?30BYLADEM1001?31DE89370400440532013000?32Clay Barn GmbH",
                "Clay Barn GmbH", "Rechnung 2025-00 17 vom 3.1.", "DE89370400440532013000", "E2E-7",
            ),
            (
                "166?20SVWZ+Rechnung 2025-0012345\n?21und mehr"
                "?32A very long company name in?33 two lines",
                "A very long company name in two lines", "Rechnung 2025-0012345 und mehr",
                "", "",
            ),
            ("020~00Przelew~20Faktura 12~32JAN KOWALSKI~33SP. Z O.O."
             "~38PL61109010140000071219812874",
             "JAN KOWALSKI SP. Z O.O.", "Faktura 12", "PL61109010140000071219812874", ""),
            (
                "/TRTP/SEPA OVERBOEKING/IBAN/NL91ABNA0417164300/BIC/ABNANL2A/NAME/Clay Barn BV"
                "/REMI/Factuur 77/EREF/E2E-7",
                "Clay Barn BV", "Factuur 77", "NL91ABNA0417164300", "E2E-7",
            ),
            (
                "/EREF/E2E-7//CNTP/NL91ABNA0417164300/ABNANL2A/Clay Barn BV/DELFT/\n"
                "//REMI/USTD//Factuur 77/",
                "Clay Barn BV", "Factuur 77", "NL91ABNA0417164300", "E2E-7",
            ),
            ("/ORDP//NAME/Clay Barn/REMI/Invoice 7/", "Clay Barn", "Invoice 7", "", ""),
            ("EREF+NOTPROVIDED SVWZ+Rechnung 7 ANAM+Clay Barn", "Clay Barn", "Rechnung 7", "", ""),
            ("CARD PAYMENT CLAY BARN\nLONDON 13 JAN", "", "CARD PAYMENT CLAY BARN LONDON 13 JAN",
             "", ""),
            ("SEPA Overboeking  Naam: Clay Barn  Omschrijving: x", "Clay Barn",
             "SEPA Overboeking Naam: Clay Barn Omschrijving: x", "", ""),
            ("", "", "", "", ""),
        ],
    )  # fmt: skip
    def test_is_read_in_every_dialect(
        self, text: str, party: str, remittance: str, account: str, end_to_end: str
    ) -> None:
        details = subfield86.read(text)
        assert details.party == party
        assert details.remittance == remittance
        assert details.account == account
        assert details.end_to_end_id == end_to_end

    def test_lines_of_full_width_are_joined_without_a_space(self) -> None:
        first = "SVWZ+Rechnungsnummer RE-202"
        assert len(first) == 27
        assert subfield86.read(f"166?20{first}?215-77").remittance == "Rechnungsnummer RE-2025-77"


class TestAMovement:
    @pytest.mark.parametrize(
        ("line", "day", "amount"),
        [
            ("2501130113D12,50NMSCNONREF", "2025-01-13", "12.50"),
            ("250113D12,NMSCNONREF", "2025-01-13", "12.00"),
            ("2412310102D12,50NMSCNONREF", "2025-01-02", "12.50"),
            ("2501021231D12,50NMSCNONREF", "2024-12-31", "12.50"),
            ("2501130113DR12,50NMSCNONREF", "2025-01-13", "12.50"),
            ("2501130113RC12,50NMSCNONREF", "2025-01-13", "12.50"),
            ("9912310103D12.50NTRFNONREF//BANK7", "2000-01-03", "12.50"),
        ],
    )
    def test_that_pays(self, read: Read, line: str, day: str, amount: str) -> None:
        assert read(message(movement(line)), "a.sta").moved == [
            (day, ACCOUNT, "CLAY BARN", amount, "EUR")
        ]

    @pytest.mark.parametrize("mark", ["C", "CR", "RD"])
    def test_that_is_paid(self, read: Read, mark: str) -> None:
        result = read(message(movement(f"2501130113{mark}12,50NMSCNONREF")), "a.sta")
        assert result.moved == [("2025-01-13", "CLAY BARN", ACCOUNT, "12.50", "EUR")]

    def test_keeps_its_references_and_supplement(self, read: Read) -> None:
        line = "2501130113D12,50NTRFKREF-1//BANK-9\r\n/OCMT/USD15,00/CHGS/EUR0,50"
        [row] = read(message(movement(line)), "a.sta").rows
        details = {"bank_reference": "BANK-9", "charges": "EUR 0,50", "transaction_code": "NTRF",
                  "end_to_end_id": "KREF-1"}  # fmt: skip
        assert details.items() <= row.data.items()

    def test_without_details_is_of_nobody_known(self, read: Read) -> None:
        [row] = read(message(movement(details="")), "a.sta").rows
        assert row.payee.name == "Unknown"

    def test_of_the_banks_own_is_a_fee(self, read: Read) -> None:
        [row] = read(
            message(movement("2501130113D4,90NCHGNONREF", "808?00ENTGELT?20Kontofuehrung")), "a"
        ).rows
        assert (row.payee.name, row.records, row.description) == ("Bank", "fee", "Kontofuehrung")

    def test_that_is_expected_is_none(self, read: Read) -> None:
        text = (
            ":20:X\n:25:NL91ABNA0417164300\n:28C:1\n:34F:EURD0,\n:13D:2501131200+0100\n"
            ":61:250113ED12,50NMSCNONREF\n:61:250113D7,00NMSCNONREF\n:86:text\n-\n"
        )
        result = read(text, "a.mt942")
        assert [move[1:] for move in result.moved] == [
            ("NL91ABNA0417164300", "Unknown", "7.00", "EUR")
        ]
        assert result.warnings == ["1 expected movements (EC, ED) are not booked and not imported"]

    @pytest.mark.parametrize(
        "line", ["2513130113D12,50NMSC", "2501130230D12,50NMSC", "nonsense", "2501130113X12,50NMSC"]
    )
    def test_that_is_bad_costs_itself_alone(self, read: Read, line: str) -> None:
        result = read(message(movement(line), movement()), "a.sta")
        assert [(reject.line, reject.field) for reject in result.rejects] == [(5, "61")]
        assert len(result.rows) == 1


class TestSums:
    def test_that_hold_say_nothing(self, read: Read) -> None:
        assert read(message(movement(), closing="C250113EUR87,50"), "a.sta").warnings == []

    def test_that_break_are_a_warning(self, read: Read) -> None:
        [warning] = read(message(movement(), closing="C250113EUR90,00"), "a.sta").warnings
        assert "opening 100.00 + movements -12.50 (entries 5 to 5) = 87.50" in warning

    def test_pages_that_follow_are_one_section(self, read: Read) -> None:
        """Two equal coffees on two pages stay two; a page that stands twice is one."""
        one = message(movement(), closing="C250113EUR87,50")
        two = message(
            movement(), opening="C250113EUR87,50", closing="C250113EUR75,00", number="1/2"
        )
        result = read(one + two, "a.sta")
        assert len({(row.key, row.ordinal) for row in result.rows}) == 2
        doubled = read(one + two + one + two, "b.sta")
        assert len({(row.key, row.ordinal) for row in doubled.rows}) == 2


def test_swift_blocks_and_a_mark_are_left_out(read: Read) -> None:
    text = (
        "\ufeff{1:F01BYLADEM1AXXX0000000000}{2:I940XN}{4:\r\n" + message(movement())[:-3] + "-}\r\n"
    )
    assert len(read(text, "a.txt").rows) == 1


def test_umlauts_of_an_old_encoding_are_read(read: Read) -> None:
    text = message(movement(details="020?20Müll?32MÜLLER"), movement(details="020?20Öl?32BÄCKER"))
    assert [row.payee.name for row in read(text.encode("cp1252"), "a.sta").rows] == [
        "MÜLLER",
        "BÄCKER",
    ]


def test_a_file_without_movements_is_refused(read: Read) -> None:
    with pytest.raises(LedgerFileError, match="cut off"):
        read(":20:X\n:21:Y\n", "a.sta")
