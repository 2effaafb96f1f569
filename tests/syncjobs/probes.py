"""Bodies of runs that do what the run's payload says, so that tests make a worker meet every kind
of end."""

import asyncio
import os
import signal
import sys
import time
from typing import Any

from syncjobs import store_page
from syncjobs.errors import Permanent, Transient
from syncjobs.item_contents import Content
from syncjobs.runner import Attempt
from syncjobs.sources.items import Item, Page
from syncjobs.store_page import Effects, Part


async def probe(ctx: dict[str, Any], run_id: str) -> None:
    await ctx["runner"].run(ctx, run_id, body)


async def raw_probe(ctx: dict[str, Any], *args: Any) -> Any:
    """A task that does not go through the runner, as a deployment may add one."""
    return None


async def body(attempt: Attempt) -> None:
    await WAYS[str(attempt.claim.payload.get("do", "succeed"))](attempt)


def page(number: int, last: bool) -> Page:
    items = [Item(f"item-{number}-{i}", "file", f"{number}-{i}.bin") for i in range(3)]
    return Page(items, {"next": number + 1}, last, full=False)


def part(number: int, last: bool = False) -> Part:
    whole_page = page(number, last)
    effects = Effects(set(), set(), [], whole_page.items)
    return Part([Content(item) for item in whole_page.items], effects, whole_page)


async def save_pages(attempt: Attempt, pauses: float = 0.0, pages: int = 5) -> None:
    """A body that saves `pages` pages of three items, from the cursor on, and waits `pauses`
    seconds after each."""
    first = (attempt.claim.cursor or {}).get("next", 1)
    for number in range(first, pages + 1):
        await attempt.save(store_page.save, attempt.claim, part(number, number == pages))
        await asyncio.sleep(pauses)


async def succeed(attempt: Attempt) -> None:
    await save_pages(attempt)


async def slowly(attempt: Attempt) -> None:
    await save_pages(attempt, pauses=float(attempt.claim.payload.get("pause", 0.4)))


async def transient(attempt: Attempt) -> None:
    raise Transient("The provider was away.", attempt.claim.payload.get("after"))


async def once(attempt: Attempt) -> None:
    if attempt.claim.job_try == 1:
        raise Transient("The provider was away once.")
    await save_pages(attempt)


async def permanent(attempt: Attempt) -> None:
    raise Permanent("Connect the account again, then replay this sync.", reauthorise=True)


async def plain(attempt: Attempt) -> None:
    raise LookupError("a defect, with a token=abcdef0123456789 in it")


async def leave(attempt: Attempt) -> None:
    sys.exit(3)


async def hang(attempt: Attempt) -> None:
    await asyncio.sleep(3600)


async def swallow(attempt: Attempt) -> None:
    """A body that ignores its cancellation and succeeds."""
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        await save_pages(attempt)


async def never_end(attempt: Attempt) -> None:
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            continue


async def cancel_itself(attempt: Attempt) -> None:
    raise asyncio.CancelledError


async def kill(attempt: Attempt) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def kill_once(attempt: Attempt) -> None:
    if attempt.claim.fence == 1:
        await kill(attempt)
    await save_pages(attempt)


async def block(attempt: Attempt) -> None:
    """A body that blocks the event loop, so that the lease is not renewed."""
    if attempt.claim.fence == 1:
        time.sleep(float(attempt.claim.payload["seconds"]))  # noqa: ASYNC251 - the point of it
    await save_pages(attempt)


class Odd(Exception):
    """An exception whose repr and str raise errors."""

    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


async def unspeakable(attempt: Attempt) -> None:
    raise Odd


WAYS = {
    "succeed": succeed,
    "slowly": slowly,
    "transient": transient,
    "once": once,
    "permanent": permanent,
    "plain": plain,
    "leave": leave,
    "hang": hang,
    "swallow": swallow,
    "never_end": never_end,
    "cancel_itself": cancel_itself,
    "kill": kill,
    "kill_once": kill_once,
    "block": block,
    "unspeakable": unspeakable,
}
