"""Reads Gmail for a sync: users.messages.list at first, then users.history.list.

https://developers.google.com/workspace/gmail/api/guides/sync

Cursor: {account, history} after a sync. During one also `page` and `pages`, and `generation` in a
full sync. A message in the bin or in spam counts as deleted, because messages.list does not list
it.
"""

import base64
import binascii
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

from syncjobs.errors import CursorLost, Refused, Unreadable
from syncjobs.nango import MOST_BYTES, Nango, unreadable
from syncjobs.parsers.parser_tasks import MESSAGE
from syncjobs.sources import sender_checks
from syncjobs.sources.items import (
    Cursor,
    Item,
    Page,
    clean,
    listed,
    needed,
    of_milliseconds,
    whole,
    write,
)
from syncjobs.sources.paging import Failed, Turns, each_alone, generation, owned, text_of

ME = "gmail/v1/users/me"
MESSAGES = 50  # messages per page; each takes a request of its own
RECEIVER = "mx.google.com"
PARTS = 1_000  # parts of a message that are read
PAGE = 4_000_000  # characters of texts per page
HIDDEN = frozenset({"TRASH", "SPAM"})
_HEADERS = ("From", "To", "Cc", "Date", "Message-ID", "In-Reply-To", "References")


async def pages(nango: Nango, cursor: Cursor | None = None) -> AsyncIterator[Page]:
    """Yield messages and their attachments. history.list names the messages that changed."""
    title = nango.who.title
    profile = await nango.get(f"{ME}/profile")
    account = needed(profile, "emailAddress", title)
    if cursor is None:  # read the start first: changes during the listing come later
        history_id = needed(profile, "historyId", title)
        cursor = {"account": account, "history": history_id, "generation": generation()}
    owned(cursor, account, title)
    turned = _listing_page if "generation" in cursor else _history_page
    turns = Turns(cursor, title)
    while True:
        page = await turned(nango, cursor, turns)
        yield page
        if page.last:
            return
        cursor = page.cursor


async def _listing_page(nango: Nango, cursor: Cursor, turns: Turns) -> Page:
    query = {"maxResults": MESSAGES, "includeSpamTrash": False}
    body = await _continued(nango, f"{ME}/messages", query, cursor)
    entries = listed(body, "messages", nango.who.title)
    ids = list(dict.fromkeys(filter(None, (clean(entry.get("id")) for entry in entries))))
    following = _following(body, cursor, turns)
    if following is None:
        following = {"account": cursor["account"], "history": text_of(cursor, "history")}
    return Page(
        await _messages(nango, ids),
        following,
        last="page" not in following,
        full=True,
        generation=text_of(cursor, "generation"),
        skipped=sum(not clean(entry.get("id")) for entry in entries),
    )


async def _history_page(nango: Nango, cursor: Cursor, turns: Turns) -> Page:
    query = {"maxResults": MESSAGES, "startHistoryId": text_of(cursor, "history")}
    body = await _continued(nango, f"{ME}/history", query, cursor)
    touched, deleted, skipped = _touched(listed(body, "history", nango.who.title), nango)
    items = [_gone(key) for key in deleted]
    items += await _messages(nango, [key for key in touched if key not in deleted])
    following = _following(body, cursor, turns)
    if following is None:
        history = clean(body.get("historyId")) or cursor["history"]
        following = {"account": cursor["account"], "history": history}
    last = "page" not in following
    return Page(items, following, last=last, full=False, skipped=skipped)


async def _continued(
    nango: Nango, path: str, query: dict[str, Any], cursor: Cursor
) -> dict[str, Any]:
    """Read the next page of the list at `path`. Raises CursorLost if the history is too old (404)
    or the page token has expired (400)."""
    stale = {404, 400} if path.endswith("history") else set()
    if "page" in cursor:
        query["pageToken"] = text_of(cursor, "page")
        stale |= {400}
    try:
        return await nango.get(path, query)
    except Refused as refused:
        if refused.status in stale:
            raise CursorLost("Gmail no longer keeps the history since the last sync.") from None
        raise


def _following(body: dict[str, Any], cursor: Cursor, turns: Turns) -> Cursor | None:
    token = clean(body.get("nextPageToken"))
    turned = turns.turn(token) if token else turns.pages
    return {**cursor, "page": token, "pages": turned} if token else None


