"""Each source against the sandbox: what it yields is what is there, whatever goes wrong."""

import asyncio
import itertools
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.ingest.documents.html_text import of_html
from syncjobs.errors import CursorLost, Permanent, Transient, Unreadable
from syncjobs.sandbox.server import Sandbox
from syncjobs.sources import SOURCES, dropbox, gdrive, gmail, paging, zoho_mail
from syncjobs.sources.items import Item, clean, of_rfc3339, settled
from tests.syncjobs.saving import (
    PROVIDERS,
    Killed,
    Store,
    client,
    content_of,
    found,
    nango,
    sync,
)

DELETES = ("gmail", "dropbox", "gdrive")  # Zoho's deletions show in a full sync only
_NUMBERS = itertools.count(1)
every_provider = pytest.mark.parametrize("provider", PROVIDERS)


@pytest.fixture(scope="module", autouse=True)
def small_pages():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gmail, "MESSAGES", 4)
        patch.setattr(dropbox, "ENTRIES", 4)
        patch.setattr(gdrive, "FILES", 4)
        patch.setattr(zoho_mail, "ROWS", 6)
        patch.setattr(zoho_mail, "LAP", 2)
        patch.setattr(zoho_mail, "SLICE", 3)
        yield


@pytest.fixture(scope="module")
def box():
    with Sandbox() as sandbox:
        yield sandbox


class Connected:
    """A new connection of the sandbox, and what was synced from it."""

    def __init__(self, box: Sandbox, provider: str, **options: Any) -> None:
        self.box, self.provider = box, provider
        self.key = options.pop("key", "") or f"{provider}-{next(_NUMBERS)}"
        self.store = Store()
        self.control(provider=provider, **options)

    def control(self, **options: Any) -> None:
        self.box.control(self.key, **options)

    def sync(self, **how: Any) -> None:
        async def once() -> None:
            async with client() as http:
                await sync(nango(self.box, self.provider, self.key, http), self.store, **how)

        asyncio.run(once())

    def full_sync(self) -> None:
        self.store.cursor = None
        self.sync()

    def content(self, item: Item) -> bytes:
        async def once() -> bytes:
            async with client() as http:
                nango_ = nango(self.box, self.provider, self.key, http)
                return await content_of(SOURCES[self.provider], nango_, item)

        return asyncio.run(once())

    def is_true(self) -> bool:
        async def once() -> dict[str, Any]:
            async with client() as http:
                return await found(nango(self.box, self.provider, self.key, http), self.store)

        assert asyncio.run(once()) == self.box.truth(self.key)
        return True

    def has_all(self) -> bool:
        return self.store.items.keys() >= self.box.truth(self.key).keys()


@every_provider
def test_a_first_sync_finds_everything(box, provider):
    there = Connected(box, provider, size=25, drives=2 * (provider == "gdrive"))
    there.sync()
    assert len(there.store.pages) > 4
    assert all(page.full and page.generation for page in there.store.pages)
    assert [page.last for page in there.store.pages].count(True) == 1
    assert there.is_true()


@every_provider
def test_an_empty_account(box, provider):
    there = Connected(box, provider, size=0)
    there.sync()
    assert there.is_true()
    there.control(add=3)
    there.sync()
    assert there.is_true()


@every_provider
def test_what_was_added_and_changed_since(box, provider):
    there = Connected(box, provider, size=15)
    there.sync()
    there.control(add=9, change=0 if provider == "zoho_mail" else 6)
    before = len(there.store.pages)
    there.sync()
    assert not any(page.full for page in there.store.pages[before:])
    assert there.is_true()


@pytest.mark.parametrize("provider", DELETES)
def test_what_was_deleted_since(box, provider):
    there = Connected(box, provider, size=15, drives=provider == "gdrive")
    there.sync()
    there.control(add=2, delete=7, change=3)
    there.sync()
    assert there.is_true()


def test_zoho_sees_deletions_in_a_full_sync_only(box):
    there = Connected(box, "zoho_mail", size=15)
    there.sync()
    there.control(delete=4)
    there.sync()
    assert there.has_all()
    assert len(there.store.items) > len(box.truth(there.key))
    there.full_sync()
    assert there.is_true()


@pytest.mark.parametrize("provider", DELETES)
@pytest.mark.parametrize("status", [410, 400])
def test_a_lost_cursor_means_a_full_sync(box, provider, status):
    there = Connected(box, provider, size=15)
    there.sync()
    there.control(expire=True, status=status, delete=5, add=3)
    with pytest.raises(AssertionError, match="out of tries"):
        there.sync()
    assert there.store.cursor is None
    there.sync()
    assert there.is_true()


