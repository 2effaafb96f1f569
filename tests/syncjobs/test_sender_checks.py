"""Whether a mail is from whom it says: only the provider's own word counts."""

import time

import pytest

from graph.models import RawEvent, RelationshipInstance
from syncjobs.sources.sender_checks import checked, standing
from tests.syncjobs.test_sync import box, connect, sync

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
    assert standing(checked(headers, "mx.google.com")) == word


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