def _touched(
    records: list[dict[str, Any]], nango: Nango
) -> tuple[dict[str, None], dict[str, None], int]:
    """The ids in records of history.list: of the changed messages, and of the deleted ones, as keys
    in order, and the number of entries without an id."""
    touched: dict[str, None] = {}
    deleted: dict[str, None] = {}
    skipped = 0
    for record in records:
        for what in ("messagesAdded", "labelsAdded", "labelsRemoved", "messagesDeleted"):
            for entry in listed(record, what, nango.who.title):
                message = entry.get("message")
                key = clean(message.get("id")) if isinstance(message, dict) else ""
                skipped += not key
                (deleted if what == "messagesDeleted" else touched)[key] = None
    touched.pop("", None)
    deleted.pop("", None)
    return touched, deleted, skipped


async def _messages(nango: Nango, ids: list[str]) -> list[Item]:
    """Read the messages with these ids, each followed by its attachments. Texts are included up to
    the page's limit."""
    room = _Room()
    read = partial(_read, nango, room)
    messages = await each_alone(read, ids, last_try=nango.last_try)
    items: list[Item] = []
    for key, message in zip(ids, messages, strict=True):
        if isinstance(message, Failed):
            items.append(Item(key, "message", trouble=message.reason, passing=message.passing))
        else:
            items += message
    return items


class _Room:
    """Counts how many more characters of texts a page may hold. A text that does not fit is read by
    itself later."""

    def __init__(self) -> None:
        self._left = PAGE

    def keeps(self, text: str) -> bool:
        if len(text) > self._left:
            return False
        self._left -= len(text)
        return True


async def _read(nango: Nango, room: _Room, key: str) -> list[Item]:
    parts = await _message(nango, key, lambda body: list(_items(key, body, room)))
    return list(_items(key, None, room)) if parts is None else parts


async def _message[T](nango: Nango, key: str, take: Callable[[dict[str, Any]], T]) -> T | None:
    """Read the message with the id `key` and return `take(message)`, or None if the message is
    gone."""
    path = f"{ME}/messages/{quote(key, safe='')}"
    try:
        return await nango.take(path, take, {"format": "full"})
    except Refused as refused:
        if refused.status in {404, 410}:
            return None
        raise


def _items(key: str, body: dict[str, Any] | None, room: _Room) -> Iterator[Item]:
    label_ids = (body or {}).get("labelIds")
    labels = [clean(label) for label in label_ids] if isinstance(label_ids, list) else []
    if body is None or HIDDEN.intersection(labels):
        yield _gone(key)
        return
    parts = list(islice(_parts(body.get("payload")), PARTS))
    headers = _headers(parts[0] if parts else {})
    moment = of_milliseconds(body.get("internalDate"))
    attached = [part for part in parts if clean(part.get("filename"))]
    metadata = {
        **headers,
        "thread": clean(body.get("threadId")),
        "labels": labels,
        "snippet": clean(body.get("snippet")),
        "size": whole(body.get("sizeEstimate")),
        "attachments": len(attached),
    }
    text, media = _text(parts)
    fits = room.keeps(text)
    yield Item(
        key,
        "message",
        headers["subject"],
        moment,
        metadata=metadata,
        text=text if fits else None,
        media=media,
        unread=not fits,
    )
    for part in attached:
        yield _attachment_item(key, part, moment, headers["checks"])


def _attachment_item(key: str, part: dict[str, Any], moment: datetime | None, checks: Any) -> Item:
    return Item(
        f"{key}:{clean(part.get('partId'))}",
        "attachment",
        clean(part["filename"]),
        moment,
        metadata={
            "mime": clean(part.get("mimeType")),
            "size": whole(_body(part).get("size")),
            "checks": checks,
        },
        parent_id=key,
    )


def _gone(key: str) -> Item:
    return Item(key, "message", deleted=True, below=f"{key}:")


def _parts(part: object) -> Iterator[dict[str, Any]]:
    """The part and all parts within it, depth first, at any depth."""
    waiting = [part]
    while waiting:
        current = waiting.pop()
        if isinstance(current, dict):
            yield current
            within = current.get("parts")
            waiting += reversed(within if isinstance(within, list) else [])