@every_provider
def test_killed_after_every_page_it_goes_on_where_it_was(box, provider):
    there = Connected(box, provider, size=20)
    for _ in range(2):
        for _ in range(100):
            try:
                there.sync(kill_after=1)
            except Killed:
                continue
            break
        assert there.is_true()
        there.control(add=14)
    requests = box.control(there.key)["requests"]
    there.sync()
    assert box.control(there.key)["requests"] > requests
    assert there.is_true()


@every_provider
def test_a_cursor_of_another_account_is_not_used(box, provider):
    there = Connected(box, provider, size=5)
    there.sync()
    there.control(owner="0123456789ab@example.org")
    with pytest.raises(AssertionError, match="out of tries"):
        there.sync()
    assert there.store.cursor is None


@every_provider
@pytest.mark.parametrize("rest", [{}, {"history": 1, "cursor": [], "drives": 3, "high": "x"}])
def test_a_cursor_that_we_did_not_write(box, provider, rest):
    there = Connected(box, provider, size=5)
    there.sync()
    there.store.cursor = {"account": there.store.cursor["account"], **rest}
    there.sync(tries=2)
    assert there.is_true()


@every_provider
def test_pages_without_end_stop(box, provider, monkeypatch):
    monkeypatch.setattr(paging, "MOST_PAGES", 10)
    there = Connected(box, provider, size=8, script=[{"do": "endless", "times": None}])
    with pytest.raises(Permanent, match=r"endless|never end"):
        there.sync()
    cursor = there.store.cursor
    with pytest.raises(Permanent):
        there.sync()  # a new try does not count from 0
    assert there.store.cursor == cursor or provider == "zoho_mail"


@every_provider
def test_a_cursor_that_repeats_itself_stops(box, provider):
    there = Connected(box, provider, size=8, script=[{"do": "same_cursor", "times": None}])
    with pytest.raises(Permanent, match="same cursor twice"):
        there.sync()


@every_provider
def test_an_item_without_an_id_is_counted(box, provider):
    there = Connected(box, provider, size=8, script=[{"do": "no_id", "times": None}])
    there.sync()
    assert sum(page.skipped for page in there.store.pages) >= 1
    assert there.is_true()
    there.control(add=2)
    there.sync()
    assert there.store.pages[-1].skipped >= 1
    assert there.is_true()


@pytest.mark.parametrize("provider", DELETES)
def test_empty_pages_are_pages(box, provider):
    there = Connected(box, provider, size=9, script=[{"do": "empty_page", "at": 2, "times": 4}])
    there.sync()
    assert any(not page.items and not page.last for page in there.store.pages)
    there.control(add=5, script=[{"do": "empty_page", "at": 2, "times": 2}])
    there.sync()
    assert there.is_true()


@every_provider
def test_a_limit_is_passed_on_with_its_seconds(box, provider):
    there = Connected(box, provider, script=[{"do": "429", "at": 3, "retry_after": 8}])

    async def once() -> None:
        async with nango(box, provider, there.key) as nango_:
            async for page in SOURCES[provider].pages(nango_, None):
                there.store.save(page)

    with pytest.raises(Transient) as raised:
        asyncio.run(once())
    assert raised.value.after == 8
    there.sync()
    assert there.is_true()


@every_provider
@pytest.mark.parametrize("do", ["401", "424_exhausted"])
def test_a_revoked_token_ends_it_with_what_to_do(box, provider, do):
    there = Connected(box, provider, script=[{"do": do, "at": 2}])
    with pytest.raises(Permanent, match=r"Connect .* again, then replay") as raised:
        there.sync()
    assert raised.value.reauthorise
    there.control(state="alive")
    there.sync()
    assert there.is_true()


@pytest.mark.parametrize("at", [1, 2, 3])
def test_zoho_refuses_under_http_200(box, at):
    there = Connected(box, "zoho_mail", size=20, script=[{"do": "200_access_denied", "at": at}])
    with pytest.raises(Permanent, match="Connect Zoho Mail again") as raised:
        there.sync()
    assert raised.value.reauthorise


def test_zoho_refuses_an_attachment_under_http_200(box):
    mail = {"attachments": [{"name": "a.txt", "text": "Access Denied"}]}
    there = Connected(box, "zoho_mail", size=0, put=[mail])
    there.sync()
    attachment = next(item for item in there.store.items.values() if item.kind == "attachment")
    assert there.content(attachment) == b"Access Denied"
    there.control(script=[{"do": "200_access_denied"}])
    with pytest.raises(Permanent, match="Connect Zoho Mail again"):
        there.content(attachment)


