"""CAMT.052, .053 and .054: versions, batches, charges, returns, what is not booked, sums."""

import gzip
from pathlib import Path

import pytest

from graph.ingest.decode import LedgerFileError
from tests.graph.ingest.readers.conftest import Read, read_file

IBAN = "DE02120300000000202051"
OTHER = "DE89370400440532013000"


def balance(code: str, amount: str, indicator: str = "CRDT") -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>{amount}</Amt>"
        f"<CdtDbtInd>{indicator}</CdtDbtInd><Dt><Dt>2025-01-12</Dt></Dt></Bal>"
    )


def entry(  # noqa: PLR0917 - the parts of an entry
    amount: str = "12.50",
    indicator: str = "DBIT",
    details: str = "",
    more: str = "",
    day: str = "2025-01-13",
    status: str = "<Sts>BOOK</Sts>",
) -> str:
    return (
        f"<Ntry><Amt Ccy='EUR'>{amount}</Amt><CdtDbtInd>{indicator}</CdtDbtInd>{status}"
        f"<BookgDt><Dt>{day}</Dt></BookgDt>{more}<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def tx(role: str, name: str, amount: str = "", more: str = "", iban: str = "") -> str:
    account = f"<{role}Acct><Id><IBAN>{iban}</IBAN></Id></{role}Acct>" if iban else ""
    amount_xml = f"<Amt Ccy='EUR'>{amount}</Amt>" if amount else ""
    return (
        f"<TxDtls>{amount_xml}<RltdPties><{role}><Nm>{name}</Nm></{role}>{account}</RltdPties>"
        f"{more}</TxDtls>"
    )


def statement(*entries: str, balances: str = "", ident: str = "S1", iban: str = IBAN) -> str:
    return (
        f"<Stmt><Id>{ident}</Id><Acct><Id><IBAN>{iban}</IBAN></Id>"
        f"<Svcr><FinInstnId><BIC>BYLADEM1001</BIC></FinInstnId></Svcr></Acct>"
        f"{balances}{''.join(entries)}</Stmt>"
    )


def document(*statements: str, version: str = "053.001.02", message: str = "BkToCstmrStmt") -> str:
    return (
        f"<?xml version='1.0' encoding='UTF-8'?>\n<Document "
        f"xmlns='urn:iso:std:iso:20022:tech:xsd:camt.{version}'><{message}><GrpHdr>"
        f"<MsgId>M</MsgId></GrpHdr>{''.join(statements)}</{message}></Document>"
    )


def test_the_handed_sample(more: Path) -> None:
    result = read_file(more / "format-camt053.xml")
    assert result.moved == [
        ("2025-01-13", IBAN, "Clay Barn", "12.50", "EUR"),
        ("2025-01-14", "Willow Fair", IBAN, "100.00", "EUR"),
    ]
    assert {row.payer.keys for row in result.rows} == {(("iban", IBAN),)}
    assert not result.rejects


@pytest.mark.parametrize("version", ["053.001.02", "053.001.06", "053.001.08", "053.001.13"])
def test_every_version_gives_the_same(read: Read, version: str) -> None:
    new = int(version[-2:]) >= 8
    party = (
        "<Cdtr><Pty><Nm>Clay Barn</Nm></Pty></Cdtr>" if new else "<Cdtr><Nm>Clay Barn</Nm></Cdtr>"
    )
    details = f"<TxDtls><RltdPties>{party}</RltdPties></TxDtls>"
    status = "<Sts><Cd>BOOK</Cd></Sts>" if new else "<Sts>BOOK</Sts>"
    result = read(
        document(statement(entry(details=details, status=status)), version=version), "a.xml"
    )
    assert result.moved == [("2025-01-13", IBAN, "Clay Barn", "12.50", "EUR")]


def test_a_prefixed_namespace_and_utf_16_are_read(read: Read) -> None:
    text = document(statement(entry(details=tx("Cdtr", "Clay Barn"))))
    text = text.replace("<", "<c:").replace("<c:/", "</c:").replace("<c:?", "<?")
    text = text.replace("xmlns=", "xmlns:c=").replace("UTF-8", "UTF-16")
    assert len(read(text.encode("utf-16"), "a.txt").rows) == 1


def test_gzip_is_read(read: Read) -> None:
    content = gzip.compress(document(statement(entry(details=tx("Cdtr", "Clay")))).encode())
    assert len(read(content, "a.xml.gz").rows) == 1


def test_what_an_entry_states_is_kept(read: Read) -> None:
    refs = (
        "<Refs><EndToEndId>E2E-7</EndToEndId><MndtId>M-1</MndtId></Refs>"
        "<RmtInf><Ustrd>Invoice</Ustrd><Ustrd>RE-77</Ustrd>"
        "<Strd><RfrdDocInf><Nb>RE-77</Nb></RfrdDocInf></Strd></RmtInf>"
    )
    more = (
        "<ValDt><Dt>2025-01-14</Dt></ValDt><AcctSvcrRef>BANK-9</AcctSvcrRef><BkTxCd><Domn>"
        "<Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>"
    )
    details = tx("Cdtr", "Clay Barn", more=refs, iban=OTHER)
    [row] = read(document(statement(entry(details=details, more=more))), "a.xml").rows
    assert (row.description, row.document_ref) == ("Invoice RE-77", "RE-77")
    assert row.payee.keys == (("iban", OTHER),)
    details_ = {"end_to_end_id": "E2E-7", "mandate": "M-1", "bank_reference": "BANK-9",
              "value_date": "2025-01-14", "transaction_code": "PMNT-ICDT-ESCT"}  # fmt: skip
    assert details_.items() <= row.data.items()


class TestABatch:
    def test_is_a_row_for_each_transaction(self, read: Read) -> None:
        details = tx("Cdtr", "Ann", "100.00") + tx("Cdtr", "Ben", "200.00")
        result = read(document(statement(entry("300.00", details=details))), "a.xml")
        assert result.moved == [
            ("2025-01-13", IBAN, "Ann", "100.00", "EUR"),
            ("2025-01-13", IBAN, "Ben", "200.00", "EUR"),
        ]
        assert len({row.transaction_ref for row in result.rows}) == 1
        assert {row.data["booking_amount"] for row in result.rows} == {"-300.00"}
        assert result.warnings == []

    def test_whose_amounts_stand_in_the_details_alone(self, read: Read) -> None:
        amounts = "<AmtDtls><TxAmt><Amt Ccy='EUR'>{}</Amt></TxAmt></AmtDtls>"
        details = tx("Dbtr", "Ann", more=amounts.format("1.00")) + tx(
            "Dbtr", "Ben", more=amounts.format("2.00")
        )
        result = read(document(statement(entry("3.00", "CRDT", details))), "a.xml")
        assert [move[1:4] for move in result.moved] == [
            ("Ann", IBAN, "1.00"),
            ("Ben", IBAN, "2.00"),
        ]

    def test_that_does_not_add_up_is_one_row_with_a_warning(self, read: Read) -> None:
        details = tx("Cdtr", "Ann", "100.00") + tx("Cdtr", "Ben", "150.00")
        result = read(document(statement(entry("300.00", details=details))), "a.xml")
        assert [move[3] for move in result.moved] == ["300.00"]
        assert "entry 1: its transactions' amounts add up to -250.00" in result.warnings[0]

    def test_without_details_is_one_row(self, read: Read) -> None:
        details = "<Btch><NbOfTxs>3</NbOfTxs></Btch>"
        result = read(document(statement(entry("300.00", details=details))), "a.xml")
        assert result.moved == [("2025-01-13", IBAN, "Batch payment", "300.00", "EUR")]


class TestCharges:
    def test_within_the_amount_are_a_row_of_their_own(self, read: Read) -> None:
        charges = (
            "<Chrgs><Rcrd><Amt Ccy='EUR'>1.50</Amt><CdtDbtInd>DBIT</CdtDbtInd>"
            "<ChrgInclInd>true</ChrgInclInd></Rcrd></Chrgs>"
        )
        result = read(
            document(statement(entry("98.50", "CRDT", tx("Dbtr", "Ann"), charges))), "a.xml"
        )
        assert [move[1:4] for move in result.moved] == [
            ("Ann", IBAN, "100.00"),
            (IBAN, "BYLADEM1001", "1.50"),
        ]
        assert [row.records for row in result.rows] == ["payment", "fee"]

    def test_of_version_2_are_told_by_the_difference(self, read: Read) -> None:
        amounts = (
            "<AmtDtls><TxAmt><Amt Ccy='EUR'>100.00</Amt></TxAmt></AmtDtls>"
            "<Chrgs><Amt Ccy='EUR'>1.50</Amt></Chrgs>"
        )
        result = read(
            document(statement(entry("101.50", details=tx("Cdtr", "Ann", more=amounts)))), "a.xml"
        )
        assert [move[2:4] for move in result.moved] == [("Ann", "100.00"), ("BYLADEM1001", "1.50")]

    def test_beside_the_amount_change_nothing(self, read: Read) -> None:
        charges = (
            "<Chrgs><Rcrd><Amt Ccy='EUR'>1.50</Amt><ChrgInclInd>false</ChrgInclInd></Rcrd></Chrgs>"
        )
        result = read(
            document(statement(entry("98.50", details=tx("Cdtr", "Ann"), more=charges))), "a.xml"
        )
        assert [move[3] for move in result.moved] == ["98.50"]

    def test_of_the_bank_alone_are_a_fee(self, read: Read) -> None:
        family = "<Fmly><Cd>MDOP</Cd><SubFmlyCd>CHRG</SubFmlyCd></Fmly>"
        code = f"<BkTxCd><Domn><Cd>PMNT</Cd>{family}</Domn></BkTxCd>"
        [row] = read(document(statement(entry("4.90", more=code))), "a.xml").rows
        assert (row.payee.name, row.records) == ("BYLADEM1001", "fee")


def test_a_return_goes_to_the_party_that_gave_it_back(read: Read) -> None:
    """We collected from Ann; the return bears debtor Ann, creditor us, and money leaves us."""
    details = (
        "<TxDtls><RltdPties><Dbtr><Nm>Ann</Nm></Dbtr><Cdtr><Nm>Us</Nm></Cdtr></RltdPties>"
        "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf></TxDtls>"
    )
    result = read(document(statement(entry("50.00", "DBIT", details))), "a.xml")
    assert result.moved == [("2025-01-13", IBAN, "Ann", "50.00", "EUR")]
    assert result.rows[0].data["return_reason"] == "AC04"


@pytest.mark.parametrize(
    "status", ["<Sts>PDNG</Sts>", "<Sts><Cd>PDNG</Cd></Sts>", "<Sts>INFO</Sts>", "<Sts>FUTR</Sts>"]
)
def test_what_is_not_booked_is_no_payment(read: Read, status: str) -> None:
    report = statement(entry(status=status), entry(details=tx("Cdtr", "Clay"))).replace(
        "Stmt", "Rpt"
    )
    result = read(document(report, version="052.001.08", message="BkToCstmrAcctRpt"), "a.xml")
    assert len(result.rows) == 1
    assert "1 " in result.warnings[0]
    assert "not booked and not imported" in result.warnings[0]


def test_notifications_are_read(read: Read) -> None:
    note = statement(entry(details=tx("Cdtr", "Clay"))).replace("Stmt", "Ntfctn")
    result = read(document(note, version="054.001.08", message="BkToCstmrDbtCdtNtfctn"), "a.xml")
    assert len(result.rows) == 1
    assert "complete" not in result.rows[0].data


class TestSums:
    CLAY, FAIR = entry(details=tx("Cdtr", "Clay")), entry("100.00", "CRDT", tx("Dbtr", "Fair"))

    def test_that_hold_say_nothing(self, read: Read) -> None:
        balances = balance("OPBD", "100.00") + balance("CLBD", "187.50")
        assert (
            read(document(statement(self.CLAY, self.FAIR, balances=balances)), "a").warnings == []
        )

    def test_that_break_are_a_warning_with_the_entries(self, read: Read) -> None:
        balances = balance("OPBD", "100.00") + balance("CLBD", "190.00")
        [warning] = read(document(statement(self.CLAY, self.FAIR, balances=balances)), "a").warnings
        assert "opening 100.00 + movements 87.50 (entries 1 to 2) = 187.50" in warning
        assert "closing balance is 190.00 EUR" in warning

    def test_of_an_overdrawn_account_are_negative(self, read: Read) -> None:
        balances = balance("PRCD", "10.00", "DBIT") + balance("CLBD", "22.50", "DBIT")
        assert read(document(statement(self.CLAY, balances=balances)), "a").warnings == []

    def test_tell_a_statement_that_is_missing(self, read: Read) -> None:
        one = statement(self.CLAY, balances=balance("OPBD", "100.00") + balance("CLBD", "87.50"))
        three = statement(
            self.FAIR, balances=balance("OPBD", "50.00") + balance("CLBD", "150.00"), ident="S3"
        )
        [warning] = read(document(one, three), "a").warnings
        assert "one between them is missing" in warning


class TestABadEntry:
    @pytest.mark.parametrize(
        ("bad", "field"),
        [
            (entry("much"), "amount"),
            (entry("-5.00"), "Amt"),
            (entry("5.00", "UP"), "CdtDbtInd"),
            (entry(day="2025-02-30"), "BookgDt"),
            (entry("1234567890123456.00"), "amount"),
        ],
    )
    def test_costs_itself_alone(self, read: Read, bad: str, field: str) -> None:
        result = read(document(statement(bad, entry(details=tx("Cdtr", "Clay")))), "a.xml")
        assert [(reject.line, reject.field) for reject in result.rejects] == [(1, field)]
        assert len(result.rows) == 1

    def test_of_no_account_is_rejected(self, read: Read) -> None:
        text = document(statement(entry())).replace(f"<IBAN>{IBAN}</IBAN>", "")
        assert [reject.field for reject in read(text, "a.xml").rejects] == ["account"]


class TestHostileXml:
    def test_external_entities_are_refused(self, read: Read) -> None:
        text = document(statement(entry(details=tx("Cdtr", "&file;"))))
        dtd = "<!DOCTYPE Document [<!ENTITY file SYSTEM 'file:///etc/passwd'>]>"
        with pytest.raises(LedgerFileError, match="declares a DTD"):
            read(text.replace("<Document", f"{dtd}<Document", 1), "a.xml")

    def test_expansions_are_refused(self, read: Read) -> None:
        text = document(statement(entry(details=tx("Cdtr", "&c;"))))
        dtd = (
            "<!DOCTYPE Document [<!ENTITY a 'aaaaaaaaaa'>"
            "<!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>]>"
        )
        with pytest.raises(LedgerFileError, match="declares a DTD"):
            read(text.replace("<Document", f"{dtd}<Document", 1), "a.xml")

    def test_a_file_that_is_cut_off_is_refused(self, read: Read) -> None:
        text = document(statement(*[entry(details=tx("Cdtr", "Clay"))] * 50))
        with pytest.raises(LedgerFileError, match="cut off"):
            read(text[:-200], "a.xml")


def test_equal_entries_stay_two_and_a_doubled_statement_is_one(read: Read) -> None:
    coffee = entry("3.50", details=tx("Cdtr", "Kiosk"))
    result = read(document(statement(coffee, coffee), statement(coffee, coffee)), "a.xml")
    assert len({(row.key, row.ordinal) for row in result.rows}) == 2
    assert len(result.rows) == 4
