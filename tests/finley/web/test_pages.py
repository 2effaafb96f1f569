"""What the pages show of a tenant's books, and nothing of another's."""

import csv
import io
import re
from datetime import UTC, datetime, time, timedelta
from uuid import uuid4

import pytest
from django.db import connections, transaction
from django.test import Client
from openpyxl import load_workbook

from finley.web import answer_cache
from finley.web.words.text import day as written
from graph import models
from graph.errors import ViewUnpopulated
from graph.questions import days
from graph.view import refresh
from tests.finley.web.conftest import PASSWORD, a_case, text_of
from tests.graph import rows

LISTS = ("payments", "parties", "review", "recurring")


def pages(books) -> list[str]:
    return [
        "/",
        "/search/?q=acme",
        "/search/?q=INV-7",
        "/search/?q=120.50",
        "/search/rows/?q=INV-7",
        "/parties/",
        f"/parties/{books.acme}/",
        "/payments/",
        f"/payments/{books.annotated}/",
        "/review/",
        "/review/parties/",
        "/review/missed/",
        "/review/missed/?show=dismissed",
        "/open/",
        "/cash/rows/?way=out&currency=GBP",
        "/spending/rows/?currency=GBP",
        "/spending/",
        "/spending/?by=category&period=month&order=amount",
        "/explore/",
        f"/explore/{books.acme}/",
        "/import/",
        "/recurring/",
        "/recurring/due/",
        "/recurring/calendar/",
        f"/recurring/{books.annotated}/",
        "/account/",
    ]


def test_every_page_answers_with_a_strict_policy_and_one_heading(client, books):
    for path in pages(books):
        response = client.get(path)
        assert response.status_code == 200, path
        assert "style-src 'self';" in response["Content-Security-Policy"] + ";"
        text = text_of(response)
        assert text.count("<h1") == 1, path
        assert "style=" not in text, path
        assert "<script>" not in text, path
        assert len(text) < 150_000, path
        visible = re.sub(r"<[^>]+>", " ", text)
        assert not re.search(r"\b[0-9a-f]{8}-[0-9a-f]{4}-|\b[0-9a-f]{32}\b", visible), path


def test_the_overview_shows_each_sum_with_its_currency_and_where_it_comes_from(
    client, tenant, books
):
    a_case(tenant.id, books.annotated, books.plain)
    text = text_of(client.get("/"))
    assert re.search(r"GBP 120\.50</span></a>\s*<p class=\"note\">at risk in 1 open case,", text)
    address = "/cash/rows/?way=out&currency=GBP&since=2024-02-01&until=2024-02-29"
    assert f'href="{address.replace("&", "&amp;")}"' in text
    month = text_of(client.get(address))
    assert month.count('<td data-label="Amount"') == 1
    assert f"/payments/{books.annotated}/" in month


def test_the_overview_counts_what_stands_on_later_pages_of_a_layer(client, tenant, monkeypatch):
    monkeypatch.setattr("finley.web.due_and_risen.A_PAGE", 2)
    office, power = rows.entity(tenant.id, "Office", "department"), rows.entity(tenant.id, "Power")
    for day in range(1, 8):
        when = datetime(2024, 1, day, tzinfo=UTC)
        ends = [
            rows.event(tenant.id, who, amount=much, occurred_at=when)
            for who, much in ((office, -60), (power, 60))
        ]
        paid = rows.relationship(tenant.id, *ends)
        rows.add(
            models.RootCauseAnalysis,
            user_id=tenant.id,
            relationship_id=paid.id,
            root_cause_analysis="The price rose.",
            confidence=0.9,
            evidence={"what": "amount", "usual": 50},
        )
    refresh.refresh()
    assert "the newest 5 of 7 payments" in text_of(client.get("/"))


def in_series(user, office, name: str, amounts: list[int]) -> list:
    """Monthly payments, the last 5 days ago; those above the first are above the usual amount."""
    party, today = rows.entity(user, name), days.today(user)
    series = rows.add(
        models.TemporalPattern, user_id=user, key=name, recurrence_score=0.9,
        recurrence_frequency="monthly", last_occurrence=today, next_predicted_occurrence=today,
    )  # fmt: skip
    for ago, amount in zip(range(5 + 30 * (len(amounts) - 1), 0, -30), amounts, strict=True):
        when = datetime.combine(today - timedelta(days=ago), time.min, UTC)
        ends = [rows.event(user, who, amount=much, occurred_at=when)
                for who, much in ((office, -amount), (party, amount))]  # fmt: skip
        paid = rows.relationship(user, *ends, temporal_pattern_id=series.pk)
        if amount > amounts[0]:
            rows.add(
                models.RootCauseAnalysis, user_id=user, relationship_id=paid.id, confidence=0.9,
                root_cause_analysis="It is more.", evidence={"what": "amount", "usual": amounts[0]},
            )  # fmt: skip


