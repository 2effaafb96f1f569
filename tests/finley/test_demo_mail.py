"""The demo's mails: the same for a seed, and linked to the entries that they belong to."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from finley.demo import books
from finley.demo.mail import Mail, mails
from finley.models import User
from graph import models
from graph.database.tenancy import tenant_transaction
from graph.ingest.documents.document_facts import Document, Reading, read, sender
from graph.ingest.import_file import format_of, import_file
from graph.ingest.store import store_documents


def readings(messages: list[Mail]) -> list[Reading]:
    """Of those that name something; the others' external ids are missing."""
    candidates = (
        read(
            Document(
                str(number), "message", mail.given["subject"], mail.given["text"],
                datetime.fromisoformat(mail.given["at"]), *sender(mail.given["from"]),
            )
        )
        for number, mail in enumerate(messages)
    )  # fmt: skip
    return [reading for reading in candidates if reading is not None]


def test_are_the_same_for_a_seed() -> None:
    assert mails(7) == mails(7)
    assert mails(7) != mails(8)


@pytest.mark.parametrize("seed", range(1, 9))
def test_are_a_dozen_with_and_without_an_entry(seed: int) -> None:
    messages = mails(seed)
    assert 12 <= len(messages) <= 14
    assert {tuple(mail.given) for mail in messages} == {("subject", "text", "from", "to", "at")}
    assert sum(mail.entry is None for mail in messages) == 4
    assert all(datetime.fromisoformat(mail.given["at"]).tzinfo is UTC or
               datetime.fromisoformat(mail.given["at"]).utcoffset() is not None
               for mail in messages)  # fmt: skip
    keys = {row["entry_id"] for row in books.generate(seed).rows["ledger.csv"]}
    assert {mail.entry for mail in messages if mail.entry} <= keys


@pytest.mark.parametrize("seed", [7, 8])
def test_are_linked_to_their_entries_and_no_other(tenant: User, tmp_path: Path, seed: int) -> None:
    for path in books.write(tmp_path, seed).files:
        if path.suffix == ".csv":
            import_file(tenant.pk, path, format_of(path), tmp_path / "rejects")
    messages = mails(seed)
    with tenant_transaction(tenant.pk) as connection:
        store_documents.store(connection, tenant.pk, "gmail.demo", "gmail", readings(messages))
    links = models.RelationshipInstance.objects.using("owner").filter(relationship_type="receipt")
    linked = {link.source_event.external_id: link.target_event for link in links}
    assert {messages[int(key)].entry for key in linked} == {
        mail.entry for mail in messages if mail.entry
    }
    for key, event in linked.items():
        assert (event.source, event.external_id) == ("finley-demo.ledger", messages[int(key)].entry)
        assert event.posting == 1
