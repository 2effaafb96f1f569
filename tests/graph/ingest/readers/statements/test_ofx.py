"""OFX 1.x (SGML), 2.x (XML) and QFX."""

from collections.abc import Callable
from pathlib import Path

import pytest

from graph.ingest.decode import LedgerFileError
from tests.graph.ingest.readers.conftest import Read, read_file

SGML = """OFXHEADER:100
DATA:OFXSGML
VERSION:102
SECURITY:NONE
ENCODING:USASCII
CHARSET:1252
COMPRESSION:NONE
OLDFILEUID:NONE
NEWFILEUID:NONE

"""
XML = (
    '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n'
    '<?OFX OFXHEADER="200" VERSION="211" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>\n'
)
CLAY = {"TRNTYPE": "DEBIT", "DTPOSTED": "20250113120000.000[-5:EST]", "TRNAMT": "-12.50",
        "FITID": "F1", "NAME": "Clay &amp; Barn"}  # fmt: skip
FAIR = {"TRNTYPE": "CREDIT", "DTPOSTED": "20250114", "TRNAMT": "100.00", "FITID": "F2",
        "NAME": "Willow Fair"}  # fmt: skip
MOVED = [
    ("2025-01-13", "100/0001", "Clay & Barn", "12.50", "EUR"),
    ("2025-01-14", "Willow Fair", "100/0001", "100.00", "EUR"),
]


def sgml(*transactions: dict[str, str], kind: str = "", account: str = "0001") -> str:
    body = "".join(
        "<STMTTRN>\n" + "".join(f"<{n}>{v}\n" for n, v in transaction.items()) + "</STMTTRN>\n"
        for transaction in transactions
    )
    holder = f"<{kind}ACCTFROM><ACCTID>{account}\n</{kind}ACCTFROM>"
    if not kind:
        holder = (
            f"<BANKACCTFROM><BANKID>100\n<ACCTID>{account}\n<ACCTTYPE>CHECKING\n</BANKACCTFROM>"
        )
    return (
        f"<{kind}STMTRS><CURDEF>EUR\n{holder}<BANKTRANLIST><DTSTART>20250101\n<DTEND>20250131\n"
        f"{body}</BANKTRANLIST><LEDGERBAL><BALAMT>1.00\n<DTASOF>20250131\n</LEDGERBAL>"
        f"</{kind}STMTRS>"
    )


def file(*statements: str) -> str:
    body = "".join(statements)
    return f"{SGML}<OFX><BANKMSGSRSV1><STMTTRNRS>{body}</STMTTRNRS></BANKMSGSRSV1></OFX>\n"


def closed(text: str) -> str:
    """The same as XML: every element has its end tag."""
    lines = text.removeprefix(SGML).replace("><", ">\n<").split("\n")
    elements = []
    for line in lines:
        name, _, value = line.removeprefix("<").partition(">")
        elements.append(f"{line}</{name}>" if value and "</" not in line else line)
    return XML + "\n".join(elements)


def test_the_handed_sample(more: Path) -> None:
    result = read_file(more / "format-ofx.ofx")
    assert [move[1:4] for move in result.moved] == [
        ("100/0001", "Clay Barn", "12.50"),
        ("Willow Fair", "100/0001", "100.00"),
    ]
    assert [row.key for row in result.rows] == ["100/0001|F1", "100/0001|F2"]


@pytest.mark.parametrize("change", [str, closed, str.lower])
def test_sgml_and_xml_are_read_alike(read: Read, change: Callable[[str], str]) -> None:
    text = file(sgml(CLAY, FAIR))
    if change is str.lower:  # names of elements know no case
        text = SGML + text.removeprefix(SGML).replace("<STMTTRN>", "<stmttrn>").replace(
            "</STMTTRN>", "</Stmttrn>"
        )
    else:
        text = change(text)
    assert read(text, "a.qfx").moved == MOVED


