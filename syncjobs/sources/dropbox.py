"""Reads Dropbox for a sync: list_folder lists everything, and list_folder/continue what changed
since.

https://www.dropbox.com/developers/documentation/http/documentation#files-list_folder

An item's id is its lower-case path, as Dropbox has it, because Dropbox names a deleted item by its
path only. Deleting a folder deletes everything below it. A file that moves is a deletion and a new
file with the same `id`.

Cursor: {account, cursor} after a sync. During one also `pages`, and `generation` in a full sync.
"""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from syncjobs.errors import CursorLost, Refused
from syncjobs.nango import Nango, unreadable
from syncjobs.sources.items import Cursor, Item, Page, clean, listed, needed, of_rfc3339, whole
from syncjobs.sources.paging import Turns, generation, owned, text_of

ENTRIES = 500
CONTENT = "https://content.dropboxapi.com"


async def pages(nango: Nango, cursor: Cursor | None = None) -> AsyncIterator[Page]:
    """Yield pages of files. A page may be empty and still have a new cursor."""
    title = nango.who.title
    account = needed(await nango.post("2/users/get_current_account"), "account_id", title)
    cursor = {"account": account, "generation": generation()} if cursor is None else cursor
    owned(cursor, account, title)
    turns = Turns(cursor, title)
    while True:
        page = await _page(nango, cursor, turns)
        yield page
        if page.last:
            return
        cursor = page.cursor


async def _page(nango: Nango, cursor: Cursor, turns: Turns) -> Page:
    title = nango.who.title
    body = await (_begun(nango) if set(cursor) == {"account", "generation"} else _on(nango, cursor))
    token = needed(body, "cursor", title)
    last = body.get("has_more") is not True
    full = "generation" in cursor
    following: Cursor = {"account": cursor["account"], "cursor": token}
    if not last:
        following |= {"pages": turns.turn(token)}
        following |= {"generation": cursor["generation"]} if full else {}
    entries = listed(body, "entries", title)
    return Page(
        [item for entry in entries for item in _items(entry, full)],
        following,
        last=last,
        full=full,
        generation=text_of(cursor, "generation") if full else "",
        skipped=sum(not clean(entry.get("path_lower")) for entry in entries),
    )


async def _begun(nango: Nango) -> dict[str, Any]:
    return await nango.post(
        "2/files/list_folder",
        {"path": "", "recursive": True, "include_deleted": False, "limit": ENTRIES},
    )


async def _on(nango: Nango, cursor: Cursor) -> dict[str, Any]:
    try:
        return await nango.post(
            "2/files/list_folder/continue", {"cursor": text_of(cursor, "cursor")}
        )
    except Refused as refused:
        if refused.status == 409 and refused.reason.startswith(("reset", "path/")):
            raise CursorLost("Dropbox has reset the cursor of the last sync.") from None
        raise


def _items(entry: dict[str, Any], full: bool) -> Iterator[Item]:
    path, tag = clean(entry.get("path_lower")), entry.get(".tag")
    if not path:
        return
    if tag == "file":
        yield _file(path, entry)
    elif tag == "deleted":
        yield Item(path, "file", clean(entry.get("name")), deleted=True, below=f"{path}/")
    elif tag == "folder" and not full:  # replaces a file with its path, keeps what is below it
        yield Item(path, "file", clean(entry.get("name")), deleted=True)


def _file(path: str, entry: dict[str, Any]) -> Item:
    metadata = {
        "id": clean(entry.get("id")),
        "path": clean(entry.get("path_display")) or path,
        "rev": clean(entry.get("rev")),
        "size": whole(entry.get("size")),
    }
    return Item(
        path,
        "file",
        clean(entry.get("name")),
        of_rfc3339(entry.get("server_modified")),
        clean(entry.get("content_hash")) or None,
        metadata=metadata,
        below=f"{path}/",
    )


async def again(nango: Nango, item: Item) -> list[Item]:
    """Return the item unchanged, as a list of one: `content` reads the current bytes in any
    case."""
    return [item]


async def content(nango: Nango, item: Item, into: Path) -> str:
    """Write the current bytes of the file into the file `into`. Returns "", because a file has no
    media type."""
    argument = json.dumps({"path": item.metadata.get("id") or item.external_id})
    try:
        await nango.save(
            "2/files/download",
            into,
            method="POST",
            headers={"Dropbox-API-Arg": argument.replace("\x7f", "\\u007f")},
            base=CONTENT,
        )
    except Refused as refused:
        raise unreadable(refused, repr(item.name), nango.who) from None
    return ""
