"""The direction of a row's money, seen from the tenant."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from graph.ingest.ledger_rows import LedgerRow, Party
from syncjobs.uploads import preview_rows


@pytest.mark.parametrize(
    ("payer", "payee", "amount", "records", "way"),
    [
        ("vendor", "account", "5", "payment", "in"),
        ("account", "vendor", "-5", "payment", "in"),
        ("account", "vendor", "5", "fee", "out"),
        ("department", "vendor", "5", "obligation", "to pay"),
        ("customer", "department", "5", "obligation", "to receive"),
        ("department", "vendor", "-5", "obligation", "to receive"),
        ("account", "account", "5", "transfer", "between"),
        ("customer", "vendor", "5", "payment", "unknown"),
    ],
)
def test_a_direction_follows_from_who_is_ours(payer, payee, amount, records, way):
    day = datetime(2024, 3, 1, tzinfo=UTC)
    row = LedgerRow(
        2, "k", "", 1, "t", day, "day", Decimal(amount), "GBP", Party(payer, "A"),
        Party(payee, "B"), None, None, None, {}, records,
    )  # fmt: skip
    assert preview_rows.direction(row) == way
