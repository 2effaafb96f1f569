"""Whole syncs, from the request to the tables, against the sandbox over HTTP."""

from collections.abc import Iterator

import pytest

from graph.ingest.guessing.guess import guess
from graph.ingest.guessing.reading_options import Choices
from graph.ingest.mappings import saved_mappings
from graph.models import RawEvent, RelationshipInstance
from syncjobs import runs
from syncjobs.models import ExternalItem, JobFailure, SyncConnection, SyncRun
from syncjobs.models.choices import Trigger
from syncjobs.sandbox.server import Sandbox
from tests.graph import rows
from tests.graph.ingest.readers.einvoices import invoices
from tests.graph.ingest.readers.statements import test_camt, test_mt940
from tests.syncjobs import workers
from tests.syncjobs.burst import work
from tests.syncjobs.saving import PROVIDERS

LEDGER = (
    "entry_id,posted_on,party,supplier_id,entry_type,amount,account,party_kind,invoice_number,"
    "due_date,description,currency,vat_number,iban\n"
    "E1,2026-01-15,Harbour Foods,S-1,purchase,420.50,Office,vendor,INV-77123,2026-02-14,"
    "Supplies,GBP,,\n"
)


@pytest.fixture
def box(own_queue, settings) -> Iterator[Sandbox]:
    with Sandbox(seed=11) as sandbox:
        settings.NANGO = {"host": sandbox.url, "secret": sandbox.secret, "webhook_key": "hook"}
        settings.ARQ_BACKOFF = dict.fromkeys(PROVIDERS, 0.05)
        settings.ZOHO_PACE = 0.001
        yield sandbox


def connect(box: Sandbox, provider: str, **options) -> SyncConnection:
    """A connection of the sandbox and of a tenant."""
    connection = workers.connection(rows.tenant_id(), provider)
    box.control(connection.nango_connection_id, provider=provider, **options)
    return connection


def sync(connection: SyncConnection, **payload) -> SyncRun:
    """Accept a sync, work until the queue is empty, and give the run."""
    run = runs.accept(connection.user_id, connection.pk, trigger=Trigger.REQUEST, payload=payload)
    work()
    return SyncRun.objects.using("owner").get(pk=run.pk)


def stored(connection: SyncConnection) -> set[str]:
    mine = ExternalItem.objects.using("owner").filter(connection=connection.pk, deleted_at=None)
    return set(mine.values_list("external_id", flat=True))


pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_first_sync_then_what_changed(box, provider):
    connection = connect(box, provider, size=14)
    first = sync(connection)
    assert (first.status, first.tries) == ("succeeded", 1), first.error
    assert stored(connection) == set(box.truth(connection.nango_connection_id))
    box.control(connection.nango_connection_id, add=3, change=2)
    if provider != "zoho_mail":  # whose deletions cannot be seen
        box.control(connection.nango_connection_id, delete=2)
    second = sync(connection)
    assert second.status == "succeeded", second.error
    assert stored(connection) == set(box.truth(connection.nango_connection_id))
    once = ExternalItem.objects.using("owner").filter(connection=connection.pk, revision=1)
    assert once.count() >= 9


@pytest.mark.parametrize("provider", ["gmail", "dropbox", "gdrive"])
def test_a_cursor_that_is_lost_lists_everything_anew(box, provider):
    connection = connect(box, provider, size=8)
    sync(connection)
    box.control(connection.nango_connection_id, delete=2, add=1, expire=True)
    run = sync(connection)
    assert (run.status, run.tries) == ("succeeded", 1)
    assert run.progress["cursors_lost"] == 1
    assert stored(connection) == set(box.truth(connection.nango_connection_id))


def test_a_full_sync_on_request_starts_from_nothing(box):
    connection = connect(box, "dropbox", size=4)
    sync(connection)
    again = sync(connection, full=True)
    assert again.status == "succeeded"
    revisions = ExternalItem.objects.using("owner").filter(connection=connection.pk)
    assert set(revisions.values_list("revision", flat=True)) == {1}


def test_a_ledger_found_at_a_provider_is_imported_once(box):
    connection = connect(
        box, "dropbox", size=0, put=[{"name": "ledger.csv", "folder": "Finance", "text": LEDGER}]
    )
    run = sync(connection)
    assert run.progress["ledgers"] == 1
    assert run.progress["rows"] == 1
    [payment] = RelationshipInstance.objects.using("owner").filter(user_id=connection.user_id)
    assert payment.relationship_type == "payment"
    sync(connection, full=True)
    events = RawEvent.objects.using("owner").filter(user_id=connection.user_id, kind="posting")
    assert events.count() == 2


TWO_WAYS = "Date,Name,Amount\n03/04/2024,Acme Wool,10.00\n05/06/2024,Borough Printing,20.00\n"


