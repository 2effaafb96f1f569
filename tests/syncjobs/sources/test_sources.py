"""Each source against the sandbox: what it yields is what is there, whatever goes wrong."""

import asyncio
from dataclasses import replace

import pytest

from syncjobs.errors import CursorLost, Permanent, Transient, Unreadable
from syncjobs.sources import SOURCES, paging
from tests.syncjobs.saving import (
    Killed,
    nango,
)
from tests.syncjobs.sources.connected import DELETES, Connected, every_provider


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


def test_a_first_sync_never_loses_a_cursor_it_has_not(box):
    there = Connected(box, "gmail", size=3, script=[{"do": "404"}])
    with pytest.raises(Permanent) as raised:
        there.sync()
    assert not isinstance(raised.value, CursorLost)
