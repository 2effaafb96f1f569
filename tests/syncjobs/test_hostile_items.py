"""What strangers send: one item never ends a sync, and others do not wait for it."""

import base64
import gzip
import io
import zipfile
from functools import partial

import pytest
from django.db import connections

from syncjobs import reread_items
from syncjobs import sync as sync_module
from syncjobs.models import ExternalItem, SyncConnection
from syncjobs.nango import Limits
from syncjobs.sources.items import clean
from tests.syncjobs.burst import work
from tests.syncjobs.test_sync import LEDGER, box, connect, stored, sync

__all__ = ["box"]
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")


def packed(data: bytes) -> str:
    return base64.b64encode(data).decode()


def nested(depth: int) -> bytes:
    """An RFC 5322 mail of multiparts within multiparts, 53 kB for 1,000."""
    parts = "".join(
        f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(depth)
    )
    return (
        f"Subject: deep\r\nMIME-Version: 1.0\r\n{parts}Content-Type: text/plain\r\n\r\nx".encode()
    )


def bomb(megabytes: int) -> bytes:
    out = io.BytesIO()
    with gzip.open(out, "wb", 9) as file:
        file.write(LEDGER.encode())
        for _ in range(megabytes):
            file.write(b"0" * 2**20)
    return out.getvalue()


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for number in range(2_000):
            file.writestr(f"{number}/" * 20 + "a.csv", "0" * 1000)
    return out.getvalue()


LONG = "\N{SNOWMAN}" * 90 + ".csv"  # 94 characters, 274 bytes
ATTACHED = {
    "a long name": (LONG, LEDGER.encode()),
    "a name of dots": ("..csv/../..//.csv", b"a,b\n1,2\n"),
    "a name of controls": ("a\x00\x01\r\n.csv", b"a,b\n1,2\n"),
    "nested multiparts": ("deep.eml", nested(1_000)),
    "a bomb": ("bomb.csv.gz", bomb(8)),
    "a truncated bomb": ("cut.csv.gz", bomb(2)[:-5]),
    "a broken PDF": ("broken.pdf", b"%PDF-1.7\n1 0 obj<</Kids[1 0 R]/Type/Pages>>" + b"[" * 9_999),
    "an archive by another name": ("archive.csv", archive()),
    "one line": ("line.csv", b"a," * 100_000),
    "quotes": ("quotes.csv", b'a,b\n"' + b'""' * 500_000),
    "tags": ("tags.html", b"<a " * 300_000),
    "bad bytes": ("bytes.txt", bytes(range(256)) * 999),
}


@pytest.fixture
def small_limits(settings):
    settings.PARSERS = {**settings.PARSERS, "unpacked_mb": 4}


@pytest.mark.parametrize("name", ATTACHED)
def test_an_attachment_does_not_end_a_sync(box, small_limits, name):
    file, data = ATTACHED[name]
    hostile = {"subject": "Invoice", "attachments": [{"name": file, "base64": packed(data)}]}
    good = {"subject": "Lunch", "attachments": [{"name": "ledger.csv", "text": LEDGER}]}
    connection = connect(box, "gmail", size=0, put=[good, hostile])
    run = sync(connection)
    assert (run.status, run.tries) == ("succeeded", 1), run.error
    assert stored(connection) == set(box.truth(connection.nango_connection_id))
    assert run.progress["ledgers"] >= 1
    unread = ExternalItem.objects.using("owner").filter(used_as="unreadable")
    assert all(unread.values_list("note", flat=True))


def test_what_is_read_at_dropbox_does_not_end_a_sync_either(box, small_limits):
    things = [{"name": f"{n}-{file[-40:]}", "base64": packed(data)}
           for n, (file, data) in enumerate(ATTACHED.values()) if "/" not in file]  # fmt: skip
    connection = connect(box, "dropbox", size=2, put=things)
    run = sync(connection)
    assert (run.status, run.tries) == ("succeeded", 1), run.error
    assert stored(connection) == set(map(clean, box.truth(connection.nango_connection_id)))


def noted(connection: SyncConnection, like: str) -> ExternalItem:
    return ExternalItem.objects.using("owner").get(
        connection=connection.pk, name__contains=like, used_as__in=["unreadable", "quarantined"]
    )


