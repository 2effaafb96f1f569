"""Simulates Zoho Mail's API as far as a sync uses it. All values are texts, escaped as HTML."""

import hashlib
import html
from typing import Any

from syncjobs.sandbox.account_contents import Account, Attached, Thing
from syncjobs.sandbox.fault_script import Look
from syncjobs.sandbox.http_messages import NOT_FOUND, Answer, Request, of_json

PREFIX = "api/accounts"
MOST = 200  # messages of a page
FOLDER = "9000000002014"
SERVER = "mx.zohomail.eu"  # the server that checks senders
GOOD = {"code": 200, "description": "success"}


def answer(account: Account, request: Request, look: Look) -> Answer:
    match request.path.removeprefix(PREFIX).strip("/").split("/"):
        case [""]:
            return _good([{"accountId": identity(account), "type": "ZOHO_ACCOUNT"}])
        case [each, "messages", "view"] if each == identity(account):
            return _view(account, request, look)
        case [_, "folders", _, "messages", key, *rest] if key in account.things:
            return _of_message(account, account.things[key], rest)
    return NOT_FOUND["zoho_mail"]


def identity(account: Account) -> str:
    return str(int(account.identity.partition("@")[0], 16))


def requested_item(path: str) -> str | None:
    """The id of the item that the path names; None if it names none."""
    parts = path.split("/")
    return parts[6] if len(parts) > 6 and parts[5] == "messages" else None


def truth(account: Account) -> dict[str, dict[str, Any]]:
    by_key: dict[str, dict[str, Any]] = {}
    for thing in account.things.values():
        by_key[thing.key] = _fact("message", thing.name, _visible(thing.data))
        for item in thing.attached:
            by_key[f"{thing.key}:{item.part}"] = _fact("attachment", item.name, item.data)
    return by_key


def _fact(kind: str, name: str, data: bytes) -> dict[str, Any]:
    return {"kind": kind, "name": name, "sha256": hashlib.sha256(data).hexdigest()}


def _visible(data: bytes) -> bytes:
    lines = (" ".join(line.split()) for line in data.decode().splitlines())
    return "\n".join(line for line in lines if line).encode()


def _good(data: object) -> Answer:
    return of_json({"status": GOOD, "data": data})


def _view(account: Account, request: Request, look: Look) -> Answer:
    start, limit = int(request.query.get("start", 1)), int(request.query.get("limit", 10))
    if look.same or look.endless:  # `start` is ignored: every page is the same
        start = 1
    rows = account.newest_first()[start - 1 :][: min(limit, MOST)]
    nameless = [{"subject": "nameless", "receivedTime": "0"}] if look.no_id else []
    return _good([_row(row) for row in rows] + nameless)


def _row(thing: Thing) -> dict[str, Any]:
    return {
        "messageId": thing.key,
        "folderId": FOLDER,
        "subject": html.escape(thing.name),
        "summary": html.escape(thing.data[:60].decode(errors="replace")),
        "fromAddress": html.escape(thing.sender),
        "toAddress": html.escape(thing.to),
        "ccAddress": html.escape(thing.cc) or "Not Provided",
        "receivedTime": str(int(thing.at.timestamp() * 1000)),
        "sentDateInGMT": str(int(thing.at.timestamp() * 1000) + 19_800_000),
        "hasAttachment": "1" if thing.attached else "0",
        "size": str(len(thing.data)),
    }


def _of_message(account: Account, thing: Thing, rest: list[str]) -> Answer:
    match rest:
        case ["content"]:
            lines = html.escape(thing.data.decode()).replace("\n", "<br>")
            return _good({"messageId": thing.key, "content": f"<div>{lines}</div>"})
        case ["header"]:
            headers = [f"Authentication-Results: {each}" for each in account.checks(thing, SERVER)]
            folded = [line.replace("; ", ";\r\n\t") for line in headers]
            return _good({"headerContent": "\r\n".join([*folded, f"From: {thing.sender}", ""])})
        case ["attachmentinfo"]:
            listed = [_info(item) for item in thing.attached]
            return _good({"messageId": thing.key, "attachments": listed})
        case ["attachments", part]:
            for item in thing.attached:
                if item.part == part:
                    return Answer(200, item.data, {"content-type": "application/octet-stream"})
    return NOT_FOUND["zoho_mail"]


def _info(attachment: Attached) -> dict[str, str]:
    return {
        "attachmentId": attachment.part,
        "attachmentName": html.escape(attachment.name),
        "attachmentSize": str(len(attachment.data)),
    }
