"""Simulates Gmail's API as far as a sync uses it."""

import base64
import hashlib
from typing import Any

from syncjobs.sandbox.account_contents import Account, Attached, Thing
from syncjobs.sandbox.fault_script import Look
from syncjobs.sandbox.http_messages import NOT_FOUND, Answer, Request, of_google, of_json

PREFIX = "gmail/v1/users/me/"
INLINE = 150  # bytes; a smaller attachment comes with its message
SERVER = "mx.google.com"  # the server that checks senders


def answer(account: Account, request: Request, look: Look) -> Answer:
    match request.path.removeprefix(PREFIX).split("/"):
        case ["profile"]:
            profile = {"emailAddress": account.identity, "historyId": str(account.serial)}
            return of_json(profile | {"messagesTotal": len(account.things)})
        case ["messages"]:
            return _messages(account, request, look)
        case ["history"]:
            return _history(account, request, look)
        case ["messages", key] if key in account.things:
            return of_json(_message(account.things[key], account, look))
        case ["messages", key, "attachments", identifier] if key in account.things:
            return _attachment(account.things[key], identifier)
    return NOT_FOUND["gmail"]


def requested_item(path: str) -> str | None:
    """The id of the item that the path names; None if it names none."""
    parts = path.removeprefix(PREFIX).split("/")
    return parts[1] if parts[0] == "messages" and len(parts) > 1 else None


def truth(account: Account) -> dict[str, dict[str, Any]]:
    by_key: dict[str, dict[str, Any]] = {}
    for thing in account.things.values():
        if "TRASH" in thing.labels:
            continue
        by_key[thing.key] = _fact("message", thing.name, thing.data) | {"labels": thing.labels}
        for item in thing.attached:
            by_key[f"{thing.key}:{item.part}"] = _fact("attachment", item.name, item.data)
    return by_key


def _fact(kind: str, name: str, data: bytes) -> dict[str, Any]:
    return {"kind": kind, "name": name, "sha256": hashlib.sha256(data).hexdigest()}


def _messages(account: Account, request: Request, look: Look) -> Answer:
    token = request.query.get("pageToken")
    things = [item for item in account.newest_first() if "TRASH" not in item.labels]
    after = (token or "~").split("~", 1)[1]
    if after:
        things = [item for item in things if _place(item) < after]
    page, more = look.cut(things, int(request.query.get("maxResults", 100)))
    body: dict[str, Any] = {"resultSizeEstimate": len(things)}
    if page or look.no_id:
        body["messages"] = [{"id": item.key, "threadId": item.key} for item in page]
        body["messages"] += [{"threadId": "none"}] if look.no_id else []
    if more:
        place = _place(page[-1]) if page else after
        body["nextPageToken"] = look.token(f"{look.nonce}~{place}", token)
    return of_json(body)


def _place(thing: Thing) -> str:
    return f"{thing.at:%Y%m%d%H%M%S}{thing.key}"


def _history(account: Account, request: Request, look: Look) -> Answer:
    start, token = request.query.get("startHistoryId", ""), request.query.get("pageToken")
    if not start.isdigit():
        return of_google(400, "invalidArgument", "Invalid startHistoryId")
    if int(start) < account.floor:
        return NOT_FOUND["gmail"]
    since = int(token.split("~")[1]) if token and "~" in token else int(start)
    records = [item for item in account.log if item.serial > since]
    page, more = look.cut(records, int(request.query.get("maxResults", 100)))
    body: dict[str, Any] = {"historyId": str(account.serial)}
    if page or look.no_id:
        body["history"] = [_record(item.serial, item.what, item.thing) for item in page]
        body["history"] += [{"id": "1", "messagesAdded": [{"message": {}}]}] if look.no_id else []
    if more:
        last = page[-1].serial if page else since
        body["nextPageToken"] = look.token(f"{look.nonce}~{last}", token)
    return of_json(body)


def _record(serial: int, what: str, thing: Thing) -> dict[str, Any]:
    message = {"id": thing.key, "threadId": thing.key}
    name = {"added": "messagesAdded", "deleted": "messagesDeleted"}.get(what, "labelsAdded")
    return {"id": str(serial), "messages": [message], name: [{"message": message}]}


def _message(thing: Thing, account: Account, look: Look) -> dict[str, Any]:
    headers = {"From": thing.sender, "To": thing.to, "Cc": thing.cc, "Subject": thing.name}
    results = [("Authentication-Results", result) for result in account.checks(thing, SERVER)]
    text = {"partId": "0", "mimeType": "text/plain", "filename": "", "body": _inline(thing.data)}
    return {
        "id": thing.key,
        "threadId": thing.key,
        "labelIds": thing.labels,
        "snippet": thing.data[:80].decode(errors="replace"),
        "historyId": str(account.serial),
        "internalDate": str(int(thing.at.timestamp() * 1000)),
        "sizeEstimate": len(thing.data),
        "payload": {
            "partId": "",
            "mimeType": "multipart/mixed",
            "filename": "",
            "headers": [
                {"name": name, "value": value}
                for name, value in (*headers.items(), *results)
                if value
            ],
            "body": {"size": 0},
            "parts": [text, *(_part(item, look) for item in thing.attached)],
        },
    }


def _part(attachment: Attached, look: Look) -> dict[str, Any]:
    """A part of a message. An attachment gets a different id in each response."""
    body = _inline(attachment.data)
    if len(attachment.data) > INLINE:
        body = {"attachmentId": f"ANG{look.nonce}~{attachment.part}", "size": len(attachment.data)}
    kind = "text/csv" if attachment.name.endswith(".csv") else "application/octet-stream"
    return {"partId": attachment.part, "mimeType": kind, "filename": attachment.name, "body": body}


def _inline(data: bytes) -> dict[str, Any]:
    return {"size": len(data), "data": base64.urlsafe_b64encode(data).decode().rstrip("=")}


def _attachment(thing: Thing, identifier: str) -> Answer:
    part = identifier.partition("~")[2]
    data = next((item.data for item in thing.attached if item.part == part), None)
    return NOT_FOUND["gmail"] if data is None else of_json(_inline(data))
