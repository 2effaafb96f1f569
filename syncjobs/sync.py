"""Syncs a connection from its cursor to the provider's last page. Every provider's task has this
body."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import batched
from pathlib import Path

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.errors import QueryCanceled

from graph.errors import LedgerError
from graph.ingest.file_parts import NO_HINTS
from graph.ingest.import_file import of_account, store_parts, with_known
from graph.ingest.readers.parts import Hints
from syncjobs import item_contents, store_page
from syncjobs.database_threads import UNREACHABLE
from syncjobs.errors import CursorLost, ParserFailed, SyncError, Transient, Unreadable
from syncjobs.failures.record import sentence_of
from syncjobs.item_contents import Content
from syncjobs.models.choices import ItemUse
from syncjobs.nango import TITLES, Access, Limits, Nango
from syncjobs.providers import BY_NAME
from syncjobs.run_state import Claim, Save
from syncjobs.runner import Attempt
from syncjobs.sources import SOURCES
from syncjobs.sources.items import Cursor, Item, Page
from syncjobs.sources.paging import Failed, each_alone
from syncjobs.store_page import Part

AT_ONCE = 10  # items with contents per save


async def body(attempt: Attempt) -> None:
    """Sync the attempt's connection page by page to the provider's last page. Every task of a
    provider runs this.

    If the provider rejects the cursor, everything is listed again, once. Raises Transient if it
    rejects that cursor, too.
    """
    claim = attempt.claim
    last_try = claim.job_try >= settings.ARQ_MAX_TRIES
    limits = Limits(pace=pace(claim.provider))
    async with Nango(
        access(claim), attempt.client, limits, large=attempt.large, last_try=last_try
    ) as nango:
        await _read_again(attempt, nango)
        try:
            await _walked(attempt, nango, claim.cursor)
        except CursorLost:
            await attempt.save(store_page.cursor_lost)
            try:
                await _walked(attempt, nango, None)
            except CursorLost as lost:
                title = TITLES[claim.provider]
                raise Transient(f"{title} lost the cursor of a sync that had just begun.") from lost


def access(claim: Claim) -> Access:
    """The address, keys and ids by which to reach the claim's connection at Nango."""
    return Access(
        claim.provider,
        claim.nango_connection_id,
        settings.NANGO["secret"],
        claim.integration,
        settings.NANGO["host"],
    )


def pace(provider: str) -> float:
    """The minimum seconds between two requests."""
    return float(settings.ZOHO_PACE) if provider == "zoho_mail" else BY_NAME[provider].pace


async def _walked(attempt: Attempt, nango: Nango, cursor: Cursor | None) -> None:
    async for page in SOURCES[attempt.claim.provider].pages(nango, cursor):
        await _page(attempt, nango, page)


async def _page(attempt: Attempt, nango: Nango, page: Page) -> None:
    """Save the page. Most pages need one save.

    A page with many contents needs several saves. Only the last one stores the cursor. If the sync
    is interrupted before, the page is listed again, but the contents stored by then are not read
    again.
    """
    claim, generation = attempt.claim, page.generation
    effects = await attempt.threads.run(store_page.effects, claim, page)
    worth = [item for item in effects.fresh if item_contents.worth_reading(item)]
    plain = [item for item in effects.fresh if not item_contents.worth_reading(item)]
    listed = [item_contents.listed(item) for item in plain]
    await _saved(attempt, Part(listed, effects, None if worth else page, generation))
    await _contents(attempt, nango, worth, page)


async def _contents(
    attempt: Attempt, nango: Nango, items: Sequence[Item], page: Page | None = None
) -> None:
    """Fetch and read the items, AT_ONCE at a time, and save each group. The last save ends the
    page."""
    parts = list(batched(items, AT_ONCE))
    senders = item_contents.senders_of(page.items if page else items)
    for number, some in enumerate(parts, 1):
        with tempfile.TemporaryDirectory(prefix="finley-") as folder:
            contents = await _fetched(nango, Path(folder), some)
            hints = await attempt.threads.run(with_known, attempt.claim.user_id)
            contents = [await _read(attempt, content, senders, hints) for content in contents]
            end = page if number == len(parts) else None
            await _saved(attempt, Part(contents, None, end, page.generation if page else ""))


async def _read_again(attempt: Attempt, nango: Nango) -> None:
    """Read again the items that earlier syncs could not read, and save them."""
    items = await attempt.threads.run(store_page.due_again, attempt.claim)
    again = partial(SOURCES[attempt.claim.provider].again, nango)
    results = await each_alone(again, items, last_try=nango.last_try)
    fresh: list[Item] = []
    failed: list[Content] = []
    for item, result in zip(items, results, strict=True):
        if isinstance(result, Failed):
            failed.append(item_contents.unreadable(item, result.reason, failed=result.passing))
        else:
            fresh += [one for one in result if not one.deleted]
    if failed:
        await _saved(attempt, Part(failed))
    worth = [item for item in fresh if item_contents.worth_reading(item)]
    plain = [item for item in fresh if not item_contents.worth_reading(item)]
    if plain:
        await _saved(attempt, Part([item_contents.listed(item) for item in plain]))
    await _contents(attempt, nango, worth)


