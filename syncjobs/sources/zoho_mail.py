"""Reads Zoho Mail for a sync: newest mail first, down to the newest of the last sync.

https://www.zoho.com/mail/help/api/get-emails-list.html

Zoho Mail has no log of changes. The mark up to which mail is known is a `receivedTime`, because
sentDateInGMT is not in GMT. Only a full sync finds deletions and mail that arrives with an old
date.

Cursor: {account, high, recent} after a sync; {…, next, newest, fresh, anchor, oldest, pages} during
one, with `generation` (and no `high`) in a full sync. Times are milliseconds since 1970. `recent`
and `fresh` map the ids of the messages in the overlap to their times.
"""

import html
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from syncjobs.errors import Permanent, Refused
from syncjobs.http_errors import dead
from syncjobs.nango import Nango, decoded, unreadable
from syncjobs.parsers.parser_tasks import MESSAGE
from syncjobs.sources import sender_checks
from syncjobs.sources.items import (
    Cursor,
    Item,
    Page,
    clean,
    listed,
    of_milliseconds,
    speaks_of_money,
    whole,
    write,
)
from syncjobs.sources.paging import (
    Failed,
    Turns,
    each_alone,
    generation,
    never_ends,
    number_of,
    owned,
)

ROWS = 200  # rows per list request; Zoho gives no more
LAP = 10  # rows read again with the next page, to detect that rows moved up in between
SLICE = 20  # messages per page; one with attachments takes a request more, of 30 a minute
OVERLAP = 10 * 60 * 1000  # milliseconds before the last sync's newest mail
AGAIN = 3  # times that a page may equal the page before
OLD_ROWS = 2  # old rows in a row at a page's end that prove that the rest is known
_ANSWER = 2000  # bytes; no refusal is longer
_DENIED = b"access denied"
_NOTHING = "not provided"
# Names of Zoho's data centres in Authentication-Results.
RECEIVERS = tuple(
    f"mx.zohomail.{domain}"
    for domain in ("com", "eu", "in", "com.au", "com.cn", "jp", "sa", "ca", "uk")
)


async def pages(nango: Nango, cursor: Cursor | None = None) -> AsyncIterator[Page]:
    """Yield pages of messages and their attachments, newest first."""
    account = await _account(nango)
    if cursor is None:
        cursor = {"account": account, "generation": generation(), "recent": {}}
    walk = _Walk(nango, owned(cursor, account, nango.who.title))
    while True:
        for page in await walk.step():
            items = await _with_attachments(nango, account, page)
            yield Page(
                items,
                page.cursor,
                page.last,
                walk.full,
                str(cursor.get("generation", "")),
                page.skipped,
            )
            if page.last:
                return


@dataclass(frozen=True)
class _Rows:
    """New rows of Zoho's list of messages, and the cursor after them. `last` marks the end of the
    sync. `skipped` is the number of rows without an id."""

    rows: list[dict[str, Any]]
    cursor: Cursor
    last: bool
    skipped: int


