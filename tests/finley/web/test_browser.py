"""The pages in a real browser: by mouse and keyboard, wide and narrow, in light and dark."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from graph import models
from graph.view import refresh
from syncjobs import queue
from syncjobs.models import Upload
from tests.finley import browser
from tests.finley.browser import Browser
from tests.finley.web.conftest import PASSWORD, a_case
from tests.graph.api.conftest import serving
from tests.syncjobs import workers

TAB, ENTER = "\ue004", "\ue007"
pytestmark = pytest.mark.skipif(
    not browser.installed(), reason="no chromium with its chromedriver here"
)


@pytest.fixture
def window(person, books, tmp_path: Path) -> Iterator[tuple[Browser, str]]:
    """Signed in by the keyboard alone, at the overview; and the server's address."""
    a_case(person.id, books.annotated, books.plain)
    refresh.refresh()
    with serving() as server, browser.browser(tmp_path / "profile") as opened:
        opened.open(f"{server.address}/account/sign-in/")
        opened.until("return document.activeElement.name === 'username'")
        opened.press(*person.email, TAB, *PASSWORD, ENTER)
        opened.until("return location.pathname === '/' && document.querySelector('svg.chart')")
        yield opened, server.address


def test_no_page_scrolls_sideways_or_complains(window, books):
    opened, address = window
    paths = [
        "/",
        "/search/?q=acme",
        "/parties/",
        f"/parties/{books.acme}/",
        f"/explore/{books.sales}/?depth=2",
        "/payments/",
        f"/payments/{books.annotated}/",
        "/review/",
        "/review/parties/",
        "/recurring/",
        "/recurring/calendar/?month=2024-03",
        "/import/",
        "/account/",
    ]
    opened.said()
    for width, scheme in ((1360, "light"), (390, "dark")):
        opened.look_like(width, scheme)
        for path in paths:
            opened.open(f"{address}{path}")
            opened.until("return document.readyState === 'complete'")
            wide = opened.run("return document.documentElement.scrollWidth")
            assert wide <= width, f"{path} is {wide} px wide in a window of {width} px"
            assert opened.said() == [], path
        ground = opened.run("return getComputedStyle(document.body).backgroundColor")
        assert (max(map(int, ground[4:-1].split(","))) < 60) == (scheme == "dark")


def test_a_case_is_decided_and_taken_back_by_keys(window, person):
    opened, address = window
    states = models.PaymentCase.objects.using("owner").filter(user_id=person.id)
    opened.open(f"{address}/review/")
    opened.press("?")
    opened.until("return document.getElementById('keys').open")
    opened.press(ENTER)
    opened.until("return !document.getElementById('keys').open")
    opened.press("j")
    opened.until("return document.activeElement.matches('[data-case]')")
    opened.press("c")
    opened.until("return document.querySelector('.message.success')")
    assert [case.state for case in states] == ["confirmed"]
    opened.press("u")
    opened.until("return document.querySelectorAll('[data-case]').length === 1")
    assert [case.state for case in states.all()] == ["open"]
    opened.press("j", "d")
    opened.until("return !document.querySelector('[data-case]')")
    assert [case.state for case in states.all()] == ["dismissed"]
    assert opened.said() == []


def test_parties_are_found_while_typing(window):
    opened, address = window
    opened.open(f"{address}/parties/")
    opened.until("return window.htmx && document.querySelector('#results table')")
    opened.type("#party-name", "borogh")
    opened.until("return location.search.includes('borogh')")
    opened.until("return document.querySelectorAll('#results tbody tr').length === 1")
    assert "Borough" in opened.run("return document.querySelector('#results').textContent")
    assert opened.said() == []


def test_the_graph_moves_and_shows_whose_lines_are_whose(window, books):
    opened, address = window
    opened.open(f"{address}/explore/{books.sales}/")
    before = opened.run("return document.getElementById('graph').getAttribute('viewBox')")
    opened.run("document.querySelector('[data-zoom=in]').click()")
    assert opened.run("return document.getElementById('graph').getAttribute('viewBox')") != before
    opened.run("document.querySelector('[data-zoom=whole]').click()")
    assert opened.run("return document.getElementById('graph').getAttribute('viewBox')") == before
    opened.run(f"document.querySelector('[data-node=\"{books.acme}\"]').focus()")
    assert opened.run("return document.querySelectorAll('line.lit').length") == 1


def test_a_file_is_sent_in_pieces_shown_and_imported(window, person, tmp_path: Path):
    opened, address = window
    rows = "".join(f"2024-03-{n % 28 + 1:02},Acme,N-{n},{n}.00,GBP\n" for n in range(1, 30_001))
    file = tmp_path / "large.csv"
    file.write_text("Date,Supplier,Invoice Number,Amount,Currency\n" + rows)
    try:
        with workers.worker(tmp_path / "worker.log", ARQ_JOB_TIMEOUT="120"):
            opened.open(f"{address}/import/")
            opened.type("#files", str(file))
            opened.run("document.querySelector('#upload button').click()")
            opened.until("return document.querySelector('main table tbody tr td.day')", 60)
            assert "as they would be read" in opened.run("return document.body.textContent")
            opened.run("document.querySelector('form[action$=\"confirm/\"] button').click()")
            opened.until("return document.body.textContent.includes('What became of')", 90)
    finally:
        workers.clean(queue.NAME)
    upload = Upload.objects.using("owner").get(user_id=person.id)
    assert upload.outcome["rows_stored"] == 30_000
    assert opened.said() == []
