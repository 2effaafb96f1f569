"""The pages in a real browser: by mouse and keyboard, wide and narrow, in light and dark."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session

from finley.models import User
from graph import models
from graph.database.role import as_owner
from graph.view import refresh
from syncjobs import queue
from syncjobs.models import Upload
from tests.finley import browser
from tests.finley.browser import Browser
from tests.finley.web.conftest import PASSWORD, a_case
from tests.graph import rows
from tests.syncjobs import workers

ROOT = Path(__file__).resolve().parents[3]
TAB, ENTER = "\ue004", "\ue007"
pytestmark = pytest.mark.skipif(
    not browser.installed(), reason="no chromium with its chromedriver here"
)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory) -> Iterator[Browser]:
    """One browser for all tests of this module."""
    with browser.browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def window(person, books, chromium: Browser, server: str) -> Iterator[tuple[Browser, str]]:
    """Signed in by the keyboard alone, at the overview; and the server's address."""
    a_case(person.id, books.annotated, books.plain, evidence={"for": [], "against": ["a contract"]})
    two = rows.entity(person.id, "Acme Wool Ltd"), rows.entity(person.id, "Acme Yarns")
    rows.add(
        models.EntityResolution, user_id=person.id, kept_id=two[0].id, merged_id=two[1].id,
        confidence=0.6, reason="nearly the same name", decided="open",
    )  # fmt: skip
    refresh.refresh()
    chromium.forget()
    chromium.open(f"{server}/account/sign-in/")
    chromium.until("return document.activeElement.name === 'username'")
    chromium.press(*person.email, TAB, *PASSWORD, ENTER)
    chromium.until("return location.pathname === '/' && document.querySelector('svg.chart')")
    chromium.said()
    yield chromium, server
    chromium.look_like(1360, "light")


@pytest.fixture(scope="module")
def axe() -> str:
    """axe-core's script, which `make assets` fetches."""
    file = ROOT / "build" / "assets" / "axe.min.js"
    if not file.is_file():
        pytest.skip("axe-core is not here: make assets fetches it from npm")
    return file.read_text()


def violations(opened: Browser, axe: str) -> list[str]:
    """What axe finds on the page against WCAG 2.2 AA, each with the first element."""
    opened.run(axe)
    found = opened.run_async(
        "const done = arguments[arguments.length - 1];"
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],"
        " resultTypes: ['violations']}).then((result) => done(result.violations.map("
        "(each) => `${each.id}: ${each.nodes[0].html} ${each.nodes[0].failureSummary}`)))"
    )
    return list(found)


def all_pages(books) -> list[str]:
    return [
        "/",
        "/search/?q=acme",
        "/search/rows/?q=INV-7",
        "/parties/",
        f"/parties/{books.acme}/",
        f"/explore/{books.sales}/?depth=2",
        "/explore/",
        "/explore/?min_amount=lots",
        "/payments/",
        f"/payments/{books.annotated}/",
        "/review/",
        "/review/?state=dismissed",
        "/review/parties/",
        "/review/missed/",
        "/recurring/",
        "/recurring/due/?span=30-days",
        f"/recurring/{books.annotated}/",
        "/recurring/calendar/?month=2024-03",
        "/spending/",
        "/open/",
        "/cash/rows/?way=out&currency=GBP",
        "/import/",
        "/account/",
        "/nothing-is-here/",
    ]


REFUSED = ("nothing-is-here", "min_amount=lots")  # in the addresses of pages of errors
# Contrast depends on the scheme, and the layout on the width: two looks show each once.
LOOKS = [(1360, "light"), (390, "dark")]
OTHER_LOOKS = [(1360, "dark"), (390, "light")]


@pytest.fixture(params=[LOOKS, pytest.param(OTHER_LOOKS, marks=pytest.mark.thorough)])
def looks(request) -> list[tuple[int, str]]:
    return request.param


def test_every_page_is_accessible_and_none_scrolls_sideways_or_complains(
    window, person, books, axe, looks
):
    opened, address = window
    opened.said()
    found = []
    case = models.PaymentCase.objects.using("owner").get(user_id=person.id)
    for path in [*all_pages(books), f"/review/{case.pk}/"]:
        opened.open(f"{address}{path}")
        opened.until("return document.readyState === 'complete'")
        if path == "/explore/":
            drawn(opened)
        for width, scheme in looks:
            opened.look_like(width, scheme)
            beyond = opened.run(
                "const page = document.documentElement; return page.scrollWidth - page.clientWidth"
            )
            if beyond > 0:
                found.append(f"{path} {width}: {beyond} px lie beyond the window's side")
            look = f"{path} {width} {scheme}"
            found += [f"{look}: {each}" for each in violations(opened, axe)]
            found += [f"{look}: {each}" for each in opened.said()
                      if not any(path in each for path in REFUSED)]  # fmt: skip
    assert found == []


