"""Whether a mail is from whom it says: only the provider's own word counts."""

import time

import pytest

from graph.models import RawEvent, RelationshipInstance
from syncjobs import reread_items
from syncjobs.models import ExternalItem
from syncjobs.sources.sender_checks import checked, sender_verdict, stated
from syncjobs.sources.zoho_mail import RECEIVERS
from tests.syncjobs.burst import work
from tests.syncjobs.test_sync import LEDGER, box, connect, sync

__all__ = ["box"]
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")
GOOD = (
    "mx.google.com; dkim=pass header.i=@harbour.example header.s=s1; spf=pass (google.com: domain "
    "of billing@harbour.example designates 192.0.2.1) smtp.mailfrom=billing@harbour.example; "
    "dmarc=pass (p=REJECT) header.from=harbour.example"
)
BAD = "mx.google.com; spf=fail smtp.mailfrom=x@evil.example; dkim=none; dmarc=fail (dmarc=pass)"


@pytest.mark.parametrize(
    ("headers", "word"),
    [
        ([GOOD], "verified"),
        ([BAD], "failed"),
        ([BAD, GOOD], "failed"),  # the mail brought the second along
        (["mx.evil.example; dmarc=pass"], "unverified"),
        (["mx.google.com.evil.example; dmarc=pass"], "unverified"),
        (["mx.google.com; spf=pass"], "unverified"),
        (["mx.google.com; x-dmarc=pass; dmarc=passed"], "unverified"),
        ([], "unverified"),
    ],
)
def test_only_the_provider_s_own_header_counts(headers, word):
    assert sender_verdict(checked(headers, "mx.google.com")) == word


def test_raw_headers_are_unfolded_and_kept_in_order():
    raw = (
        "Received: by mx.zohomail.eu\r\nAuthentication-Results: mx.zohomail.eu;\r\n\tdkim=pass;\r\n"
        "\tdmarc=fail(p=none dis=none)\r\nFrom: x\r\n"
        "authentication-results: a.example; dmarc=pass\r\n"
    )
    first, second = stated(raw)
    assert second.strip() == "a.example; dmarc=pass"
    assert checked([first], *RECEIVERS) == {"spf": "none", "dkim": "pass", "dmarc": "fail"}


@pytest.mark.parametrize("provider", ["gmail", "zoho_mail"])
def test_rows_of_a_sender_who_is_not_verified_are_held(box, provider):
    """A mail that is forged, one that nobody checked, one with a forged header, and a good one."""
    server = {"gmail": "mx.google.com", "zoho_mail": "mx.zohomail.eu"}[provider]
    results = {
        "bad": [f"{server}; dkim=none; spf=fail; dmarc=fail"],
        "none": [],
        "forged": [f"{server}; dmarc=none", f"{server}; dmarc=pass"],
        "good": [f"{server}; dkim=pass; spf=pass; dmarc=pass header.from=harbour.example"],
    }
    mails = [
        {
            "subject": f"Invoice of {name}",
            "from": '"Harbour Foods" <billing@harbour.example>',
            "text": "Your payment was received.",
            "results": headers,
            "attachments": [{"name": f"{name}.csv", "text": LEDGER.replace("E1", name)}],
        }
        for name, headers in results.items()
    ]
    connection = connect(box, provider, size=0, put=mails)
    assert sync(connection).status == "succeeded"
    attached = ExternalItem.objects.using("owner").filter(
        connection=connection.pk, kind="attachment"
    )
    uses = dict(attached.values_list("name", "used_as"))
    held = dict.fromkeys(("bad.csv", "none.csv", "forged.csv"), "held")
    assert uses == {**held, "good.csv": "ledger"}
    assert "failed the check" in attached.get(name="bad.csv").note
    relationships = RelationshipInstance.objects.using("owner").filter(user_id=connection.user_id)
    assert relationships.filter(edge_class="flow").count() == 1
    assert not relationships.filter(relationship_type="settles").exists()


def _mail(results: list[str]) -> dict:
    return {
        "subject": "Invoice INV-77123",
        "from": '"Harbour Foods" <billing@harbour.example>',
        "text": "Your payment was received.",
        "results": results,
        "attachments": [{"name": "books.csv", "text": LEDGER}],
    }


def test_what_was_held_is_imported_once_that_is_allowed(box, settings):
    connection = connect(box, "gmail", size=0, put=[_mail([])])
    assert sync(connection).progress["held"] == 1
    item = ExternalItem.objects.using("owner").get(connection=connection.pk, kind="attachment")
    settings.UNVERIFIED_BOOKS = True
    assert reread_items.read_again([item.pk]) == (1, 1)
    work()
    item.refresh_from_db()
    assert item.used_as == "ledger"


def test_a_message_that_is_read_again_is_checked_again(box):
    good = "mx.zohomail.eu; dkim=pass; spf=pass; dmarc=pass header.from=harbour.example"
    connection = connect(box, "zoho_mail", size=0, put=[_mail([good])])
    sync(connection)
    mine = ExternalItem.objects.using("owner").filter(connection=connection.pk)
    metadata = mine.get(kind="message").metadata
    del metadata["checks"]  # as after an error between the listing and the headers
    mine.filter(kind="message").update(used_as="unreadable", failures=1, metadata=metadata)
    mine.filter(kind="attachment").update(used_as="nothing")
    sync(connection)
    assert mine.get(kind="attachment").used_as == "ledger"


def test_a_hostile_header_takes_no_time():
    start = time.process_time()
    for piece in ("(", "spf=", "dmarc ", ";", "()"):
        checked(["mx.google.com; " + piece * 1_000_000], "mx.google.com")
    assert time.process_time() - start < 1


def test_an_event_says_how_its_sender_was_checked_and_is_no_payment(box):
    mails = [
        {
            "subject": f"Invoice INV-7712{number} paid",
            "from": '"Harbour Foods" <billing@harbour.example>',
            "text": f"Your payment of GBP 420.50 for invoice INV-7712{number} was received.",
            "results": results,
            "attachments": [{"name": "note.txt", "text": "invoice INV-55555 GBP 1.00"}],
        }
        for number, results in enumerate(([GOOD], [BAD], []))
    ]
    connection = connect(box, "gmail", size=0, put=mails)
    assert sync(connection).status == "succeeded"
    events = RawEvent.objects.using("owner").filter(user_id=connection.user_id)
    checks = [(event.kind, event.provenance[0]["sender"]) for event in events]
    assert sorted(checks) == sorted(
        (kind, word)
        for kind in ("file", "message")
        for word in ("verified", "failed", "unverified")
    )
    flows = RelationshipInstance.objects.using("owner").filter(edge_class="flow")
    assert not flows.exists()
