"""France's FEC: who is paid, who is owed, and entries that do not add up."""

from time import process_time

import pytest

from graph.ingest.readers.journals import fec
from tests.graph.ingest.readers.conftest import Read

TITLES = (
    "JournalCode|JournalLib|EcritureNum|EcritureDate|CompteNum|CompteLib|CompAuxNum|CompAuxLib|"
    "PieceRef|PieceDate|EcritureLib|Debit|Credit|EcritureLet|DateLet|ValidDate|Montantdevise|Idevise"
)


def line(
    entry: str, account: str, name: str, debit: str, credit: str, *, text: str = "Texte"
) -> str:
    number = f"F-{name[:4]}" if name else ""
    return (
        f"BQ|Banque|{entry}|20260114|{account}|Compte {account}|{number}|{name}|FAC 118|20260114|"
        f"{text}|{debit}|{credit}|||20260131||"
    )


def file(*lines: str) -> str:
    return "\n".join((TITLES, *lines, ""))


PAID = (
    line("1", "401000", "PAPETERIE DU LAC", "42,15", "0,00"),
    line("1", "512000", "", "0,00", "42,15"),
    line("2", "512000", "", "1250,00", "0,00"),
    line("2", "411000", "ATELIER COQUELICOT", "0,00", "1250,00"),
)
OWED = (
    line("3", "606400", "", "35,13", "0,00"),
    line("3", "445660", "", "7,02", "0,00"),
    line("3", "401000", "PAPETERIE DU LAC", "0,00", "42,15"),
    line("4", "411000", "ATELIER COQUELICOT", "1250,00", "0,00"),
    line("4", "706000", "", "0,00", "1250,00"),
)
SAMPLE = file(*PAID, *OWED)


def test_who_is_paid_and_who_is_owed(read: Read) -> None:
    result = read(SAMPLE, "123456789FEC20261231.txt")
    assert result.moved == [
        ("2026-01-14", "Compte 512000", "PAPETERIE DU LAC", "42.15", "EUR"),
        ("2026-01-14", "ATELIER COQUELICOT", "Compte 512000", "1250.00", "EUR"),
        ("2026-01-14", "Compte 606400", "PAPETERIE DU LAC", "42.15", "EUR"),
        ("2026-01-14", "ATELIER COQUELICOT", "Compte 706000", "1250.00", "EUR"),
    ]
    assert [row.records for row in result.rows] == ["payment", "payment", *["obligation"] * 2]
    assert [row.document_ref for row in result.rows] == ["FAC 118"] * 4
    assert [row.payee.keys for row in result.rows[:1]] == [(("supplier_id", "F-PAPE"),)]


def test_tabs_fees_and_transfers(read: Read) -> None:
    fee = (
        line("5", "627000", "", "5,00", "0,00", text="Frais bancaires"),
        line("5", "445660", "", "1,00", "0,00", text="Frais bancaires"),
        line("5", "512000", "", "0,00", "6,00", text="Frais bancaires"),
    )
    moved = (
        line("6", "531000", "", "80,00", "0,00"),
        line("6", "512000", "", "0,00", "80,00"),
    )
    result = read(file(*fee, *moved).replace("|", "\t"), "fec.txt")
    assert result.moved == [
        ("2026-01-14", "Compte 512000", "Frais bancaires", "6.00", "EUR"),
        ("2026-01-14", "Compte 512000", "Compte 531000", "80.00", "EUR"),
    ]
    assert [row.records for row in result.rows] == ["payment", "transfer"]


def test_opening_balances_and_money_between_own_accounts_are_no_payments(read: Read) -> None:
    opening = [
        line("1", "512000", "", "900,00", "0,00", text="A nouveaux"),
        line("1", "411000", "ATELIER COQUELICOT", "100,00", "0,00", text="A nouveaux"),
        line("1", "101000", "", "0,00", "1000,00", text="A nouveaux"),
    ]
    coded = [text.replace("BQ|Banque|1", "AN|Journal|2") for text in opening]
    called = [text.replace("BQ|Banque|1", "Z9|Reports à nouveau|3") for text in opening]
    closing = (line("4", "891000", "", "5,00", "0,00"), line("4", "512000", "", "0,00", "5,00"))
    sent = (
        line("5", "580000", "", "80,00", "0,00", text="Virement interne"),
        line("5", "627000", "", "1,00", "0,00", text="Frais"),
        line("5", "512000", "", "0,00", "81,00", text="Virement interne"),
    )
    come = (
        line("6", "512900", "", "80,00", "0,00", text="Virement interne"),
        line("6", "580000", "", "0,00", "80,00", text="Virement interne"),
    )
    result = read(file(*opening, *coded, *called, *closing, *sent, *come), "fec.txt")
    assert [reject.line for reject in result.rejects] == [2, 5, 8, 11]
    assert all("moves no money" in reject.reason for reject in result.rejects)
    assert result.moved == [
        ("2026-01-14", "Compte 512000", "Compte 580000", "80.00", "EUR"),
        ("2026-01-14", "Compte 512000", "Frais", "1.00", "EUR"),
        ("2026-01-14", "Compte 580000", "Compte 512900", "80.00", "EUR"),
    ]
    assert [row.records for row in result.rows] == ["transfer", "payment", "transfer"]


def test_companies_are_told_apart_by_the_file_name(read: Read) -> None:
    names = ("123456789FEC20261231.txt", "987654321fec20261231.txt", "fec.txt")
    sources = [read(SAMPLE, name).parts[0].source for name in names]
    assert sources == ["fec.123456789", "fec.987654321", "fec"]


def test_a_long_entry_costs_as_many_steps_as_it_has_lines(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    def entry(count: int) -> str:
        debits = [line("1", "401000", f"S{n}", "1,00", "0,00") for n in range(count)]
        return file(*debits, line("1", "512000", "", "0,00", f"{count},00"))

    def seconds(count: int) -> float:
        content, start = entry(count), process_time()
        assert len(read(content, "fec.txt").rows) == count
        return process_time() - start

    assert seconds(1600) < 9 * seconds(400)  # 4 times as many; 16 times if each meets each
    monkeypatch.setattr(fec, "MOST_LINES", 400)
    refused = read(entry(400), "fec.txt")
    assert [(reject.line, reject.field) for reject in refused.rejects] == [(2, "ecriturenum")]
    assert "more than 400 lines" in refused.rejects[0].reason


def test_an_entry_that_cannot_be_read_costs_only_itself(read: Read) -> None:
    lines = (
        line("7", "401000", "X", "42,15", "0,00"),
        line("8", "401000", "X", "abc", "0,00"),
        line("9", "681000", "", "4,00", "0,00") + "|",
        line("10", "681000", "", "1,00", "0,00"),
        line("10", "681100", "", "1,00", "0,00"),
        line("10", "280000", "", "0,00", "2,00"),
        *PAID,
    )
    result = read(file(*lines), "fec.txt")
    assert len(result.rows) == 2
    assert [(reject.line, reject.field) for reject in result.rejects] == [
        (2, "debit"),
        (3, "debit"),
        (4, None),
        (5, "comptenum"),
    ]