def test_zoho_writes_addresses_as_html_and_nothing_as_words(box):
    mail = {"from": '"Alder & Finch" <a@b.example>', "cc": "", "subject": "Access Denied <now>"}
    there = Connected(box, "zoho_mail", size=0, put=[mail | {"attachments": []}])
    there.sync()
    (item,) = there.store.items.values()
    assert item.metadata["from"] == '"Alder & Finch" <a@b.example>'
    assert item.metadata["cc"] == ""
    assert item.name == "Access Denied <now>"


def test_a_date_to_come_does_not_hide_what_follows(box):
    there = Connected(box, "zoho_mail", size=4, put=[{"at": "2999-01-01T00:00:00+00:00"}])
    there.sync()
    there.control(put=[{"at": "2999-01-01T00:00:00+00:00"}], add=0)
    there.sync()
    assert there.is_true()
    assert there.store.cursor["high"] < 2_000_000_000_000


def test_mail_of_one_moment_is_told_apart(box):
    mails = [{"at": "2026-01-05T09:00:00+00:00"}] * 30
    there = Connected(box, "zoho_mail", size=3, put=mails)
    there.sync()
    assert there.is_true()


@pytest.mark.parametrize("at", [3, 4, 5, 6, 7, 8])
def test_deletions_between_zohos_pages_hide_nothing(box, at):
    there = Connected(box, "zoho_mail", size=40)
    there.control(script=[{"do": "deleted", "at": at, "count": 9, "on": "view"}])
    there.sync()
    assert there.has_all()


def test_gmail_finds_an_attachment_whose_id_has_changed(box):
    mails = [
        {"attachments": [{"name": "a.csv", "text": "x" * 999}, {"name": "b.txt", "text": "y"}]}
    ]
    there = Connected(box, "gmail", size=0, put=mails)
    there.sync()
    keys = sorted(there.store.items)
    there.full_sync()
    assert keys == sorted(there.store.items)
    attachments = [item for item in there.store.items.values() if item.kind == "attachment"]
    assert sorted(map(there.content, attachments)) == [b"x" * 999, b"y"]


def test_dropbox_deletes_a_folder_with_all_in_it(box):
    there = Connected(box, "dropbox", size=12)
    there.sync()
    there.control(delete_folder="Finance")
    there.control(put=[{"name": "new.csv", "folder": "Finance"}])
    there.sync()
    assert "/finance/new.csv" in there.store.items
    assert there.is_true()


def test_a_file_of_drive_moves_between_drives(box):
    there = Connected(box, "gdrive", size=8, drives=2)
    there.sync()
    keys = [key.split("/") for key in sorted(there.store.items)]
    there.control(move={keys[0][1]: "drive2", keys[-1][1]: ""})
    there.sync()
    assert there.is_true()


def test_shared_drives_come_and_go(box):
    there = Connected(box, "gdrive", size=12, drives=2)
    there.sync()
    assert any(key.startswith("drive1/") for key in there.store.items)
    there.control(keep_drives=["drive2", "drive3"], put=[{"name": "n.csv", "drive": "drive3"}])
    there.sync()
    assert not there.store.pages[-1].full
    assert there.is_true()


def test_a_google_sheet_is_read_as_csv(box):
    there = Connected(box, "gdrive", size=0, put=[{"name": "books.gsheet", "text": "a,b\n"}])
    there.sync()
    assert there.is_true()
    (item,) = there.store.items.values()
    form = replace(item, metadata={"mime": "application/vnd.google-apps.form"})
    with pytest.raises(Unreadable, match="as text"):
        there.content(form)


@every_provider
def test_what_is_gone_has_no_bytes(box, provider):
    there = Connected(box, provider, size=6)
    there.sync()
    there.control(delete=6)
    for item in there.store.items.values():
        with pytest.raises(Unreadable, match="has no bytes"):
            there.content(replace(item, text=None))


@every_provider
def test_one_file_that_is_not_allowed_is_no_end(box, provider):
    there = Connected(box, provider, size=3)
    there.sync()
    item = replace(next(iter(there.store.items.values())), text=None)
    there.control(script=[{"do": "403_forbidden"}])
    with pytest.raises((Unreadable, Permanent)) as raised:
        there.content(item)
    assert not raised.value.reauthorise


