"""Simulates Google Drive's API as far as a sync uses it."""

import hashlib
from typing import Any

from syncjobs.sandbox.account_contents import Account, Change, Thing
from syncjobs.sandbox.fault_script import Look
from syncjobs.sandbox.http_messages import NOT_FOUND, Answer, Request, of_google, of_json

PREFIX = "drive/v3/"
SHEET = "application/vnd.google-apps.spreadsheet"


def answer(account: Account, request: Request, look: Look) -> Answer:
    match request.path.removeprefix(PREFIX).split("/"):
        case ["files"]:
            return _files(account, request, look)
        case ["changes"]:
            return _changes(account, request, look)
        case ["files", key, *rest] if key in account.things:
            return _media(account.things[key], request, rest == ["export"])
        case parts:
            return _about(account, parts)


def _about(account: Account, parts: list[str]) -> Answer:
    match parts:
        case ["about"]:
            return of_json({"user": {"permissionId": account.identity}})
        case ["drives"]:
            return of_json({"drives": [{"id": drive, "name": drive} for drive in account.drives]})
        case ["changes", "startPageToken"]:
            return of_json({"startPageToken": str(account.serial)})
    return NOT_FOUND["gdrive"]


def requested_item(path: str) -> str | None:
    """The id of the item that the path names; None if it names none."""
    parts = path.removeprefix(PREFIX).split("/")
    return parts[1] if parts[0] == "files" and len(parts) > 1 else None


def truth(account: Account) -> dict[str, dict[str, Any]]:
    return {
        f"{thing.drive or 'my'}/{thing.key}": {
            "kind": "file",
            "name": thing.name,
            "sha256": hashlib.sha256(thing.data).hexdigest(),
        }
        for thing in account.things.values()
    }


def _media(thing: Thing, request: Request, export: bool) -> Answer:
    native = thing.name.endswith(".gsheet")
    if export != native:
        return of_google(403, "fileNotDownloadable", "Use Export with Docs Editors files only.")
    if not export and request.query.get("alt") != "media":
        return of_json(_file(thing))
    return Answer(200, thing.data, {"content-type": "application/octet-stream"})


def _unknown(account: Account, drive: str) -> bool:
    return bool(drive) and drive not in account.drives


def _files(account: Account, request: Request, look: Look) -> Answer:
    drive, token = request.query.get("driveId", ""), request.query.get("pageToken")
    if _unknown(account, drive):
        return NOT_FOUND["gdrive"]
    after = (token or "~").partition("~")[2]
    here = sorted(thing.key for thing in account.things.values() if thing.drive == drive)
    page, more = look.cut(
        [key for key in here if key > after], int(request.query.get("pageSize", 100))
    )
    body: dict[str, Any] = {"files": [_file(account.things[key]) for key in page]}
    if not after:
        folder = {
            "id": "folder",
            "name": "Finance",
            "mimeType": "application/vnd.google-apps.folder",
        }
        body["files"].append(folder)
    body["files"] += [{"name": "nameless"}] if look.no_id else []
    if more:
        place = page[-1] if page else after
        body["nextPageToken"] = look.token(f"{look.nonce}~{place}", token)
    return of_json(body)


def _changes(account: Account, request: Request, look: Look) -> Answer:
    drive, token = request.query.get("driveId", ""), request.query.get("pageToken", "")
    since = token.partition("~")[0]
    if _unknown(account, drive):
        return NOT_FOUND["gdrive"]
    if not since.isdigit() or int(since) < account.floor:
        return of_google(account.stale, "updateRequired", "The page token is no longer valid.")
    log = [item for item in account.log if item.serial > int(since) and item.thing.drive == drive]
    page, more = look.cut(log, int(request.query.get("pageSize", 100)))
    body: dict[str, Any] = {"changes": [_change(item, account) for item in page]}
    body["changes"] += [{"changeType": "file"}] if look.no_id else []
    if more:
        reached = page[-1].serial if page else since
        body["nextPageToken"] = look.token(f"{reached}~{look.nonce}", token)
    else:
        body["newStartPageToken"] = str(account.serial)
    return of_json(body)


def _change(change: Change, account: Account) -> dict[str, Any]:
    """The file's current state. A file that is not in this drive any more is removed, or in the
    bin."""
    values: dict[str, Any] = {"changeType": "file", "fileId": change.thing.key}
    now = account.things.get(change.thing.key)
    if now is not None and now.drive == change.thing.drive:
        return values | {"removed": False, "file": _file(now)}
    if change.serial % 2:
        return values | {"removed": True}
    return values | {"removed": False, "file": _file(change.thing) | {"trashed": True}}


def _file(thing: Thing) -> dict[str, Any]:
    file: dict[str, Any] = {
        "id": thing.key,
        "name": thing.name,
        "mimeType": SHEET if thing.name.endswith(".gsheet") else "text/csv",
        "modifiedTime": f"{thing.at:%Y-%m-%dT%H:%M:%S.000Z}",
        "version": str(thing.version),
        "trashed": False,
        "parents": [thing.folder],
    }
    if thing.drive:
        file["driveId"] = thing.drive
    if file["mimeType"] != SHEET:
        hashed = hashlib.sha256(thing.data).hexdigest()
        file |= {"size": str(len(thing.data)), "sha256Checksum": hashed}
    return file