def test_a_lasting_rise_is_told_once_and_only_while_it_is_new(client, tenant):
    office = rows.entity(tenant.id, "Office", "department")
    in_series(tenant.id, office, "Phones", [50, 50, 50, 60, 60])
    in_series(tenant.id, office, "Rent", [800, 800, 900, 900, 900, 900, 900])
    in_series(tenant.id, office, "Power", [60, 60, 70, 70, 70, 95])
    refresh.refresh()
    page = text_of(client.get("/"))
    section = page.split('id="rises"')[1]
    since = written(days.today(tenant.id) - timedelta(days=35))
    assert section.count(">Phones</a>") == 1
    assert f'<td data-label="Since" class="day">{since}</td>' in section
    assert "GBP 60.00</a>" in section
    assert ">Rent</a>" not in section, "it rose more than 62 days ago"
    assert section.count(">Power</a>") == 1
    assert "1 payment of recurring series above" in section


def test_the_overview_says_what_came_since_the_last_visit(person, books):
    def signed_in() -> tuple[Client, str]:
        client = Client()
        form = {"username": person.email, "password": PASSWORD}
        client.post("/account/sign-in/", form)
        return client, text_of(client.get("/"))

    assert "Since your last visit" not in signed_in()[1]
    new = rows.payment(person.id)
    a_case(person.id, books.annotated, books.plain)
    refresh.refresh()
    client, page = signed_in()
    assert "Since your last visit" in page
    assert '<a href="/payments/new/">1 new row</a>' in page
    assert '<a href="/review/?new=yes">1 new open case</a>' in page
    assert text_of(client.get("/review/?new=yes")).count("<article") == 1
    listed = text_of(client.get("/payments/new/"))
    assert 'aria-current="page">Payments</a>' in listed
    assert set(re.findall(r"/payments/([0-9a-f-]{36})/", listed)) == {str(new)}
    client, page = signed_in()
    assert "No new row" in page
    counts = [
        text_of(client.get(f"/review/{query}")).count("<article") for query in ("", "?new=yes")
    ]
    assert counts == [1, 0]


def test_a_payment_that_did_not_come_is_dismissed_and_expected_again(client, tenant, books):
    page = text_of(client.get("/review/missed/"))
    assert "1 recurring payment that did not come" in page
    (address,) = re.findall(r'action="(/review/missed/[^"]+)"', page)
    dismissed = text_of(client.post(address, {"action": "dismiss"}, follow=True))
    assert "The payment is dismissed." in dismissed
    assert "0 recurring payments that did not come" in dismissed
    assert tenant.email in text_of(client.get("/review/missed/?show=dismissed"))
    assert "already" in text_of(client.post(address, {"action": "dismiss"}, follow=True))
    again = text_of(client.post(address, {"action": "expect"}, follow=True))
    assert "The payment is expected again." in again
    client.post(address, {"action": "elsewhere"})
    assert "Settled elsewhere, says" in text_of(client.get("/review/missed/?show=dismissed"))
    assert client.post(address, {"action": "burn"}).status_code == 400