def test_a_file_that_leaves_its_reading_open_is_read_by_the_tenants_saved_mapping(box, tmp_path):
    connection = connect(
        box, "dropbox", size=0, put=[{"name": "things.csv", "folder": "Finance", "text": TWO_WAYS}]
    )
    assert sync(connection).progress.get("ledgers", 0) == 0
    path = tmp_path / "things.csv"
    path.write_text(TWO_WAYS)
    by = guess(path, choices=Choices(direction="out", date_order="month", currency="GBP"))
    saved_mappings.save(connection.user_id, path, by)
    later = TWO_WAYS.replace("03/04", "07/04")
    box.control(connection.nango_connection_id, put=[{"name": "later.csv", "text": later}])
    assert sync(connection).progress["rows"] == 2
    events = RawEvent.objects.using("owner").filter(user_id=connection.user_id, kind="posting")
    days = events.values_list("occurred_at__date", flat=True)
    assert min(days).isoformat() == "2024-05-06"


def attached(number: int, name: str, text: str) -> dict[str, object]:
    """A mail with one file attached to it."""
    return {
        "subject": f"Invoice {number}",
        "from": '"Clay Barn" <billing@claybarn.example>',
        "text": "Please find our invoice RE-2025-17 over EUR 119.00 attached.",
        "attachments": [{"name": name, "text": text}],
    }


def test_an_e_invoice_is_one_obligation_as_xml_and_as_pdf_mailed_and_in_a_folder(box):
    tenant = rows.tenant_id()
    as_pdf = invoices.pdf(invoices.CII).replace(b"%\xe2\xe3\xcf\xd3", b"%abcd").decode("ascii")
    mail, files = workers.connection(tenant, "gmail"), workers.connection(tenant, "dropbox")
    letters = [attached(1, "re.xml", invoices.UBL), attached(2, "re.pdf", as_pdf)]
    box.control(mail.nango_connection_id, provider="gmail", size=0, put=letters)
    box.control(files.nango_connection_id, provider="dropbox", size=0)
    box.control(files.nango_connection_id, put=[{"name": "same.xml", "text": invoices.CII}])
    assert sync(mail).progress["ledgers"] == 2
    assert sync(files).progress["ledgers"] == 1
    postings = RawEvent.objects.using("owner").filter(user_id=tenant, kind="posting")
    obligations = {
        (posting.party_name, posting.amount, posting.document_ref) for posting in postings
    }
    assert obligations == {
        ("Hofladen Steinweg", -119, "RE-2025-17"),
        ("Clay Barn GmbH", 119, "RE-2025-17"),
    }
    assert postings.count() == 2
    receipts = RelationshipInstance.objects.using("owner").filter(relationship_type="receipt")
    assert {receipt.target_event_id for receipt in receipts} <= {each.pk for each in postings}
    assert receipts.count() >= 2


@pytest.mark.parametrize(
    ("name", "content", "stored_rows"),
    [
        ("statement.xml", test_camt.document(test_camt.statement(test_camt.entry())), 1),
        ("statement.sta", test_mt940.message(test_mt940.movement()), 1),
        ("letter.xml", "<letter>hello</letter>", 0),
    ],
)
def test_statements_in_a_folder_are_imported(box, name, content, stored_rows):
    connection = connect(box, "dropbox", size=0, put=[{"name": name, "text": content}])
    run = sync(connection)
    assert run.status == "succeeded"
    assert run.progress.get("rows", 0) == stored_rows
    assert run.progress.get("unreadable", 0) == 1 - stored_rows


def test_a_mailed_invoice_is_an_edge_of_the_graph(box):
    tenant = rows.tenant_id()
    files = workers.connection(tenant, "dropbox")
    box.control(files.nango_connection_id, provider="dropbox", size=0)
    box.control(files.nango_connection_id, put=[{"name": "ledger.csv", "text": LEDGER}])
    mail = workers.connection(tenant, "gmail")
    invoice = {
        "subject": "Invoice INV-77123",
        "from": '"Harbour Foods" <billing@harbour.example>',
        "text": "Dear customer,\ninvoice INV-77123: total GBP 420.50, due 14 February 2026.\n",
        "at": "2026-01-14T09:00:00+00:00",
        "attachments": [],
    }
    chat = {"subject": "Lunch?", "text": "At noon.", "from": "bob@example.org", "attachments": []}
    box.control(mail.nango_connection_id, provider="gmail", size=0, put=[invoice, chat])
    sync(mail)
    sync(files)
    [edge] = RelationshipInstance.objects.using("owner").filter(relationship_type="receipt")
    assert edge.edge_class == "link"
    assert "INV-77123" in edge.reason
    event = RawEvent.objects.using("owner").get(pk=edge.source_event_id)
    assert (event.source, event.kind) == (f"gmail.{mail.pk}", "message")
    assert event.provenance
    box.control(mail.nango_connection_id, delete=2)
    sync(mail)
    assert RelationshipInstance.objects.using("owner").get(pk=edge.pk).deleted_at is not None