def test_a_bomb_says_what_it_is(box, small_limits):
    things = [{"name": "bomb.csv.gz", "base64": packed(bomb(8))}]
    connection = connect(box, "gdrive", size=0, put=things)
    sync(connection)
    item = noted(connection, "bomb")
    assert "unpacks to more than 4 MiB" in item.note
    assert (item.used_as, item.failures) == ("unreadable", 0)


def test_a_parser_that_takes_too_long_is_ended_and_the_item_quarantined(box, settings):
    settings.PARSERS = {**settings.PARSERS, "ledger_seconds": 0.2, "unpacked_mb": 2_000}
    rows = LEDGER.splitlines()[1].encode() + b"\n"
    data = gzip.compress(LEDGER.encode() + rows * 400_000)
    things = [
        {"name": "slow.csv.gz", "base64": packed(data)},
        {"name": "ledger.csv", "text": LEDGER},
    ]
    connection = connect(box, "dropbox", size=0, put=things)
    for failures in (1, 2, 3):
        run = sync(connection)
        assert run.status == "succeeded", run.error
        item = noted(connection, "slow")
        assert item.failures == failures
        assert "processor time" in item.note
    assert item.used_as == "quarantined"
    sync(connection)
    assert noted(connection, "slow").failures == 3  # a quarantined one is not tried again


def test_a_row_that_the_database_refuses_is_its_item_s(box):
    """Whatever constraint it is: here one of the test's own."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "ALTER TABLE external_items ADD CONSTRAINT no_poison "
            "CHECK (name NOT LIKE 'poison%' OR used_as = 'unreadable')"
        )
    try:
        things = [{"name": name, "text": LEDGER} for name in ("a.csv", "poison.csv", "z.csv")]
        connection = connect(box, "dropbox", size=3, put=things)
        run = sync(connection)
        assert run.status == "succeeded", run.error
        assert stored(connection) == set(box.truth(connection.nango_connection_id))
        assert "no_poison" in noted(connection, "poison").note
        assert run.progress["ledgers"] == 5
    finally:
        with connections["owner"].cursor() as cursor:
            cursor.execute("ALTER TABLE external_items DROP CONSTRAINT no_poison")


def test_a_message_that_the_provider_cannot_send_is_set_aside_at_the_last_try(box):
    connection = connect(box, "gmail", size=6)
    victim = next(key for key in box.truth(connection.nango_connection_id) if ":" not in key)
    script = [{"do": "503", "on": f"messages/{victim}", "times": None}]
    box.control(connection.nango_connection_id, script=script)
    run = sync(connection)
    assert (run.status, run.tries) == ("succeeded", 5), run.error
    item = ExternalItem.objects.using("owner").get(external_id=victim)
    assert (item.used_as, item.failures) == ("unreadable", 1)
    box.control(connection.nango_connection_id, script=[])
    assert sync(connection).status == "succeeded"
    item.refresh_from_db()
    assert (item.used_as in {"event", "nothing"}, item.failures) == (True, 0)
    assert stored(connection) == set(box.truth(connection.nango_connection_id))


def test_a_message_longer_than_any_answer_is_set_aside(box, monkeypatch):
    monkeypatch.setattr(sync_module, "Limits", partial(Limits, most_bytes=300_000))
    long = {"subject": "Long", "text": "x" * 400_000, "attachments": []}
    connection = connect(box, "gmail", size=3, put=[long])
    run = sync(connection)
    assert (run.status, run.tries) == ("succeeded", 1), run.error
    assert stored(connection) == set(box.truth(connection.nango_connection_id))
    assert ExternalItem.objects.using("owner").filter(note__contains="sent more than").count() == 1


def test_a_quarantined_item_is_read_again_by_itself(box):
    connection = connect(box, "dropbox", size=0, put=[{"name": "a.csv", "text": LEDGER}])
    sync(connection)
    item = ExternalItem.objects.using("owner").get(connection=connection.pk)
    rows = ExternalItem.objects.using("owner").filter(pk=item.pk)
    rows.update(used_as="quarantined", failures=3, note="It cannot be read.")
    assert reread_items.read_again([item.pk]) == (1, 1)
    work()
    item.refresh_from_db()
    assert (item.used_as, item.failures, item.revision) == ("ledger", 0, 1)