def _headers(part: dict[str, Any]) -> dict[str, Any]:
    headers = part.get("headers")
    pairs = [
        (clean(header.get("name")).lower(), clean(header.get("value")))
        for header in (headers if isinstance(headers, list) else [])
        if isinstance(header, dict)
    ]
    by_name = dict(pairs)
    results = [value for name, value in pairs if name == sender_checks.HEADER]
    named_headers = {
        name.lower().replace("-", "_"): by_name.get(name.lower(), "") for name in _HEADERS
    }
    checks = sender_checks.checked(results, RECEIVER)
    return {**named_headers, "subject": by_name.get("subject", ""), "checks": checks}


def _text(parts: list[dict[str, Any]]) -> tuple[str, str]:
    """The text of a message and its media type: the plain text parts joined, or else the HTML
    parts, cut to MESSAGE characters."""
    for media in ("text/plain", "text/html"):
        texts = [
            _bytes(_body(part), 4 * MESSAGE).decode(errors="replace")
            for part in parts
            if clean(part.get("mimeType")) == media and not clean(part.get("filename"))
        ]
        if any(texts):
            return clean("\n".join(texts)[:MESSAGE]), media
    return "", "text/plain"


def _body(part: dict[str, Any]) -> dict[str, Any]:
    body = part.get("body")
    return body if isinstance(body, dict) else {}


def _bytes(body: dict[str, Any], most: int = MOST_BYTES) -> bytes:
    """Decode RFC 4648's URL-safe base64, with or without its padding: about the first `most`
    bytes."""
    data = body.get("data")
    data = data[: most // 3 * 4].rstrip("=") if isinstance(data, str) else ""
    try:
        return base64.urlsafe_b64decode(data + "=" * (-len(data) % 4))
    except (binascii.Error, ValueError):
        raise Unreadable("Gmail sent data that is not base64.") from None


async def again(nango: Nango, item: Item) -> list[Item]:
    """The message with its attachments, as Gmail lists them now. An attachment is returned
    unchanged."""
    if item.kind != "message":
        return [item]
    return await _read(nango, _Room(), item.external_id)


async def content(nango: Nango, item: Item, into: Path) -> str:
    """Write a message's text or an attachment's bytes into `into`. Returns the text's media type,
    "" for an attachment.

    The attachment is looked up again, because its attachmentId changes with each response.
    """
    if item.text is not None:
        write(into, item.text)
        return item.media
    key = item.parent_id or item.external_id
    if item.kind == "message":
        text_and_name = await _message(nango, key, lambda body: _text(_all_parts(body)))
        if text_and_name is None:
            raise _has_no_bytes(item, "its message is gone")
        write(into, text_and_name[0])
        return text_and_name[1]
    part_id = item.external_id.removeprefix(f"{key}:")
    identifier = await _message(nango, key, lambda body: _identified(body, part_id, into))
    if identifier is None:
        raise _has_no_bytes(item, "its message is gone, or has no such part")
    if identifier:
        await _attachment(nango, key, identifier, item, into)
    return ""


def _has_no_bytes(item: Item, why: str) -> Unreadable:
    return Unreadable(f"Gmail has no bytes for {item.name!r}: {why}.")


def _all_parts(body: dict[str, Any]) -> list[dict[str, Any]]:
    return list(islice(_parts(body.get("payload")), PARTS))


def _identified(body: dict[str, Any], part_id: str, into: Path) -> str | None:
    """The attachmentId of the part `part_id`; None if the message has no such attachment.

    If the attachment's bytes came with the message, they are written to `into`, and the result is
    "".
    """
    for part in _all_parts(body):
        if clean(part.get("partId")) == part_id and clean(part.get("filename")):
            if identifier := clean(_body(part).get("attachmentId")):
                return identifier
            into.write_bytes(_bytes(_body(part)))
            return ""
    return None


async def _attachment(nango: Nango, key: str, identifier: str, item: Item, into: Path) -> None:
    path = f"{ME}/messages/{quote(key, safe='')}/attachments/{quote(identifier, safe='')}"
    try:
        await nango.take(path, lambda body: into.write_bytes(_bytes(body)))
    except Refused as refused:
        raise unreadable(refused, repr(item.name), nango.who) from None
