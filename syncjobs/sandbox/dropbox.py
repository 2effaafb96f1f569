"""Simulates Dropbox's API as far as a sync uses it. A cursor contains its meaning as plain text."""

import hashlib
import json
from typing import Any

from syncjobs.sandbox.account_contents import Account, Change, Thing, path_of
from syncjobs.sandbox.fault_script import Look
from syncjobs.sandbox.http_messages import NOT_FOUND, Answer, Request, of_dropbox, of_json

BLOCK = 4 * 1024 * 1024
CONTENT = "https://content.dropboxapi.com"


def answer(account: Account, request: Request, look: Look) -> Answer:
    match request.path:
        case "2/users/get_current_account":
            return of_json({"account_id": f"dbid:{account.identity}"})
        case "2/files/list_folder":
            size = int(request.json().get("limit", 500))
            return _listing(account, look, account.serial, "", size=size, token=None)
        case "2/files/list_folder/continue":
            return _continued(account, request, look)
        case "2/files/download" if request.headers.get("base-url-override") == CONTENT:
            return _download(account, request)
    return NOT_FOUND["dropbox"]


def requested_item(path: str) -> str | None:
    return None


def truth(account: Account) -> dict[str, dict[str, Any]]:
    return {
        path_of(thing).lower(): {
            "kind": "file",
            "name": thing.name,
            "sha256": hashlib.sha256(thing.data).hexdigest(),
            "content_hash": _content_hash(thing.data),
        }
        for thing in account.things.values()
    }


def _continued(account: Account, request: Request, look: Look) -> Answer:
    token = str(request.json().get("cursor"))
    kind, serial, place, size = (*token.split("~")[1:], "", "", "", "")[:4]
    if not serial.isdigit() or not size.isdigit() or int(serial) < account.floor:
        return of_dropbox("reset")
    if kind == "listing":
        return _listing(account, look, int(serial), place, size=int(size), token=token)
    return _changes(account, look, int(serial), int(size), token)


def _listing(
    account: Account, look: Look, serial: int, after: str, *, size: int, token: str | None
) -> Answer:
    """A page of list_folder: at most `size` files whose paths follow `after`, in the order of their
    paths.

    The cursor of the last page continues with the log from the position `serial`, at which the
    listing began.
    """
    things = sorted(account.things.values(), key=lambda thing: path_of(thing).lower())
    rest = [thing for thing in things if path_of(thing).lower() > after]
    page, more = look.cut(rest, size)
    place = path_of(page[-1]).lower() if page else after
    kind = f"listing~{serial}~{place}" if more else f"log~{serial}~"
    entries = [_entry(thing) for thing in page]
    if not after:
        entries = [_folder(thing) for thing in sorted({thing.folder for thing in things})] + entries
    return _page(entries, f"{look.nonce}~{kind}~{size}", more, look, token)


def _changes(account: Account, look: Look, serial: int, size: int, token: str) -> Answer:
    log = [item for item in account.log if item.serial > serial]
    page, more = look.cut(log, size)
    reached = page[-1].serial if page else serial
    now = {path_of(item).lower(): item for item in account.things.values()}
    entries = [_changed(item, now) for item in page]
    return _page(entries, f"{look.nonce}~log~{reached}~~{size}", more, look, token)


def _page(
    entries: list[dict[str, Any]], cursor: str, more: bool, look: Look, token: str | None
) -> Answer:
    nameless = [{".tag": "file", "name": "nowhere"}] if look.no_id else []
    body = {"entries": entries + nameless, "cursor": look.token(cursor, token), "has_more": more}
    return of_json(body)


def _changed(change: Change, now: dict[str, Thing]) -> dict[str, Any]:
    """The entry of list_folder/continue for a change in the log. It shows the path as it is now:
    the current file, or a deletion if there is none."""
    if change.what == "folder deleted":
        path = f"/{change.thing.name}"
        return {".tag": "deleted", "name": path.rsplit("/", 1)[-1], "path_lower": path.lower()}
    path = path_of(change.thing)
    if path.lower() in now:
        return _entry(now[path.lower()])
    return {".tag": "deleted", "name": change.thing.name, "path_lower": path.lower()}


def _entry(thing: Thing) -> dict[str, Any]:
    return {
        ".tag": "file",
        "name": thing.name,
        "id": f"id:{thing.key}",
        "path_lower": path_of(thing).lower(),
        "path_display": path_of(thing),
        "server_modified": f"{thing.at:%Y-%m-%dT%H:%M:%SZ}",
        "rev": f"{thing.key}{thing.version}",
        "size": len(thing.data),
        "content_hash": _content_hash(thing.data),
    }


def _folder(name: str) -> dict[str, Any]:
    path = f"/{name}"
    return {".tag": "folder", "name": name, "id": f"id:{name}", "path_lower": path.lower()}


def _content_hash(data: bytes) -> str:
    """Dropbox's content_hash of the data
    (https://www.dropbox.com/developers/reference/content-hash)."""
    blocks = (data[at : at + BLOCK] for at in range(0, len(data), BLOCK))
    return hashlib.sha256(b"".join(hashlib.sha256(block).digest() for block in blocks)).hexdigest()


def _download(account: Account, request: Request) -> Answer:
    try:
        path = json.loads(request.headers.get("dropbox-api-arg", ""))["path"]
    except (ValueError, KeyError, TypeError):
        return Answer(400, b"Error in call to API function", {"content-type": "text/plain"})
    for thing in account.things.values():
        if path in {f"id:{thing.key}", path_of(thing).lower()}:
            return Answer(200, thing.data, {"content-type": "application/octet-stream"})
    return of_dropbox("path/not_found")