def test_a_file_that_is_no_ledger_is_noted_and_the_sync_goes_on(box):
    things = [
        {"name": "broken.csv", "text": "a\n\x00\x01"},
        {"name": "broken.pdf", "text": "%PDF-1.4 nothing"},
        {"name": "ledger.csv", "text": LEDGER},
    ]
    connection = connect(box, "gdrive", size=0, put=things)
    run = sync(connection)
    assert run.status == "succeeded", run.error
    assert (run.progress["ledgers"], run.progress["unreadable"]) == (1, 2)
    notes = ExternalItem.objects.using("owner").filter(used_as="unreadable")
    assert all(notes.values_list("note", flat=True))


SCRIPTS = {
    "a limit with Retry-After": [{"do": "429", "retry_after": 0.1}],
    "a limit without": [{"do": "403_rate"}],
    "plain text": [{"do": "plain_text_429", "retry_after": 0.1}],
    "an internal error": [{"do": "503", "times": 2}],
    "a reset in mid-body": [{"do": "reset_mid_body", "at": 2}],
    "wrong JSON": [{"do": "wrong_json", "at": 2}],
    "Nango cools down": [{"do": "424_backoff", "retry_after": 0.1}],
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_what_passes_is_tried_again(box, script):
    connection = connect(box, "gmail", size=5, script=script)
    run = sync(connection)
    assert run.status == "succeeded", run.error
    assert run.attempts.using("owner").count() > 1
    assert stored(connection) == set(box.truth(connection.nango_connection_id))
    assert not JobFailure.objects.using("owner").exists()


FINAL = {
    "a revoked token": ({"do": "401"}, "Connect Gmail again", True),
    "a dead connection": ({"do": "424_exhausted"}, "Connect Gmail again", True),
    "not allowed": ({"do": "403_forbidden"}, "ask an administrator", False),
    "the plan is used up": ({"do": "402_plan"}, "plan", False),
    "a wrong integration": ({"do": "404_config"}, "integration", False),
    "pages without an end": ({"do": "same_cursor", "times": None}, "same cursor twice", False),
}


@pytest.mark.parametrize(("script", "says", "dead"), FINAL.values(), ids=FINAL)
def test_what_does_not_pass_is_a_dead_letter_at_once(box, script, says, dead):
    connection = connect(box, "gmail", size=5, script=[script])
    run = sync(connection)
    assert (run.status, run.tries) == ("failed", 1)
    [failure] = JobFailure.objects.using("owner").all()
    assert says in failure.error
    assert box.secret not in failure.error + failure.traceback + str(failure.payload)
    connection.refresh_from_db(using="owner")
    assert (connection.state == "dead") is dead


def test_tries_are_used_up_and_what_was_saved_stays(box):
    script = [{"do": "503", "on": "messages/", "at": 3, "times": None}]
    connection = connect(box, "gmail", size=5, script=script)
    run = sync(connection)
    assert (run.status, run.tries) == ("failed", 5)
    [failure] = JobFailure.objects.using("owner").all()
    assert failure.tries == 5
    box.control(connection.nango_connection_id, script=[])
    again = sync(connection)
    assert again.status == "succeeded"
    assert stored(connection) == set(box.truth(connection.nango_connection_id))


def test_an_item_without_an_id_is_counted_and_left(box):
    connection = connect(box, "dropbox", size=6, script=[{"do": "no_id", "on": "list_folder"}])
    run = sync(connection)
    assert run.status == "succeeded", run.error
    assert run.progress["skipped"] >= 1


def test_a_cursor_of_another_account_is_not_used(box):
    connection = connect(box, "gmail", size=4)
    sync(connection)
    box.control(connection.nango_connection_id, owner="other@example.org")
    run = sync(connection)
    assert run.status == "succeeded"
    assert run.progress["cursors_lost"] == 1


def test_progress_adds_up_over_the_tries(box):
    script = [{"do": "503", "on": "messages/", "at": 60}]
    connection = connect(box, "gmail", size=80, script=script)
    run = sync(connection)
    assert (run.status, run.tries) == ("succeeded", 2), run.error
    items = ExternalItem.objects.using("owner").filter(connection=connection.pk)
    assert run.progress["items"] == items.count() == len(stored(connection))
    assert run.progress["pages"] == 2
    assert set(items.values_list("revision", flat=True)) == {1}