async def _fetched(nango: Nango, folder: Path, items: Sequence[Item]) -> list[Content]:
    """Fetch the items, each into a folder of its own, because their names may be equal."""

    async def fetch(numbered: tuple[int, Item]) -> Content:
        own = folder / str(numbered[0])
        own.mkdir()
        return await item_contents.fetched(nango, numbered[1], own)

    results = await each_alone(fetch, list(enumerate(items)), last_try=nango.last_try)
    return [
        item_contents.unreadable(item, result.reason, failed=result.passing)
        if isinstance(result, Failed)
        else result
        for item, result in zip(items, results, strict=True)
    ]


async def _read(
    attempt: Attempt, content: Content, senders: item_contents.Senders, hints: Hints
) -> Content:
    """Let a parser read the item; if it cannot, return the content as unreadable. A sync reads one
    item at a time, so that it does not occupy all parsers."""
    try:
        return await item_contents.read(attempt.parsers, content, senders, hints)
    except ParserFailed as error:
        return item_contents.unreadable(content.item, str(error), failed=True)
    except Unreadable as error:
        return item_contents.unreadable(content.item, str(error))


async def _saved(attempt: Attempt, part: Part) -> None:
    """Save the part in one transaction. If some item cannot be stored, save each item in a
    transaction of its own."""
    try:
        await attempt.save(_all_saved, attempt.claim, part)
    except Exception as error:
        if not part.contents or not _is_of_an_item(error):
            raise
        await attempt.save(_all_saved, attempt.claim, replace(part, contents=(), end=None))
        for content in part.contents:
            await _saved_alone(attempt, content, part.generation)
        await attempt.save(_all_saved, attempt.claim, replace(part, contents=(), effects=None))


async def _saved_alone(attempt: Attempt, content: Content, generation: str) -> None:
    """Save the content as it was read. If that fails, save the item as unreadable. If that fails,
    too, save only its id and kind."""
    bare = Item(content.item.external_id, content.item.kind, parent_id=content.item.parent_id)
    try:
        await attempt.save(_all_saved, attempt.claim, Part([content], generation=generation))
        return
    except Exception as error:
        if not _is_of_an_item(error):
            raise
        note = sentence_of(error)
    for item in (content.item, bare):
        try:
            set_aside = item_contents.unreadable(item, note, failed=True)
            await attempt.save(_all_saved, attempt.claim, Part([set_aside], generation=generation))
            return
        except Exception as error:
            if not _is_of_an_item(error) or item is bare:
                raise


def _is_of_an_item(error: Exception) -> bool:
    """Return whether an item caused the error, for example by a statement that took too long. An
    item cannot cause a lost lease or an unreachable database."""
    if isinstance(error, SyncError):
        return False
    too_long = isinstance(error.__cause__, QueryCanceled)
    return too_long or not isinstance(error, UNREACHABLE)


def _all_saved(connection: BaseDatabaseWrapper, save: Save, claim: Claim, part: Part) -> None:
    """Import the ledger files, each wholly or not at all, then save the rest of the part."""
    part.counts["rows"] = sum(_imported(claim, content) for content in part.contents)
    store_page.save(connection, save, claim, part)


def _imported(claim: Claim, content: Content) -> int:
    """Import the content's rows and return the number of new and changed ones. If a file cannot be
    stored, the content's note says why."""
    if content.parts is None or content.path is None:
        return 0
    try:
        parts = [of_account(claim.user_id, part, NO_HINTS) for part in content.parts]
        imported = store_parts(claim.user_id, content.path, parts, _rejects(claim))
    except LedgerError as error:
        content.used_as, content.note = ItemUse.UNREADABLE, str(error)
        return 0
    content.used_as = ItemUse.LEDGER
    counts = imported.counts
    content.note = (
        f"{imported.format}: {counts.rows_in} rows, {counts.rows_stored} stored, "
        f"{counts.rows_updated} updated, {counts.rows_rejected} rejected"
    )
    if remarks := [*imported.warnings, *(doubt.text for doubt in imported.doubts)]:
        content.note = f"{content.note}. Not sure: {'; '.join(remarks)}"[: item_contents.NOTE]
    return counts.rows_stored + counts.rows_updated


def _rejects(claim: Claim) -> Path:
    return Path(settings.STATE_DIR) / "rejects" / str(claim.connection_id)
