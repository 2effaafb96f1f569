"""What finley got wrong, put right by mouse: parties, links between rows, and an import."""

import os
from pathlib import Path

import pytest

from graph import models
from graph.view import refresh
from syncjobs import queue
from syncjobs.uploads import lifecycle, upload_job
from tests.finley import browser
from tests.finley.browser import Browser
from tests.finley.web.test_browser import axe, chromium, violations, window  # noqa: F401
from tests.graph import rows
from tests.syncjobs import workers

pytestmark = pytest.mark.skipif(
    not browser.installed(), reason="no chromium with its chromedriver here"
)
BOOKS = b"""Date,Supplier,Invoice Number,Amount,Currency
2024-03-01,Acme Mills,A-1,120.50,GBP
2024-03-15,Elm Printing,B-7,1200.00,GBP
"""
PICTURES = os.environ.get("PICTURES", "")  # a folder, to look at the pages


def checked(opened: Browser, axe: str, name: str) -> None:  # noqa: F811
    """The page is accessible and fits, wide and narrow."""
    found = []
    for width in (390, 1360):
        opened.look_like(width, "light")
        beyond = opened.run(
            "const page = document.documentElement; return page.scrollWidth - page.clientWidth"
        )
        found += [f"{name} {width}: {beyond} px beyond"] if beyond > 0 else []
        found += [f"{name} {width}: {each}" for each in violations(opened, axe)]
        if PICTURES:
            (Path(PICTURES) / f"{name}-{width}.png").write_bytes(opened.picture())
    assert found == []


def says(opened: Browser, text: str) -> None:
    opened.until(f"return document.body.innerText.includes({text!r})")


@pytest.fixture
def upload(person):
    """An imported file of two rows."""
    sent = lifecycle.begin(person.id, "books.csv", len(BOOKS), person.email)
    lifecycle.piece(person.id, sent.pk, 0, BOOKS)
    lifecycle.received(person.id, sent.pk)
    upload_job.run(person.id, sent.pk)
    lifecycle.confirm(person.id, sent.pk)
    upload_job.run(person.id, sent.pk)
    yield sent
    workers.clean(queue.NAME)


def test_what_is_wrong_is_put_right_by_mouse(own_queue, upload, window, books, axe):  # noqa: F811
    opened, address = window
    merged_and_back(opened, f"{address}/parties/{books.acme}/", axe)
    taken_apart_and_back(opened, address, books, axe)
    opened.open(f"{address}/import/{upload.pk}/")
    opened.click("a[href$='/take-back/']")
    says(opened, "2 rows leave your books")
    checked(opened, axe, "take-back")
    opened.click("form.row button.main")
    says(opened, "being taken back")
    upload_job.run(upload.user_id, upload.pk)
    says(opened, "2 rows left your books")
    checked(opened, axe, "taken-back")
    assert opened.said() == []


def merged_and_back(opened: Browser, party: str, axe: str) -> None:  # noqa: F811
    opened.open(party)
    opened.click("a[href$='/merge/']")
    opened.until("return document.querySelector('#main input[name=name]')")
    opened.type("#main input[name=name]", "boro")
    opened.click("#main form button")
    opened.until("return document.querySelector('a[aria-label=\"Compare with Borough\"]')")
    checked(opened, axe, "merge-search")
    opened.click("a[aria-label='Compare with Borough']")
    says(opened, "What would be one")
    checked(opened, axe, "merge-preview")
    opened.click("button[value=merge]")
    says(opened, "The two are one party now")
    opened.click("#main details:has(button[value=undo]) summary")
    checked(opened, axe, "merged")
    opened.click("button[value=undo]")
    says(opened, "That decision was taken back")


def taken_apart_and_back(opened: Browser, address: str, books, axe: str) -> None:  # noqa: F811
    flows = models.RelationshipInstance.objects.using("owner")
    one, other = (flows.get(pk=key) for key in (books.plain, books.to_borough))
    rows.relationship(
        one.user_id, one.target_event, other.target_event, relationship_type="same_transaction",
        edge_class="link", reason="both state 3.00 GBP",
    )  # fmt: skip
    refresh.refresh()
    opened.open(f"{address}/payments/{books.plain}/")
    says(opened, "These are not the same")
    checked(opened, axe, "linked")
    opened.click("button[value=apart]")
    says(opened, "The two are apart now")
    checked(opened, axe, "apart")
    opened.click("button[value=undo]")
    says(opened, "belong together again")
