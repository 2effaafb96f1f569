"""What people call their sources: by files, by accounts that they named, by providers."""

from graph.questions import source_names
from tests.graph import rows

MAIL = "gmail.a511f1c1-c9c4-457d-9847-4a7e127c5273"


def test_a_made_key_has_the_name_of_its_file_or_its_account(tenant):
    for source, file in (
        ("generic.b1c6f0aa", "bank-may.csv"),
        ("generic.c1c6f0aa", "bank-may.csv"),
        ("generic.b1c6f0aa.savings", "download.csv"),
        ("oxford.ledger", "spend.csv"),
    ):
        account = {"party_kind": "account", "party_name": "Savings"}
        rows.event(tenant.id, source=source, provenance=[{"file": file}], **account)
    rows.event(tenant.id, source=MAIL, platform="gmail", kind="message")
    names = source_names.names(tenant.id)
    assert names == {
        "generic.b1c6f0aa": "bank-may.csv",
        "generic.b1c6f0aa.savings": "Savings",
        "generic.c1c6f0aa": "bank-may.csv (2)",
        MAIL: "Gmail",
    }
    assert source_names.key(tenant.id, "Savings") == "generic.b1c6f0aa.savings"
    assert source_names.key(tenant.id, "oxford.ledger") == "oxford.ledger"
    text = f"row {'bf' * 16} of generic.b1c6f0aa and row L1 of oxford.ledger, seen in {MAIL}."
    assert source_names.readable(text, names) == (
        "a row of bank-may.csv and row L1 of oxford.ledger, seen in Gmail."
    )