def test_a_series_page_dismisses_what_is_expected_next_and_takes_that_back(client, tenant):
    office = rows.entity(tenant.id, "Office", "department")
    in_series(tenant.id, office, "Phones", [50, 50, 50, 60, 60])
    phones = models.RelationshipInstance.objects.using("owner").filter(user_id=tenant.id)
    last = phones.order_by("-source_event__occurred_at").first()
    due = days.today(tenant.id) + timedelta(days=25)
    rows.add(
        models.PredictedRelationship, user_id=tenant.id, relationship_id=last.pk, amount_low=60,
        amount_high=60, currency="GBP", expected_from=due, expected_to=due, status="pending",
        prediction_confidence=0.9, prediction_reason="it recurs monthly",
    )  # fmt: skip
    refresh.refresh()
    page = f"/recurring/{phones.order_by('source_event__occurred_at').first().pk}/"
    text = text_of(client.get(page))
    assert f"{written(due)}, GBP 60.00 to 60.00. It recurs monthly." in text
    assert set(re.findall(r'/payments/([0-9a-f-]{36})/">GBP', text)) == {str(x.pk) for x in phones}
    prices = text.split("Price changes")[1].split("</table>")[0]
    assert re.findall(r"GBP ([\d.]+)", prices) == ["50.00", "60.00"]
    (address,) = re.findall(r'action="(/review/missed/[^"]+)"', text)
    dismissed = client.post(address, {"action": "dismiss", "back": page}, follow=True)
    assert dismissed.redirect_chain == [(page, 302)]
    assert f"Dismissed by {tenant.email}" in text_of(dismissed)
    assert "Phones" not in text_of(client.get("/recurring/due/?span=30-days"))
    again = text_of(client.post(address, {"action": "expect", "back": page}, follow=True))
    assert "Dismiss: no longer expected" in again
    assert "Phones" in text_of(client.get("/recurring/due/?span=30-days"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("acne wool", "Acme 100% Wool"),
        ("inv-7", "GBP 120.50"),
        ("inv-70", "No payment or invoice has this"),
        ("INV-7", "GBP 120.50"),
        ("120,50", "INV-7"),
        ("GBP 120.50", "INV-7"),
        ("£120.5", "INV-7"),
        ("nobody at all", "No party has a name like this"),
    ],
)
def test_search_finds_names_amounts_and_numbers(client, books, text, expected):
    assert expected in text_of(client.get("/search/", {"q": text}))


@pytest.mark.parametrize("path", ["/", "/payments/", "/parties/", "/search/?q=acme"])
def test_a_page_that_takes_too_long_says_so(client, books, settings, path):
    assert client.get(path).status_code == 200
    answer_cache.forget()
    settings.QUESTIONS = {**settings.QUESTIONS, "request_seconds": 0.2}
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("LOCK TABLE normalized_entities, raw_events IN ACCESS EXCLUSIVE MODE")
        cursor.execute("ALTER MATERIALIZED VIEW view_enriched_relationships RENAME TO held")
        answer = client.get(path)
        transaction.set_rollback(True, using="owner")
    assert answer.status_code == 503
    assert "The page reached its time limit" in text_of(answer)
    assert answer["Retry-After"] == "10"
    settings.QUESTIONS = {**settings.QUESTIONS, "request_seconds": 20}
    assert client.get(path).status_code == 200


def test_search_takes_anything_for_a_text(client, books):
    for text in ("\0", "%", "'; --", "x" * 10_000, "1e999999", "NaN", "½", "9" * 400):
        assert client.get("/search/", {"q": text}).status_code == 200, text


def test_a_vendor_named_script_is_a_name(client, tenant, books):
    evil = rows.entity(tenant.id, "<script>alert(1)</script>")
    payer = rows.entity(tenant.id, '"><img src=x onerror=alert(1)>', kind="department")
    paid = rows.payment(tenant.id, payer, evil, 77)
    refresh.refresh()
    for path in (
        "/parties/",
        f"/parties/{evil.id}/",
        f"/payments/{paid}/",
        "/payments/",
        "/search/?q=%3Cscript%3E",
    ):
        text = text_of(client.get(path))
        assert "<script>alert" not in text, path
        assert "<img" not in text, path
    assert "&lt;script&gt;alert(1)" in text_of(client.get("/payments/"))


def test_a_payment_says_what_each_layer_knows(client, books):
    text = text_of(client.get(f"/payments/{books.annotated}/"))
    for words in ("It recurs monthly", "It follows the pattern rent", "Seen by card, ledger",
                  "The lease rose.", "INV-7", "Sales", "Acme 100% Wool"):  # fmt: skip
        assert words in text
    assert f'/payments/{books.plain}/">The payment that it may repeat' in text


def test_why_a_payment_came_is_walked_over_links(client, tenant):
    user = tenant.id
    sales, vendor = rows.entity(user, "Sales", "department"), rows.entity(user, "Vendor")
    invoice = [
        rows.event(user, who, amount=much, document_ref="I-1")
        for who, much in ((sales, -9), (vendor, 9))
    ]
    bank = [rows.event(user, who, amount=much) for who, much in ((sales, -9), (vendor, 9))]
    bill = rows.relationship(user, *invoice).id
    paid = rows.relationship(user, *bank).id
    rows.relationship(user, invoice[1], bank[1], edge_class="link", relationship_type="settles",
                      reason="row B1 pays all of I-1")  # fmt: skip
    refresh.refresh()
    text = text_of(client.get(f"/payments/{paid}/"))
    assert "row B1 pays all of I-1" in text
    assert f"/payments/{bill}/" in text
    assert "through another row" not in text
    assert text.count("Vendor</a> →") + text.count("→ <a href") == 2, "the payment and its bill"