def test_a_card_is_a_card(read: Read) -> None:
    result = read(file(sgml(CLAY, kind="CC", account="4111")), "a.ofx")
    assert result.parts[0].platform == "card"
    assert result.moved == [("2025-01-13", "4111", "Clay & Barn", "12.50", "EUR")]


def test_what_a_transaction_states_is_kept(read: Read) -> None:
    more = {"MEMO": "", "CHECKNUM": "77", "REFNUM": "R-9"}
    text = file(
        sgml({**CLAY, **more}, {**FAIR, "TRNTYPE": "SRVCHG", "NAME": "", "MEMO": "Monthly fee"})
    )
    first, second = read(text, "a.ofx").rows
    assert (first.data["check_number"], first.data["bank_reference"]) == ("77", "R-9")
    assert (second.payee.name, second.records, second.description) == ("Bank", "fee", "Monthly fee")


def test_a_payee_aggregate_and_another_currency(read: Read) -> None:
    text = file(sgml(CLAY)).replace(
        "<NAME>Clay &amp; Barn\n",
        "<PAYEE><NAME>Clay Barn\n<CITY>Delft\n</PAYEE>"
        "<CURRENCY><CURRATE>0.9\n<CURSYM>USD\n</CURRENCY>",
    )
    assert read(text, "a.ofx").moved == [("2025-01-13", "100/0001", "Clay Barn", "12.50", "USD")]


class TestTheBanksKey:
    def test_that_repeats_a_transaction_is_rejected(self, read: Read) -> None:
        result = read(file(sgml(CLAY, CLAY)), "a.ofx")
        assert (len(result.rows), len(result.rejects)) == (1, 1)
        assert "'F1' stands already" in result.rejects[0].reason

    def test_of_different_transactions_loses_none(self, read: Read) -> None:
        result = read(file(sgml(CLAY, {**FAIR, "FITID": "F1"})), "a.ofx")
        assert len({row.key for row in result.rows}) == 2

    def test_of_two_accounts_is_two_keys(self, read: Read) -> None:
        result = read(file(sgml(CLAY), sgml(CLAY, account="0002")), "a.ofx")
        assert [row.key for row in result.rows] == ["100/0001|F1", "100/0002|F1"]

    def test_of_a_correction_is_that_of_what_it_replaces(self, read: Read) -> None:
        right = {**CLAY, "FITID": "F9", "TRNAMT": "-13.00", "CORRECTFITID": "F1",
                 "CORRECTACTION": "REPLACE"}  # fmt: skip
        result = read(file(sgml(CLAY, right)), "a.ofx")
        assert [(row.key, row.ordinal) for row in result.rows] == [("100/0001|F1", 1)] * 2


@pytest.mark.parametrize(
    ("change", "field"),
    [({"TRNAMT": "much"}, "amount"), ({"DTPOSTED": "20251345"}, "DTPOSTED"),
     ({"TRNAMT": ""}, "amount"),
     ({"CORRECTACTION": "DELETE", "CORRECTFITID": "F1"}, "CORRECTACTION")],
)  # fmt: skip
def test_a_bad_transaction_costs_itself_alone(
    read: Read, change: dict[str, str], field: str
) -> None:
    result = read(file(sgml({**CLAY, **change}, FAIR)), "a.ofx")
    assert [reject.field for reject in result.rejects] == [field]
    assert result.rejects[0].line > 10
    assert len(result.rows) == 1


@pytest.mark.parametrize("end", [-20, -120, -200])
def test_a_file_that_is_cut_off_is_refused(read: Read, end: int) -> None:
    with pytest.raises(LedgerFileError, match="cut off"):
        read(file(sgml(CLAY, FAIR))[:end], "a.ofx")


def test_entities_of_its_own_are_refused(read: Read) -> None:
    text = closed(file(sgml(CLAY))).replace("<OFX>", '<!DOCTYPE OFX [<!ENTITY a "b">]>\n<OFX>', 1)
    with pytest.raises(LedgerFileError, match="DTD"):
        read(text, "a.ofx")