class _Walk:
    """Reads the list from row `next` on, newest mail first, although the positions of rows change
    meanwhile.

    New mail moves rows down, so they are seen twice. Deletions move rows up, so they would be
    missed. Therefore each page begins LAP rows early and must still contain the last row seen
    (`anchor`), or a row newer than it. If it does not, the next page begins half a page earlier.
    """

    def __init__(self, nango: Nango, cursor: Cursor) -> None:
        self._nango = nango
        self._cursor = {"next": 1, **cursor, "fresh": _times(cursor.get("fresh"))}
        self._turns = Turns(cursor, nango.who.title)
        self.full = "generation" in cursor
        self._floor = None if self.full else number_of(cursor, "high") - OVERLAP
        self._known = _times(cursor.get("recent"))
        self._again = 0

    async def step(self) -> list[_Rows]:
        """Read a page of the list. Return its new rows in slices, or [] if the next page has to
        begin earlier."""
        start = number_of(self._cursor, "next")
        self._turns.turn(f"page {self._turns.pages}")
        rows = await _listing(self._nango, str(self._cursor["account"]), start)
        if start > 1 and not self._reached(rows):
            self._cursor["next"] = max(1, start - ROWS // 2)
            return []
        first = self._first_unseen(rows)
        self._moved(rows, first)
        end = self._end(rows, first)
        last = end <= len(rows) - OLD_ROWS or len(rows) < ROWS
        return self._slices(rows, start, first, end, last)

    def _moved(self, rows: list[dict[str, Any]], first: int) -> None:
        """Raises Permanent if Zoho returns the same page again and again, because it then seems to
        ignore `start`.

        A single repetition may be chance: as many mails arrived as the page has rows.
        """
        again = bool(rows) and first == len(rows) and _key(rows[-1]) == self._cursor.get("anchor")
        self._again = self._again + 1 if again else 0
        if self._again > AGAIN and len(rows) >= ROWS:
            raise never_ends(self._nango.who.title)

    def _reached(self, rows: list[dict[str, Any]]) -> bool:
        anchor, oldest = self._cursor.get("anchor"), self._cursor.get("oldest")
        if anchor is None or anchor in map(_key, rows):
            return True
        first = next(filter(None, map(_time, rows)), None)
        return first is not None and oldest is not None and first > oldest

    def _first_unseen(self, rows: list[dict[str, Any]]) -> int:
        anchor, oldest = self._cursor.get("anchor"), self._cursor.get("oldest")
        keys = list(map(_key, rows))
        if anchor in keys:
            return keys.index(anchor) + 1
        newer = (at for at, row in enumerate(rows) if oldest is None or (_time(row) or 0) <= oldest)
        return next(newer, len(rows))

    def _end(self, rows: list[dict[str, Any]], first: int) -> int:
        """The position in the page from which on all rows are old. An old row before a newer one
        may have a wrong date, so it is read with the rest."""
        while len(rows) > first and self._is_old(rows[-1]):
            rows = rows[:-1]
        return len(rows)

    def _is_old(self, row: dict[str, Any]) -> bool:
        moment = _time(row)
        return self._floor is not None and moment is not None and moment < self._floor

    def _slices(
        self, rows: list[dict[str, Any]], start: int, first: int, end: int, last: bool
    ) -> list[_Rows]:
        slices: list[_Rows] = []
        for begin in range(first, end, SLICE) or [first]:
            until = min(begin + SLICE, end)
            part = rows[begin:until]
            self._remember(part, max(1, start + until - LAP))
            finished = last and until >= end
            new = [row for row in part if _key(row) and _key(row) not in self._known]
            skipped = sum(not _key(row) for row in (rows[begin:] if finished else part))
            slices.append(
                _Rows(new, self._at_rest() if finished else dict(self._cursor), finished, skipped)
            )
        return slices

    def _remember(self, rows: list[dict[str, Any]], following: int) -> None:
        times = {_key(row): moment for row in rows if _key(row) and (moment := _time(row))}
        newest = max([self._cursor.get("newest") or 0, *times.values()])
        newest = min(newest, int(time.time() * 1000))  # else one future date hides all others
        fresh = {**self._cursor["fresh"], **times}
        self._cursor |= {
            "next": following,
            "pages": self._turns.pages,
            "newest": newest,
            "fresh": _within(fresh, newest),
        }
        if times:
            self._cursor |= {"anchor": list(times)[-1], "oldest": list(times.values())[-1]}

    def _at_rest(self) -> Cursor:
        high = max(self._cursor.get("high") or 0, self._cursor["newest"])
        recent = _within({**self._known, **self._cursor["fresh"]}, high)
        return {"account": self._cursor["account"], "high": high, "recent": recent}


def _times(value: object) -> dict[str, int]:
    entries = value.items() if isinstance(value, dict) else ()
    return {key: moment for key, moment in entries if isinstance(moment, int)}


def _within(times: dict[str, int], newest: int) -> dict[str, int]:
    return {key: moment for key, moment in times.items() if moment >= newest - OVERLAP}


def _key(row: dict[str, Any]) -> str:
    return clean(row.get("messageId"))


def _time(row: dict[str, Any]) -> int | None:
    return whole(row.get("receivedTime"))


async def _account(nango: Nango) -> str:
    accounts = listed(await _get(nango, "api/accounts"), "data", nango.who.title)
    for account_row in accounts:
        if account := clean(account_row.get("accountId")):
            return account
    raise Permanent(
        "Zoho Mail has no mailbox for this connection: create one there or connect another account."
    )


async def _listing(nango: Nango, account: str, start: int) -> list[dict[str, Any]]:
    query: dict[str, str | int | bool] = {
        "start": start,
        "limit": ROWS,
        "sortorder": "false",
        "includeto": "true",
    }
    body = await _get(nango, f"api/accounts/{quote(account, safe='')}/messages/view", query)
    return listed(body, "data", nango.who.title)


async def _get(
    nango: Nango, path: str, query: dict[str, str | int | bool] | None = None
) -> dict[str, Any]:
    return decoded(_allowed(nango, await nango.read(path, query)), nango.who)


def _allowed(nango: Nango, raw: bytes, size: int | None = None) -> bytes:
    """Return the body of a response. Raises Permanent if the body is a refusal that Zoho sent with
    HTTP status 200."""
    if len(raw) > _ANSWER or len(raw) == size or _DENIED not in raw.lower():
        return raw
    try:
        status = json.loads(raw).get("status")
        good = isinstance(status, dict) and whole(status.get("code")) == 200
    except (ValueError, AttributeError, RecursionError):
        good = False
    if good:
        return raw
    raise dead(nango.who)


async def _with_attachments(nango: Nango, account: str, page: _Rows) -> list[Item]:
    read = partial(_items, nango, account)
    fetched_lists = await each_alone(read, page.rows, last_try=nango.last_try)
    items: list[Item] = []
    for row, attachments in zip(page.rows, fetched_lists, strict=True):
        if isinstance(attachments, Failed):
            about = _message(account, row)
            items.append(replace(about, trouble=attachments.reason, passing=attachments.passing))
        else:
            items += attachments
    return items


async def _items(nango: Nango, account: str, row: dict[str, Any]) -> list[Item]:
    """The message of this row and its attachments. If the message was deleted meanwhile, a deletion
    of the message and its attachments."""
    message = _message(account, row)
    has_attachment = clean(row.get("hasAttachment")) in {"1", "true"}
    if not has_attachment and not speaks_of_money(message):
        return [message]
    try:
        message = await _with_checks(nango, message)
        return [message, *(await _attachments(nango, message) if has_attachment else ())]
    except Refused as refused:
        if refused.status in {404, 410}:
            return [Item(_key(row), "message", deleted=True, below=f"{_key(row)}:")]
        raise


async def _with_checks(nango: Nango, message: Item) -> Item:
    """The message with Zoho's checks of its sender. They take one more request, so only messages
    that may be evidence get them.

    https://www.zoho.com/mail/help/api/get-email-header.html
    """
    body = await _get(nango, f"{_path(message)}/header")
    data = body.get("data")
    raw = clean(data.get("headerContent")) if isinstance(data, dict) else ""
    first = sender_checks.stated(raw)[:1]  # Zoho's own header is above the mail's
    checks = sender_checks.checked(first, *RECEIVERS)
    return replace(message, metadata={**message.metadata, "checks": checks})


async def _attachments(nango: Nango, message: Item) -> list[Item]:
    body = await _get(nango, f"{_path(message)}/attachmentinfo")
    data = body.get("data")
    entries = listed(data if isinstance(data, dict) else {}, "attachments", nango.who.title)
    attachments = [_attachment(message, entry) for entry in entries]
    return [attachment for attachment in attachments if attachment]


def _message(account: str, row: dict[str, Any]) -> Item:
    metadata = {
        "from": _address(row.get("fromAddress")),
        "to": _address(row.get("toAddress")),
        "cc": _address(row.get("ccAddress")),
        "subject": html.unescape(clean(row.get("subject"))),
        "snippet": html.unescape(clean(row.get("summary"))),
        "thread": clean(row.get("threadId")),
        "size": whole(row.get("size")),
        "account": account,
        "folder": clean(row.get("folderId")),
    }
    moment = of_milliseconds(row.get("receivedTime"))
    return Item(_key(row), "message", str(metadata["subject"]), moment, metadata=metadata)


def _address(value: object) -> str:
    address = html.unescape(clean(value)).strip()
    return "" if address.lower() == _NOTHING else address


def _attachment(message: Item, entry: dict[str, Any]) -> Item | None:
    if not (key := clean(entry.get("attachmentId"))):
        return None
    size = whole(entry.get("attachmentSize"))
    where = {name: message.metadata[name] for name in ("account", "folder")}
    if checks := message.metadata.get("checks"):
        where["checks"] = checks
    return Item(
        f"{message.external_id}:{key}",
        "attachment",
        html.unescape(clean(entry.get("attachmentName"))),
        message.modified_at,
        metadata={**where, "size": size},
        parent_id=message.external_id,
    )


def _path(item: Item) -> str:
    """The URL path of the message, or of an attachment's message."""
    parts = (str(item.metadata.get(name, "")) for name in ("account", "folder"))
    account, folder = (quote(part, safe="") for part in parts)
    message = quote(item.parent_id or item.external_id, safe="")
    return f"api/accounts/{account}/folders/{folder}/messages/{message}"


async def again(nango: Nango, item: Item) -> list[Item]:
    """The message with its attachments, as Zoho lists them now. An attachment is returned
    unchanged."""
    if item.kind != "message":
        return [item]
    message = await _with_checks(nango, item)
    return [message, *await _attachments(nango, message)]


async def content(nango: Nango, item: Item, into: Path) -> str:
    """Write a message's HTML or an attachment's bytes into `into`. Returns "text/html", or "" for
    an attachment."""
    try:
        if item.kind == "attachment":
            key = quote(item.external_id.removeprefix(f"{item.parent_id}:"), safe="")
            await nango.save(f"{_path(item)}/attachments/{key}", into)
            _must_be_allowed(nango, into, item)
            return ""
        page = await nango.take(f"{_path(item)}/content", partial(_page_of, nango))
    except Refused as refused:
        raise unreadable(refused, repr(item.name), nango.who) from None
    write(into, page)
    return "text/html"


def _must_be_allowed(nango: Nango, into: Path, item: Item) -> None:
    if into.stat().st_size <= _ANSWER:
        _allowed(nango, into.read_bytes(), item.metadata.get("size"))


def _page_of(nango: Nango, body: dict[str, Any]) -> str:
    """The beginning of a message's HTML, from the JSON of Zoho's response. Raises Permanent if it
    is a refusal with HTTP status 200."""
    _allowed(nango, json.dumps(body).encode()[: _ANSWER + 1])
    data = body.get("data")
    return clean(str(data.get("content") or "")[:MESSAGE]) if isinstance(data, dict) else ""
