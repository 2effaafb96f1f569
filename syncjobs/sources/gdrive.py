"""Reads Google Drive for a sync: files.list at first, then changes.list, for My Drive and each
shared drive.

https://developers.google.com/workspace/drive/api/guides/manage-changes

An item's id consists of the drive and the file id ("my/…", "<drive>/…"). A file that moves between
drives is a removal in one log and a change in the other, in an unknown order.

Cursor: {account, drives: {drive: {changes, list?}}} after a sync. During one also `pages`, and
`generation` in a full sync. `list` is the page token of a first listing ("" at its start). Without
`list`, `changes` is the position in the drive's log.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from syncjobs.errors import CursorLost, Refused, Transient, Unreadable
from syncjobs.nango import Nango, unreadable
from syncjobs.sources.items import Cursor, Item, Page, clean, listed, needed, of_rfc3339, whole
from syncjobs.sources.paging import Turns, generation, owned, text_of

API = "drive/v3"
FILES = 200
MINE = "my"
FOLDER = "application/vnd.google-apps.folder"
NATIVE = "application/vnd.google-apps."
EXPORTS = {
    NATIVE + "spreadsheet": "text/csv",
    NATIVE + "document": "text/plain",
    NATIVE + "presentation": "text/plain",
}
_FILE = (
    "id,name,mimeType,modifiedTime,size,md5Checksum,sha256Checksum,version,trashed,driveId,parents,"
    "webViewLink"
)
_CHANGE = f"changeType,fileId,removed,file({_FILE})"


async def pages(nango: Nango, cursor: Cursor | None = None) -> AsyncIterator[Page]:
    """Yield the files of all drives, one drive after the other. The files of a vanished drive are
    deleted."""
    title = nango.who.title
    about = await nango.get(f"{API}/about", {"fields": "user"})
    user = about.get("user")
    account = needed(user if isinstance(user, dict) else {}, "permissionId", title)
    if cursor is None:
        cursor = {"account": account, "drives": {}, "generation": generation()}
    drives = [MINE, *await _shared(nango)]
    cursor, vanished = await _current(nango, owned(cursor, account, title), drives)
    turns = Turns(cursor, title)
    waiting = drives
    if cursor.get("generation"):  # a drive that has been listed waits for the next sync
        waiting = [drive_id for drive_id in drives if "list" in cursor["drives"][drive_id]] or [
            MINE
        ]
    for drive in waiting:
        while True:
            page, more = await _page(nango, cursor, drive, turns, vanished)
            vanished, cursor = [], page.cursor
            last = not more and drive == waiting[-1]
            yield _ended(page) if last else page
            if not more:
                break


def _ended(page: Page) -> Page:
    rest = {key: page.cursor[key] for key in ("account", "drives")}
    return Page(page.items, rest, True, page.full, page.generation, page.skipped)


async def _shared(nango: Nango) -> list[str]:
    drives: list[str] = []
    query: dict[str, str | int | bool] = {"pageSize": 100}
    turns = Turns({}, nango.who.title)
    while True:
        body = await nango.get(f"{API}/drives", query)
        drives += [clean(drive.get("id")) for drive in listed(body, "drives", nango.who.title)]
        if not (token := clean(body.get("nextPageToken"))):
            return list(dict.fromkeys(filter(None, drives)))
        turns.turn(token)
        query["pageToken"] = token


async def _current(nango: Nango, cursor: Cursor, drives: list[str]) -> tuple[Cursor, list[Item]]:
    """Adapt the cursor to the drives that exist now. Return it, and deletions of the items whose
    drive vanished. New drives are listed from their start.

    Raises CursorLost if the cursor cannot be read.
    """
    stored = cursor.get("drives")
    if not isinstance(stored, dict) or not all(
        isinstance(state, dict) for state in stored.values()
    ):
        raise CursorLost("The stored cursor cannot be read.")
    states: dict[str, dict[str, str]] = {}
    for drive in drives:
        states[drive] = stored.get(drive) or {"changes": await _start(nango, drive), "list": ""}
    vanished = [
        Item(f"{drive}/", "file", deleted=True, below=f"{drive}/")
        for drive in stored
        if drive not in states
    ]
    return {**cursor, "drives": states}, vanished


async def _start(nango: Nango, drive: str) -> str:
    body = await nango.get(f"{API}/changes/startPageToken", _scope(drive))
    return needed(body, "startPageToken", nango.who.title)


def _scope(drive: str) -> dict[str, str | int | bool]:
    if drive == MINE:
        return {"supportsAllDrives": "true"}
    return {"supportsAllDrives": "true", "includeItemsFromAllDrives": "true", "driveId": drive}


async def _page(
    nango: Nango, cursor: Cursor, drive: str, turns: Turns, vanished: list[Item]
) -> tuple[Page, bool]:
    """The next page of one drive after the items `vanished`, and whether the drive has more
    pages."""
    state = cursor["drives"][drive]
    read = _listed if "list" in state else _changed
    items, skipped, state, more = await read(nango, drive, state)
    turned = turns.turn(f"{drive} {sorted(state.items())}") if more else turns.pages
    following = {**cursor, "drives": {**cursor["drives"], drive: state}, "pages": turned}
    full = "generation" in cursor
    stamp = text_of(cursor, "generation") if full else ""
    return Page(vanished + items, following, False, full, stamp, skipped), more


Read = tuple[list[Item], int, dict[str, str], bool]


async def _listed(nango: Nango, drive: str, state: dict[str, str]) -> Read:
    query = {
        **_scope(drive),
        "corpora": "user" if drive == MINE else "drive",
        "q": "trashed = false",
        "pageSize": FILES,
        "fields": f"nextPageToken,files({_FILE})",
    }
    if state["list"]:
        query["pageToken"] = text_of(state, "list")
    body = await _get(nango, f"{API}/files", query, stale={400, 410} if state["list"] else set())
    files = listed(body, "files", nango.who.title)
    token = clean(body.get("nextPageToken"))
    following = {"changes": text_of(state, "changes")} | ({"list": token} if token else {})
    items = [item for file in files if (item := _item(drive, file))]
    return items, sum(not clean(file.get("id")) for file in files), following, bool(token)


async def _changed(nango: Nango, drive: str, state: dict[str, str]) -> Read:
    query = {
        **_scope(drive),
        "pageToken": text_of(state, "changes"),
        "pageSize": FILES,
        "includeRemoved": "true",
        "fields": f"nextPageToken,newStartPageToken,changes({_CHANGE})",
    }
    body = await _get(nango, f"{API}/changes", query, stale={400, 410})
    changes = [
        change
        for change in listed(body, "changes", nango.who.title)
        if change.get("changeType", "file") == "file"
    ]
    more = clean(body.get("nextPageToken"))
    token = more or needed(body, "newStartPageToken", nango.who.title)
    items = [item for change in changes if (item := _change(drive, change))]
    skipped = sum(not clean(change.get("fileId")) for change in changes)
    return items, skipped, {"changes": token}, bool(more)


async def _get(
    nango: Nango, path: str, query: dict[str, str | int | bool], stale: set[int]
) -> dict[str, Any]:
    try:
        return await nango.get(path, query)
    except Refused as refused:
        if refused.status in stale:
            raise CursorLost("Google Drive no longer keeps the changes since then.") from None
        if refused.status == 404 and "driveId" in query:
            raise Transient("A shared drive of Google Drive vanished during the sync.") from None
        raise


def _change(drive: str, change: dict[str, Any]) -> Item | None:
    key, file = clean(change.get("fileId")), change.get("file")
    if not key:
        return None
    if change.get("removed") is True or not isinstance(file, dict) or _elsewhere(drive, file):
        return Item(f"{drive}/{key}", "file", deleted=True)
    return _item(drive, {**file, "id": key})


def _elsewhere(drive: str, file: dict[str, Any]) -> bool:
    return file.get("trashed") is True or (clean(file.get("driveId")) or MINE) != drive


def _item(drive: str, file: dict[str, Any]) -> Item | None:
    key, mime = clean(file.get("id")), clean(file.get("mimeType"))
    if not key or mime == FOLDER:
        return None
    parents = file.get("parents")
    metadata = {
        "id": key,
        "mime": mime,
        "size": whole(file.get("size")),
        "version": clean(file.get("version")),
        "drive": drive,
        "folders": [clean(parent) for parent in parents] if isinstance(parents, list) else [],
        "link": clean(file.get("webViewLink")),
    }
    return Item(
        f"{drive}/{key}",
        "file",
        clean(file.get("name")),
        of_rfc3339(file.get("modifiedTime")),
        clean(file.get("sha256Checksum")) or clean(file.get("md5Checksum")) or None,
        metadata=metadata,
    )


async def again(nango: Nango, item: Item) -> list[Item]:
    """Return the item unchanged, as a list of one: `content` reads the current bytes in any
    case."""
    return [item]


async def content(nango: Nango, item: Item, into: Path) -> str:
    """Write the file's bytes into `into`. A Google document is written as text, a sheet as CSV (its
    first sheet). Returns "", because a file has no media type."""
    path = f"{API}/files/{quote(item.external_id.partition('/')[2], safe='')}"
    mime = str(item.metadata.get("mime", ""))
    query: dict[str, str | int | bool] = {"alt": "media", "supportsAllDrives": "true"}
    if mime.startswith(NATIVE):
        if mime not in EXPORTS:
            raise Unreadable(f"Google Drive cannot write {item.name!r} as text.")
        path, query = f"{path}/export", {"mimeType": EXPORTS[mime]}
    try:
        await nango.save(path, into, query)
    except Refused as refused:
        raise unreadable(refused, repr(item.name), nango.who) from None
    return ""
