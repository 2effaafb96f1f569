"""Limits the pages of a sync, and checks that a cursor belongs to the account."""

import asyncio
import errno
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from syncjobs.errors import CursorLost, ParserFailed, Permanent, Refused, Transient, Unreadable
from syncjobs.failures.record import sentence_of
from syncjobs.sources.items import Cursor

MOST_PAGES = 200_000  # pages of a sync
OURS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM})
AT_ONCE = 5  # calls
FEW = 2  # items that may fail in one call; if more fail, the provider is at fault


def generation() -> str:
    """A new unique name for a full sync."""
    return uuid4().hex


def owned(cursor: Cursor, account: str, title: str) -> Cursor:
    """The cursor, if it belongs to this account.

    Raises CursorLost otherwise: the ids in it mean nothing for another account.
    """
    if cursor.get("account") != account:
        raise CursorLost(f"The stored cursor belongs to another {title} account.")
    return cursor


def text_of(cursor: Cursor, key: str) -> str:
    """The text under `key` in the cursor. Raises CursorLost if there is none, because finley then
    did not write the cursor."""
    value = cursor.get(key)
    if not isinstance(value, str) or not value:
        raise CursorLost("The stored cursor cannot be read.")
    return value


def number_of(cursor: Cursor, key: str) -> int:
    """The number under `key` in the cursor. Raises CursorLost if there is none, because finley then
    did not write the cursor."""
    value = cursor.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise CursorLost("The stored cursor cannot be read.")
    return value


class Turns:
    """Ends a sync that would page for ever.

    Counts the pages of a sync over all its attempts, and remembers the page tokens of this attempt.
    """

    def __init__(self, cursor: Cursor, title: str) -> None:
        self.pages = number_of(cursor, "pages") if "pages" in cursor else 0
        self._title = title
        self._seen: set[str] = set()

    def turn(self, token: str) -> int:
        """Count one more page and return the number.

        Raises Permanent after too many pages, or if a page token repeats.
        """
        self.pages += 1
        if token in self._seen:
            raise never_ends(self._title)
        if self.pages > MOST_PAGES:
            raise Permanent(
                f"{self._title} had more than {MOST_PAGES:,} pages: this looks endless. Check the "
                "account, then start again with a full sync."
            )
        self._seen.add(token)
        return self.pages


def never_ends(title: str) -> Permanent:
    return Permanent(
        f"{title} gave the same cursor twice, so that the sync would never end: try again later "
        "with a full sync, and report it to the provider if it persists."
    )


async def together[T, R](work: Callable[[T], Awaitable[R]], things: Iterable[T]) -> list[R]:
    """Call `work` for each thing, AT_ONCE at a time. Return the results in order. The first failure
    cancels the other calls and is raised."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(thing: T) -> R:
        async with gate:
            return await work(thing)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(thing)) for thing in things]
    except BaseExceptionGroup as failed:
        raise _gravest(failed) from None
    return [task.result() for task in tasks]


def _gravest(failed: BaseExceptionGroup[Any]) -> BaseException:
    final = [failure for failure in failed.exceptions if isinstance(failure, Permanent)]
    error: BaseException = (final or failed.exceptions)[0]
    return error


@dataclass(frozen=True, slots=True)
class Failed:
    """An item that could not be read, with the reason. `passing`: a later sync may succeed."""

    reason: str
    passing: bool


async def each_alone[T, R](
    work: Callable[[T], Awaitable[R]], things: Sequence[T], *, last_try: bool
) -> list[R | Failed]:
    """Call `work` for each thing and return the results in order, with a Failed for each thing that
    could not be read.

    Raises errors that concern all items: a dead connection, a rate limit, an unavailable provider.
    Before the run's last attempt, it also raises a Transient error of a single item, so that the
    run is tried again.
    """
    results = await together(lambda thing: _or_failed(work, thing), things)
    away = [result for result in results if isinstance(result, Transient)]
    refused = [result for result in results if isinstance(result, Refused)]
    if away and (not last_try or _asks_to_wait(away)):
        raise away[0]
    if len(away) + len(refused) > max(FEW, len(things) // 10):
        raise (*refused, *away)[0]
    return [
        Failed(str(result), passing=True) if isinstance(result, Transient | Refused) else result
        for result in results
    ]


def _asks_to_wait(errors: Iterable[Transient]) -> bool:
    return any(error.after is not None for error in errors)


async def _or_failed[T, R](
    work: Callable[[T], Awaitable[R]], thing: T
) -> R | Failed | Transient | Refused:
    try:
        return await work(thing)
    except Transient as error:
        return error
    except Unreadable as error:
        return Failed(str(error), passing=isinstance(error, ParserFailed))
    except Refused as error:
        if error.reauthorise or not 400 <= error.status < 500:
            raise
        return error
    except (Permanent, CursorLost):
        raise
    except OSError as error:
        if error.errno in OURS:
            raise Transient(f"This machine has no room to work: {error.strerror}.") from error
        return Failed(sentence_of(error), passing=True)
    except Exception as error:  # noqa: BLE001 - one item never ends a sync
        return Failed(sentence_of(error), passing=True)