def test_pages_without_a_session_are_accessible(chromium, server, committed, axe, looks):
    chromium.forget()
    for path in ("/account/sign-in/", "/account/password/"):
        chromium.open(f"{server}{path}")
        for width, scheme in looks:
            chromium.look_like(width, scheme)
            assert violations(chromium, axe) == [], (path, width, scheme)


def test_the_browser_s_scheme_is_the_page_s(window):
    opened, address = window
    for scheme in ("light", "dark"):
        opened.look_like(390, scheme)
        opened.open(f"{address}/")
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


def drawn(opened: Browser) -> None:
    if opened.run("return Boolean(document.getElementById('explorer'))"):
        opened.until("return document.getElementById('explorer').dataset.ready")


def test_the_whole_graph_is_drawn_and_a_party_has_its_panel_and_permalink(window, books):
    opened, address = window
    opened.open(f"{address}/explore/")
    if not opened.run("return Boolean(document.getElementById('explorer'))"):
        pytest.skip("what draws the graph is not here: make assets fetches it from npm")
    drawn(opened)
    assert "7 parties" in opened.run("return document.getElementById('counts').textContent")
    opened.until("return document.getElementById('explorer').dataset.whole")
    opened.type("#find-party", f"Acme 100% Wool{TAB}")
    opened.until("return !document.getElementById('panel').hidden")
    panel = "return document.getElementById('panel').textContent"
    assert "GBP 123.50 in 2 payments" in opened.run(panel)
    assert opened.run("return location.hash") == f"#party={books.acme}"
    opened.type("#path-to", "Borough")
    opened.run("document.querySelector('#panel .row button').click()")
    opened.until("return document.querySelectorAll('#path-found li').length === 2")
    opened.run("document.getElementById('pin').click()")
    assert opened.run("return document.getElementById('pinned').textContent") == (
        "Acme 100% Wool unpin"
    )
    view = opened.run("return location.href")
    assert f"path={books.borough}" in view
    opened.open(f"{address}/account/")
    opened.open(f"{view}&near=yes")
    drawn(opened)
    opened.until("return document.querySelectorAll('#path-found li').length === 2")
    assert opened.run("return document.querySelectorAll('#pinned li').length") == 1
    assert "2 parties, 1 pairs" in opened.run(
        "return document.getElementById('counts').textContent"
    )
    opened.open(f"{address}/account/")
    opened.open(f"{address}/explore/#party={books.borough}&colours=community&least=1000")
    drawn(opened)
    assert "Borough" in opened.run(panel)
    assert "0 pairs" in opened.run("return document.getElementById('counts').textContent")
    opened.run("document.getElementById('png').click()")
    opened.open(f"{address}/explore/?since=2024-02-01")
    drawn(opened)
    assert "1 pairs" in opened.run("return document.getElementById('counts').textContent")
    assert opened.said() == []


def test_more_adds_rows_and_back_shows_them_again(window, person):
    opened, address = window
    payer, payee = rows.entity(person.id, "Office", "department"), rows.entity(person.id, "Shop")
    for n in range(70):
        rows.payment(person.id, payer, payee, n + 1)
    refresh.refresh()
    shown = "return document.querySelectorAll('#rows tr').length"
    opened.open(f"{address}/payments/?party=Shop")
    assert opened.run(shown) == 50
    opened.run("document.querySelector('#rows tr').dataset.seen = 'yes'")
    opened.click("#more-link")
    opened.until(f"{shown} === 70")
    assert opened.run("return document.querySelector('#rows tr').dataset.seen") == "yes"
    assert not opened.run("return Boolean(document.getElementById('more-link'))")
    opened.run("document.querySelector('#rows tr:last-child td.number a').click()")
    opened.until("return location.pathname !== '/payments/'")
    opened.run("history.back()")
    opened.until("return location.pathname === '/payments/' && document.readyState === 'complete'")
    assert opened.run(shown) == 70
    assert opened.said() == []


