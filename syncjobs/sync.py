"""A sync, from the cursor to the provider's last page: the body of the four tasks."""

import tempfile
from functools import partial
from itertools import batched
from pathlib import Path

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

from graph.errors import LedgerError
from graph.ingest.import_file import format_of, import_file
from syncjobs import item_contents, save_items
from syncjobs.errors import CursorLost, Transient
from syncjobs.item_contents import Content
from syncjobs.models.choices import ItemUse
from syncjobs.nango import TITLES, Access, Limits, Nango
from syncjobs.run_state import Claim, Save
from syncjobs.runner import Start
from syncjobs.save_items import Part
from syncjobs.sources import SOURCES
from syncjobs.sources.items import Cursor, Item, Page
from syncjobs.sources.paging import together

AT_ONCE = 10  # items with contents a save


async def body(start: Start) -> None:
    """Save page after page. A cursor that is lost is no failure: all is listed anew, once."""
    claim = start.claim
    async with Nango(access(claim), start.client, Limits(pace=pace(claim.provider))) as nango:
        try:
            await _walked(start, nango, claim.cursor)
        except CursorLost:
            await start.save(save_items.cursor_lost)
            try:
                await _walked(start, nango, None)
            except CursorLost as lost:
                title = TITLES[claim.provider]
                raise Transient(f"{title} lost the cursor of a sync that had just begun.") from lost


def access(claim: Claim) -> Access:
    """How Nango is asked for the claim's connection."""
    return Access(
        claim.provider,
        claim.nango_connection_id,
        settings.NANGO["secret"],
        claim.integration,
        settings.NANGO["host"],
    )


def pace(provider: str) -> float:
    """Seconds between two requests: Zoho takes about 30 a minute."""
    return float(settings.ZOHO_PACE) if provider == "zoho_mail" else 0.0


async def _walked(start: Start, nango: Nango, cursor: Cursor | None) -> None:
    async for page in SOURCES[start.claim.provider].pages(nango, cursor):
        await _page(start, nango, page)


async def _page(start: Start, nango: Nango, page: Page) -> None:
    """Most pages are one save. One with many contents takes several: the cursor goes with the last,
    and what is stored by then is not read again when the page is.
    """
    claim, generation = start.claim, page.generation
    found = await start.threads.run(save_items.effects, claim, page)
    worth = [item for item in found.fresh if item_contents.worth_reading(item)]
    plain = [Content(item) for item in found.fresh if not item_contents.worth_reading(item)]
    parts = list(batched(worth, AT_ONCE))
    await start.save(
        save_items.save, claim, Part(plain, found, None if parts else page, generation)
    )
    senders = item_contents.senders_of(page.items)
    for number, some in enumerate(parts, 1):
        with tempfile.TemporaryDirectory(prefix="finley-") as folder:
            got = await together(partial(_fetched, nango, Path(folder)), enumerate(some))
            await start.threads.run(_read, got, senders)
            end = page if number == len(parts) else None
            await start.save(_saved, claim, Part(got, None, end, generation))


async def _fetched(nango: Nango, folder: Path, numbered: tuple[int, Item]) -> Content:
    """Each in a folder of its own, for names repeat."""
    number, item = numbered
    own = folder / str(number)
    own.mkdir()
    return await item_contents.fetched(nango, item, own)


def _read(got: list[Content], senders: dict[str, str]) -> None:
    for content in got:
        item_contents.read(content, senders)


def _saved(connection: BaseDatabaseWrapper, save: Save, claim: Claim, part: Part) -> None:
    """Ledgers go the way of import_ledger, all of a file or nothing; then the rest."""
    rows = sum(_imported(claim, content) for content in part.contents)
    part.counts["rows"] = rows
    save_items.save(connection, save, claim, part)


def _imported(claim: Claim, content: Content) -> int:
    """The rows that were new or changed; a file that is none is noted: the sync goes on."""
    path = content.path
    if path is None or not item_contents.holds_ledger(content.item):
        return 0
    try:
        done = import_file(claim.user_id, path, format_of(path), _rejects(claim))
    except LedgerError as error:
        content.used_as, content.note = ItemUse.UNREADABLE, str(error)
        return 0
    counts = done.counts
    content.used_as = ItemUse.LEDGER
    content.note = (
        f"{done.format}: {counts.rows_in} rows, {counts.rows_stored} stored, "
        f"{counts.rows_updated} updated, {counts.rows_rejected} rejected"
    )
    return counts.rows_stored + counts.rows_updated


def _rejects(claim: Claim) -> Path:
    return Path(settings.STATE_DIR) / "rejects" / str(claim.connection_id)