def test_what_is_asked_wrongly_is_said(client, books):
    for query in ("since=yesterday", "min_amount=lots", "cursor=x", "format=pdf", "has=nothing"):
        response = client.get(f"/payments/?{query}")
        assert response.status_code == 400, query
        assert 'role="alert"' in text_of(response)
    page = text_of(client.get("/payments/?since=yesterday&document_ref=INV-7&max_amount=30"))
    assert (
        'role="alert">yesterday is not a date.'
        in page.split('name="since"')[1].split("</label>")[0]
    )
    for kept in ('value="yesterday"', 'value="INV-7"', 'value="30"'):
        assert kept in page
    assert "No row matches" not in page
    for path in (
        "/payments/",
        "/parties/",
        "/open/",
        "/spending/",
        "/recurring/",
        "/recurring/due/",
    ):
        unknown = client.get(f"{path}?colour=red")
        assert unknown.status_code == 400
        assert "no filter “colour”" in text_of(unknown), path
    for path in (
        f"/payments/{uuid4()}/",
        f"/parties/{uuid4()}/",
        f"/recurring/{uuid4()}/",
        "/payments/x/",
        "/nowhere/",
    ):
        missing = client.get(path)
        assert missing.status_code == 404
        assert '<nav aria-label="Pages">' in missing.content.decode(), path
    for path in ("/review/?state=x", "/recurring/?state=x", "/parties/?kind=x",
                 "/recurring/calendar/?month=2024-13"):  # fmt: skip
        assert client.get(path).status_code == 400


def test_lists_are_files_with_names(client, tenant, books):
    a_case(tenant.id, books.annotated, books.plain)
    for name in LISTS:
        text = client.get(f"/{name}/", {"format": "csv"}).content.decode("utf-8-sig")
        table = list(csv.reader(io.StringIO(text)))
        sheet = load_workbook(
            io.BytesIO(client.get(f"/{name}/", {"format": "xlsx"}).content)
        ).active
        assert [cell.value for cell in sheet[1]] == table[0]
        assert sheet.max_row == len(table) > 1
        assert "Acme 100% Wool" in text


def test_a_file_holds_all_pages_of_the_list_and_runs_no_formula(client, tenant, books):
    payer = rows.entity(tenant.id, "=1+1", kind="department")
    for n in range(60):
        rows.payment(tenant.id, payer, None, n + 1)
    refresh.refresh()
    response = client.get("/payments/", {"format": "csv", "party": "=1+1"})
    table = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert len(table) == 60
    assert {row["From"] for row in table} == {"'=1+1"}
    assert sum(float(row["Amount"]) for row in table) == 60 * 61 / 2
    sheet = load_workbook(
        io.BytesIO(client.get("/payments/", {"format": "xlsx", "party": "=1+1"}).content)
    ).active
    assert sheet["C2"].value == "=1+1"
    assert sheet["C2"].data_type == "s" or sheet["C2"].quotePrefix is not None


def test_a_price_over_time_is_drawn_from_the_payments_of_its_series(client, tenant, books):
    response = client.get(f"/recurring/{books.annotated}/")
    assert "1 payment, GBP" in text_of(response)
    pattern = rows.add(
        models.TemporalPattern,
        user_id=tenant.id,
        key="power",
        recurrence_score=0.9,
        recurrence_frequency="monthly",
        last_occurrence="2024-03-01",
    )
    office, power = rows.entity(tenant.id, "Office", "department"), rows.entity(tenant.id, "Power")
    for month, amount in ((1, 50), (2, 50), (3, 60)):
        when = datetime(2024, month, 1, tzinfo=UTC)
        ends = [
            rows.event(tenant.id, who, amount=much, occurred_at=when)
            for who, much in ((office, -amount), (power, amount))
        ]
        last = rows.relationship(tenant.id, *ends, temporal_pattern_id=pattern.id)
    refresh.refresh()
    text = text_of(client.get(f"/recurring/{last.id}/"))
    assert "3 payments, GBP" in text
    assert "3 amounts over time, the first 1 Jan 2024: 50.00, the last 1 Mar 2024: 60.00" in text
    assert text.count("<circle") == 3


def test_pages_say_so_where_the_view_is_not_there(client, tenant, monkeypatch):
    def fails(*_: object, **__: object) -> None:
        raise ViewUnpopulated

    monkeypatch.setattr("graph.questions.cash_flow.cash_flow", fails)
    response = client.get("/")
    assert response.status_code == 503
    assert "refresh_enriched_view" in text_of(response)