def test_a_missed_payment_is_dismissed_and_expected_again(window, person):
    opened, address = window
    opened.open(f"{address}/review/missed/")
    opened.press("j", "d")
    opened.until("return document.querySelector('.message.success')")
    prediction = models.PredictedRelationship.objects.using("owner").get(user_id=person.id)
    assert (prediction.status, prediction.evidence["cancelled_by"]) == ("cancelled", person.email)
    opened.open(f"{address}/review/missed/?show=dismissed")
    opened.run("document.querySelector('article form button').click()")
    opened.until("return document.querySelector('.message.success')")
    prediction.refresh_from_db()
    assert prediction.status == "overdue"


QUESTIONS = {  # from the overview, by clicks of the mouse; the page that answers, and its words
    "what did we pay twice": (["#risk ~ a"], "/review/", "GBP 120.50 at risk"),
    "what is due": (["nav a[href='/recurring/']"], "/recurring/", "1 series, as of"),
    "what is due next week": (["#due ~ p a[href$=next-week]"], "/recurring/due/", "Due from"),
    "who costs us more": (["#rises ~ p a"], "/spending/", "Who costs more?"),
    "show me this vendor": (
        ["nav a[href='/parties/']", "#results tbody a"],
        "/parties/",
        "Counterparties",
    ),
}


def test_each_question_is_answered_by_the_mouse_in_at_most_two_clicks(window):
    opened, address = window
    for question, (links, path, words) in QUESTIONS.items():
        assert len(links) <= 2
        opened.open(f"{address}/")
        for link in links:
            before = opened.run("return location.pathname")
            opened.click(link)
            opened.until(f"return location.pathname !== {before!r}")
            opened.until("return document.readyState === 'complete'")
        assert opened.run("return location.pathname").startswith(path), question
        assert words in opened.run("return document.body.textContent"), question
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


def a_file(folder: Path) -> Path:
    """Of two pieces, with a row that cannot be read."""
    note = "n" * 500
    rows = [f"2024-03-{n % 28 + 1:02},Acme,N-{n},{n}.00,GBP,{note}" for n in range(1, 1_201)]
    lines = ["Date,Supplier,Invoice Number,Amount,Currency,Note", *rows]
    lines.append("2024-03-30,Dock Ltd,N-0,lots,GBP,")
    file = folder / "large.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_a_file_survives_a_lost_connection_and_its_rejected_row_a_lost_session(
    window, person, tmp_path: Path
):
    opened, address = window
    body = "return document.body.textContent"
    try:
        with workers.worker(tmp_path / "worker.log", ARQ_JOB_TIMEOUT="120"):
            opened.open(f"{address}/import/")
            opened.block("*/pieces/1/*")
            opened.type("#files", str(a_file(tmp_path)))
            opened.run("document.querySelector('#upload button').click()")
            opened.until("return document.querySelector('#progress [role=alert]')", 40)
            assert "The connection is lost" in opened.run(body)
            opened.open(f"{address}/import/")  # the page was closed meanwhile
            opened.block()
            opened.type("#files", str(tmp_path / "large.csv"))
            opened.run("document.querySelector('#upload button').click()")
            opened.until("return document.querySelector('td[data-label=Day]')", 60)
            assert "as they will be read" in opened.run(body)
            opened.run("document.querySelector('form[data-api=confirm] button').click()")
            opened.until("return document.getElementById('rejected')", 90)
    finally:
        workers.clean(queue.NAME)
    (upload,) = Upload.objects.using("owner").filter(user_id=person.id)
    assert upload.outcome["rows_stored"] == 1_200
    assert all("ERR_" in line for line in opened.said())
    mend_after_the_session_ended(opened, person)
    upload.refresh_from_db()
    assert (upload.outcome["rows_stored"], upload.outcome["rows_rejected"]) == (1_201, 0)


def mend_after_the_session_ended(opened: Browser, person: User) -> None:
    opened.run("document.querySelector('.mend .doubted input').value = '70.00'")
    with as_owner():
        Session.objects.all().delete()
    send = "document.querySelector('form[data-api=mend] button').click()"
    opened.run(send)
    told = opened.until("return document.querySelector('[data-refusal]')?.textContent")
    assert "Your session has ended. Sign in in another tab" in told
    body = json.dumps({"email": person.email, "password": PASSWORD})
    opened.run_async(
        "fetch('/api/v1/session/', {method: 'POST', headers: {'Content-Type': 'application/json'},"
        f" body: {body!r}}}).then(arguments[arguments.length - 1])"
    )
    assert opened.run("return document.querySelector('.mend .doubted input').value") == "70.00"
    opened.run(send)
    said = opened.until("return document.querySelector('.message.success')?.textContent")
    assert said == "Of the rows that you sent: 1 stored."
    assert not opened.run("return Boolean(document.getElementById('rejected'))")