TROUBLES = [
    *({"do": do} for do in ("429", "plain_text_429", "429_nango", "424_backoff", "500", "503")),
    *({"do": do} for do in ("wrong_json", "wrong_shape", "reset_mid_body", "400_server_error")),
    *({"do": do} for do in ("cursor_expired", "empty_page", "403_rate", "no_id")),
    *({"do": do, "count": 2} for do in ("deleted", "added", "changed")),
    {"do": "stall", "seconds": 0.01},
]
behaviours = st.builds(
    lambda trouble, at: trouble | {"at": at}, st.sampled_from(TROUBLES), st.integers(1, 25)
)
steps = st.one_of(
    st.fixed_dictionaries({"script": st.lists(behaviours, max_size=4)}),
    st.fixed_dictionaries({"add": st.integers(1, 12)}),
    st.fixed_dictionaries({"change": st.integers(1, 5)}),
    st.fixed_dictionaries({"delete": st.integers(1, 12)}),
    st.fixed_dictionaries({"expire": st.just(True), "status": st.sampled_from([400, 410])}),
    st.fixed_dictionaries({"kill_after": st.integers(0, 4)}),
)


@every_provider
@given(data=st.data())
@settings(max_examples=settings().max_examples // 4)
def test_whatever_goes_wrong_the_end_is_the_truth(box, provider, data):
    size, drives = data.draw(st.integers(0, 20)), data.draw(st.integers(0, 2))
    there = Connected(box, provider, key=f"{provider}-fuzz", reset=True, size=size, drives=drives)
    for step in data.draw(st.lists(steps, max_size=8)):
        if "kill_after" not in step:
            there.control(**step)
            continue
        try:
            there.sync(tries=30, **step)
        except Killed:
            continue
    there.control(script=[])
    there.sync(tries=2)  # the rest of one that was killed
    there.sync(tries=2)
    assert there.has_all()
    if provider not in DELETES:
        there.full_sync()
    assert there.is_true()


ids = st.text("ab/", max_size=4)
items = st.builds(
    Item,
    ids,
    st.just("file"),
    st.text("xyz", max_size=1),
    deleted=st.booleans(),
    below=st.one_of(st.none(), ids),
)


@given(st.lists(items, max_size=12), st.lists(items, max_size=6))
def test_settled_equals_taking_items_in_order(page, stored):
    before = {entry.external_id: entry for entry in stored}
    slow = dict(before)
    for item in page:
        if item.below is not None:
            slow = {key: entry for key, entry in slow.items() if not key.startswith(item.below)}
        slow.pop(item.external_id, None)
        if not item.deleted:
            slow[item.external_id] = item
    effects = settled(page)
    below = tuple(effects.gone_below)
    quick = {
        key: entry
        for key, entry in before.items()
        if key not in effects.gone and not key.startswith(below)
    }
    assert quick | effects.upserts == slow


@pytest.mark.parametrize(
    "page",
    [
        [Item(f"/f{n}", "file", deleted=True, below=f"/f{n}/") for n in range(100_000)],
        [Item(f"/f{n}", "file", below=f"/f{n}/") for n in range(100_000)],
        [Item("a" * n, "file", below="a" * n) for n in range(1, 2_000)] * 20,
    ],
    ids=["deleted folders", "files that replace folders", "prefixes of prefixes"],
)
def test_a_page_of_100_000_entries_is_settled_in_seconds(page):
    start = time.process_time()
    settled(page)
    assert (
        time.process_time() - start < 5
    )  # 14 minutes were not enough when each entry was compared


def test_text_that_postgresql_refuses_is_mended():
    assert clean("a\x00b\ud800c") == "a\ufffdb\ufffdc"
    assert (clean(None), clean(5), clean(True), clean([])) == ("", "5", "", "")


def test_html_is_read_as_its_text():
    page = (
        "<head><title>x</title></head><p>Total:&nbsp;<b>5 &lt; 6</b><br>EUR</p><script>y</script>"
    )
    assert of_html(page) == "Total: 5 < 6\nEUR"


def test_moments_without_a_zone_are_utc():
    assert of_rfc3339("2026-01-01T00:00:00").utcoffset().total_seconds() == 0
    assert (of_rfc3339("yesterday"), of_rfc3339(5)) == (None, None)


def test_a_first_sync_never_loses_a_cursor_it_has_not(box):
    there = Connected(box, "gmail", size=3, script=[{"do": "404"}])
    with pytest.raises(Permanent) as raised:
        there.sync()
    assert not isinstance(raised.value, CursorLost)
