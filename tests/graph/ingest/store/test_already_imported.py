"""Guessed files imported one after another: what is one payment, and what is two."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connections

from finley.models import User
from graph import models
from graph.ingest.import_file import Imported, format_of, import_file
from graph.ingest.readers.parts import Hints
from graph.ingest.rows_from_file import is_lasting
from graph.ingest.store.already_imported import OtherAccountError

Take = Callable[..., Imported]
NAMES = "Date,Counter Party,Reference,Amount\n"


@pytest.fixture
def take(committed: None, tenant: User, tmp_path: Path) -> Take:
    """Imports this text as a file, as somebody who has written no mapping."""

    def taken(text: str, name: str = "bank.csv", account: Hints | None = None) -> Imported:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return import_file(
            tenant.id, path, format_of(path), tmp_path / "rejects", hints=account or Hints()
        )

    return taken


def counts(done: Imported) -> tuple[int, int, int]:
    return done.counts.rows_stored, done.counts.rows_updated, done.counts.rows_unchanged


def payments(user: User) -> list[tuple[str, Decimal, str]]:
    events = models.RawEvent.objects.using("owner").filter(user_id=user.id, posting=2)
    return sorted(
        (event.occurred_at.date().isoformat(), event.amount, event.party_name) for event in events
    )


def test_a_reference_that_comes_again_is_no_key(take: Take, tenant: User) -> None:
    january = NAMES + "13/01/2025,Mill Lane Hall,RENT,-400.00\n14/01/2025,Gas Firm,GAS,-61.00\n"
    february = NAMES + "13/02/2025,Mill Lane Hall,RENT,-400.00\n14/02/2025,Gas Firm,GAS,-72.00\n"
    assert counts(take(january, "jan.csv")) == (2, 0, 0)
    assert counts(take(february, "feb.csv")) == (2, 0, 0)
    assert counts(take(january, "jan.csv")) == counts(take(february, "feb.csv")) == (0, 0, 2)
    assert sum(amount for _, amount, _ in payments(tenant)) == 933


def test_downloads_that_overlap_share_their_rows(take: Take, tenant: User) -> None:
    shared = "17/01/2025,Gas Firm,R2,-60.00\n"
    take(NAMES + "06/01/2025,Mill Lane Hall,R1,-500.00\n" + shared, "one.csv")
    second = NAMES + shared + "20/01/2025,Bus,R3,-3.00\n21/01/2025,Bus,R3,-3.00\n"
    imported = take(second, "two.csv")
    assert counts(imported) == (2, 0, 1)
    assert [doubt.topic for doubt in imported.doubts if "known from one.csv" in doubt.text]
    assert len(payments(tenant)) == 4


def test_equal_rows_of_one_file_stay_two(take: Take, tenant: User) -> None:
    coffee = "15/01/2025,Cafe Amsel,,-2.50\n"
    assert counts(take(NAMES + coffee * 2)) == (2, 0, 0)
    assert counts(take(NAMES + coffee * 2)) == (0, 0, 2)
    assert counts(take(NAMES + coffee * 3)) == (1, 0, 2)
    assert len(payments(tenant)) == 3


def test_dates_and_amounts_that_are_spelled_otherwise(take: Take, tenant: User) -> None:
    take("Date,Description,Amount\n2025-03-13,Bus ticket,-3.20\n2025-03-14,Cafe,-1004.00\n")
    again = 'Date,Description,Amount\n13/03/2025,Bus ticket,-3.2\n14/03/2025,CAFE,"-1,004.00"\n'
    assert counts(take(again, "other.csv")) == (0, 2, 0)
    assert len(payments(tenant)) == 2


def test_a_row_that_is_described_otherwise_is_an_update(take: Take, tenant: User) -> None:
    same = "15/01/2025,Gas Firm,R2,-60.00\n"
    take(NAMES + same + "16/01/2025,PENDING CARD 77,,-18.00\n", "one.csv")
    imported = take(NAMES + same + "16/01/2025,Lamp Shop,,-18.00\n", "two.csv")
    assert counts(imported) == (0, 1, 1)
    assert [name for _, _, name in payments(tenant)] == ["Gas Firm", "Lamp Shop"]


def test_a_balance_that_comes_later_changes_no_key(take: Take, tenant: User) -> None:
    head = "Date,Description,Amount,Balance\n"
    take(head + "15/01/2025,Gas Firm,-60.00,\n16/01/2025,Lamp Shop,-18.00,22.00\n", "one.csv")
    later = "15/01/2025,Gas Firm,-60.00,40.00\n16/01/2025,Lamp Shop,-18.00,\n"
    take(head + later + "17/01/2025,Bus,-2.00,20.00\n", "two.csv")
    assert len(payments(tenant)) == 3


FIRST = "Date,Description,Amount\n2025-03-30,Fern Bakery,-20.00\n2025-03-31,Monthly fee,-5.00\n"
OTHER = "Date,Description,Amount\n2025-03-29,Moss Kiosk,-7.00\n2025-03-31,Monthly fee,-5.00\n"


def test_another_account_of_the_same_layout_is_asked_about(take: Take, tenant: User) -> None:
    take(FIRST, "first.csv")
    with pytest.raises(OtherAccountError, match=r"--account NAME.*--same-account") as refused:
        take(OTHER, "other.csv")
    assert "1 row of it is known from first.csv" in str(refused.value)
    assert len(payments(tenant)) == 2
    savings = Hints(account="Savings")
    assert counts(take(OTHER, "other.csv", savings)) == (2, 0, 0)
    assert counts(take(OTHER, "other.csv", savings)) == (0, 0, 2)
    assert counts(take(FIRST, "first.csv")) == (0, 0, 2)
    assert sum(amount for _, amount, _ in payments(tenant)) == 37


def test_a_part_of_the_same_account(take: Take, tenant: User) -> None:
    take(FIRST, "first.csv")
    assert counts(take(OTHER, "other.csv", Hints(same_account=True))) == (1, 0, 1)
    assert len(payments(tenant)) == 3


def test_our_own_side_has_one_name_in_all_downloads(take: Take, tenant: User) -> None:
    take(FIRST, "statement_2025-03.csv")
    take(FIRST.replace("-03-", "-05-"), "download (1).csv")
    names = models.NormalizedEntity.objects.using("owner").filter(user_id=tenant.id, kind="account")
    assert [entity.name for entity in names] == ["statement"]


@pytest.mark.parametrize(
    ("id_", "lasting"),
    [
        ("7", False),
        ("000123", False),
        ("20250131", False),
        ("RENT", False),
        ("STANDINGORDER", False),
        ("a1b2c3d4", True),
        ("9f1c2d3e-0000-4000-8000-1234567890ab", True),
        ("8811223344", True),
    ],
)
def test_ids_that_may_start_again_are_not_keys_alone(id_: str, lasting: bool) -> None:
    assert is_lasting(id_) is lasting


def test_ids_that_start_again_lose_no_payment(take: Take, tenant: User) -> None:
    head = "Transaction ID,Date,Description,Amount\n"
    take(head + "1,2025-01-15,Gas Firm,-60.00\n2,2025-01-16,Bus,-2.00\n", "jan.csv")
    take(head + "1,2025-02-15,Lamp Shop,-18.00\n2,2025-02-16,Cafe,-4.00\n", "feb.csv")
    assert len(payments(tenant)) == 4


def test_a_lasting_id_makes_a_changed_row_an_update(take: Take, tenant: User) -> None:
    head = "Transaction ID,Date,Description,Amount\n"
    take(head + "TX-88112233,2025-01-15,Gas Firm,-60.00\n")
    assert counts(take(head + "TX-88112233,2025-01-15,Gas Firm Ltd,-61.00\n")) == (0, 1, 0)
    assert counts(take(head + "TX-88112233,2025-02-15,Lamp Shop,-3.00\n", "b.csv")) == (1, 0, 0)
    assert len(payments(tenant)) == 2


def test_rows_under_an_older_rules_key_are_known(take: Take, tenant: User) -> None:
    text = NAMES + "13/01/2025,Mill Lane Hall,RENT,-400.00\n14/01/2025,Gas Firm,GAS,-61.00\n"
    imported = take(text)
    assert imported.counts.rows_stored == 2
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "UPDATE raw_events SET source = replace(source, 'generic.', 'generic.bank.'), "
            "external_id = data ->> 'reference'"
        )
    assert counts(take(text)) == (0, 0, 2)
    assert len(payments(tenant)) == 2
