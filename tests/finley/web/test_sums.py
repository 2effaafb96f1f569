"""Every sum leads to its rows, which come to the same total and say what they record."""

import html
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from finley.web import more
from finley.web.sums import recurring_totals, spending
from graph import models
from graph.questions import days
from graph.questions.rows import other_names, records
from graph.view import refresh
from tests.finley.web.conftest import a_case, text_of
from tests.graph import rows

MONEY = r"(?:([A-Z]{3}) )?([\d,]+\.\d\d)"


def owed(user: UUID, payer, payee, amount: int, **values) -> models.RelationshipInstance:
    """A row that records an obligation. A negative one turns its money round."""
    ends = (payee, payer) if amount < 0 else (payer, payee)
    first, second = (
        rows.event(user, party, amount=much, records="obligation", **values)
        for party, much in zip(ends, (-abs(amount), abs(amount)), strict=True)
    )
    models.RawEvent.objects.using("owner").filter(pk=first.pk).update(posting=2 - (amount > 0))
    return rows.relationship(user, first, second)


def total(page: str) -> set[tuple[str, Decimal]]:
    """The sums that a page of rows has above them."""
    above = page.split("<tbody", 1)[0]
    sums = re.findall(rf'<span class="figure(?: small)?">{MONEY}</span>', above)
    return {(currency, Decimal(amount.replace(",", ""))) for currency, amount in sums}


def listed(page: str) -> Decimal:
    """The sum of the rows that a page lists."""
    cells = re.findall(rf'data-label="(?:Amount|Open)" class="number"><a [^>]+>{MONEY}<', page)
    return sum((Decimal(amount.replace(",", "")) for _, amount in cells), Decimal(0))


def links(page: str, start: str) -> list[tuple[str, Decimal]]:
    """The addresses that begin so, each with the amount that leads there."""
    found = re.findall(rf'<a href="({re.escape(start)}[^"]*)">(?:<span[^>]*>)?{MONEY}', page)
    return [(html.unescape(address), Decimal(amount.replace(",", "")))
            for address, _, amount in found]  # fmt: skip


@pytest.fixture
def company(tenant):
    """An office that buys and sells in two months; one bill is overdue."""
    user = tenant.id
    office, acme = rows.entity(user, "Office", "department"), rows.entity(user, "Acme")
    shop = rows.entity(user, "Shop", "customer")
    now = datetime.combine(days.today(user), datetime.min.time(), UTC)
    for amount, ago in ((30, 0), (1_000, 0), (50, 35), (7, 400)):
        ends = [
            rows.event(user, party, amount=much, occurred_at=now - timedelta(days=ago))
            for party, much in ((office, -amount), (acme, amount))
        ]
        rows.relationship(user, *ends)
    rows.payment(user, shop, office, 90)
    past, ahead = (date(2024, 2, 10), days.today(user) + timedelta(days=9))
    owed(user, office, acme, 80, due_on=past, document_ref="B-1")
    owed(user, office, acme, 20, due_on=ahead, document_ref="B-2")
    owed(user, shop, office, 60, due_on=past, document_ref="I-1")
    owed(user, office, acme, -5, document_ref="C-1")
    refresh.refresh()
    return {"office": office, "acme": acme, "shop": shop}


@pytest.mark.parametrize(
    ("page", "start", "least"),
    [
        ("/", "/open/", 4),
        ("/recurring/due/", "/open/", 1),
        ("/parties/{acme}/", "/open/", 1),
        ("/", "/cash/rows/", 2),
        ("/spending/?period=year", "/spending/rows/", 1),
        ("/parties/{acme}/", "/cash/rows/", 1),
        ("/parties/{acme}/", "/parties/{acme}/rows/", 1),
        ("/explore/", "/payments/", 2),
        ("/explore/?kind=obligation", "/payments/", 2),
        ("/explore/{acme}/", "/payments/", 1),
    ],
)
def test_a_sum_leads_to_rows_of_the_same_total(client, company, page, start, least):
    ids = {name: entity.id for name, entity in company.items()}
    sums = links(text_of(client.get(page.format(**ids))), start.format(**ids))
    assert len(sums) >= least
    for address, amount in sums:
        text = text_of(client.get(address))
        assert {sum_ for _, sum_ in total(text)} == {amount}, address
        assert listed(text) == amount, address


def test_what_no_statement_shows_has_a_sum_for_each_direction(client, tenant):
    user = tenant.id
    account, office = (
        rows.entity(user, "Current", "account"),
        rows.entity(user, "Office", "department"),
    )
    acme, shop = rows.entity(user, "Acme"), rows.entity(user, "Shop", "customer")
    at = datetime(2025, 3, 5, tzinfo=UTC)
    for payer, payee, amount in ((account, acme, 5), (office, acme, 70), (shop, office, 100)):
        ends = [
            rows.event(user, party, amount=much, occurred_at=at)
            for party, much in ((payer, -amount), (payee, amount))
        ]
        rows.relationship(user, *ends)
    refresh.refresh()
    page = client.get("/cash/rows/?way=off_statement&currency=GBP").content.decode()
    figures = re.findall(r'<span class="figure(?: small)?">([^<]+)</span>', page)
    assert figures == ["GBP 100.00 in", "GBP 70.00 out"]
    assert client.get("/cash/rows/?way=in").status_code == 400


def test_open_bills_of_a_party_and_of_some_days(client, company):
    shop, today = company["shop"].id, days.today(UUID(int=0))
    assert "Nothing is open" in text_of(client.get(f"/open/?party={shop}"))
    page = text_of(client.get(f"/open/?direction=receivable&party={shop}"))
    assert ("of Shop</span>" in page, listed(page)) == (True, 60)
    week = text_of(client.get(f"/open/?since={today}&until={today + timedelta(days=8)}"))
    assert "Nothing is open" in week
    assert client.get("/open/?since=x").status_code == 400
    assert "past its due date" in text_of(client.get("/"))


def test_open_invoices_say_what_they_are_and_how_late(client, company):
    bills = text_of(client.get("/open/?direction=payable"))
    assert ">bill<" in bills
    late = (days.today(UUID(int=0)) - date(2024, 2, 10)).days
    assert f"{late:,} days overdue" in bills
    assert ">invoice<" in text_of(client.get("/open/?direction=receivable"))


def test_a_list_says_what_each_row_records(client, company):
    text = text_of(client.get("/payments/"))
    words = re.findall(r'data-label="Type">([^<]+?)<', text)
    assert sorted(words) == ["Bill", "Bill", "Credit note", "Invoice", *["Payment"] * 5]
    both = client.get("/payments/?party=Acme").content.decode()
    assert total(both) == set(), "a bill and its payment are not added"
    assert "bills and credit notes GBP" in text_of(client.get("/payments/?party=Acme"))
    only = text_of(client.get("/payments/?kind=obligation"))
    assert total(only) == {("GBP", Decimal(165))}
    assert "invoices, bills and credit notes GBP 165.00 in 4 rows" in only
    assert "Payment<" not in only.split("<tbody", 1)[1]


@pytest.mark.parametrize(
    ("kind", "word"),
    [("fee", "fee"), ("transfer", "transfer"), ("order", "order"), ("claim", "expense claim"),
     ("payment", "payment"), (None, "settles it")],
)  # fmt: skip
def test_each_kind_has_its_word(kind, word):
    row = {"kind": kind, "relationship_type": "settles", "source": None, "target": None}
    assert records.word(row) == word


def test_a_filter_shows_the_party_s_name_and_keeps_its_id(client, company):
    acme = company["acme"].id
    text = text_of(client.get(f"/payments/?party={acme}"))
    assert '<span class="tag">of Acme</span>' in text
    assert f'<input type="hidden" name="party" value="{acme}">' in text
    assert f">{acme}<" not in text
    assert 'value="Acm"' in text_of(client.get("/payments/?party=Acm"))
    both = text_of(client.get(f"/payments/?source={company['office'].id}&target={acme}"))
    assert "from Office" in both
    assert "to Acme" in both


def appended(client, address: str) -> str:
    return text_of(client.get(address, HTTP_HX_REQUEST="true", HTTP_HX_TARGET=more.ROWS))


def next_page(page: str) -> str:
    (address,) = re.findall(r'id="more-link" href="([^"]+)"', page)
    return html.unescape(address)


@pytest.mark.parametrize("path", ["/payments/", "/parties/", "/review/", "/cash/rows/"])
def test_more_adds_rows_and_its_address_shows_all_of_them(client, tenant, books, monkeypatch, path):
    for module in ("payments", "parties", "review.cases", "sums.sum_rows"):
        monkeypatch.setattr(f"finley.web.{module}.A_PAGE", 2)
    for n in range(5):
        rows.payment(tenant.id, books.sales and rows.entity(tenant.id, f"Office {n}", "department"))
        a_case(tenant.id, books.annotated, books.plain, party=f"Party {n}")
    refresh.refresh()
    query = "?way=out&currency=GBP" if path == "/cash/rows/" else ""
    first = text_of(client.get(f"{path}{query}"))
    address = f"{path}{next_page(first)}"
    added, whole = appended(client, address), text_of(client.get(address))
    row = r'<td data-label="(?:Amount|Name)"[^>]*><a href="([^"]+)"'
    if path == "/review/":  # a case has rows of its own
        row = r'id="(case-[^"]+)"'
    ids = [re.findall(row, page) for page in (first, added, whole)]
    assert [len(found) for found in ids] == [2, 2, 4]
    assert ids[2] == ids[0] + ids[1]
    assert next_page(added) == next_page(whole)


def test_a_long_list_is_cut_at_its_beginning(client, tenant, books, monkeypatch):
    monkeypatch.setattr("finley.web.payments.A_PAGE", 1)
    monkeypatch.setattr("finley.web.more.MOST", 1)
    second = text_of(client.get(f"/payments/{next_page(text_of(client.get('/payments/')))}"))
    assert second.count('data-label="Amount"') == 1
    assert "From the beginning" in second


def predicted(
    often: str, low: int, high: int, *, series: str = "", comes_in: bool = False, month: int = 1
) -> dict:
    insight = {"amount_low": Decimal(low), "amount_high": Decimal(high),
               "expected_from": date(2025, month, 1)}  # fmt: skip
    return {"insight": insight, "evidence": {"agreed": f"{often} 12", "series": series or often},
            "currency": "GBP", "comes_in": comes_in, "is_cash": True}  # fmt: skip


def test_recurring_payments_come_to_sums_of_a_month_and_a_year():
    table = recurring_totals.with_costs(
        [predicted("quarterly", 90, 110), predicted("weekly", 6, 6),
         predicted("monthly", 10, 20, comes_in=True)]
    )  # fmt: skip
    out, comes_in = recurring_totals.totals(table)
    assert (out.per_year, out.per_month, out.series) == (712, Decimal("59.33"), 2)
    assert (comes_in.per_year, comes_in.per_month) == (180, 15)


def test_a_year_has_what_a_series_pays_as_often_as_it_comes():
    row = predicted("weekly", 10, 9_000)
    row["evidence"] |= {"times_a_year": 26.4, "usual_amount": "100.0000", "one_of": 2}
    (cost,) = recurring_totals.with_costs([row])
    assert (cost["per_year"], cost["per_month"]) == (2_640, 220)
    assert cost["frequency"] == "about every 2 weeks"


def test_a_series_that_missed_a_payment_and_went_on_counts_once():
    rent = [predicted("monthly", 1_000, 1_000, series="rent", month=month) for month in (3, 5)]
    other = predicted("monthly", 10, 10, series="other", month=4)
    (out,) = recurring_totals.totals(recurring_totals.with_costs([*rent, other]))
    assert (out.series, out.per_year) == (2, 12_120)
    assert recurring_totals.totals([{**row, "is_cash": False} for row in [other]]) == []
    kept = recurring_totals.newest_of_series(rent[::-1])
    assert [row["insight"]["expected_from"].month for row in kept] == [5]


def test_the_recurring_list_sorts_and_says_how_late(client, tenant, books):
    text = text_of(client.get("/recurring/?order=year"))
    assert '<th scope="col" class="number" aria-sort="descending">' in text
    assert re.search(r"[\d,]+ days overdue", text)
    assert client.get("/recurring/?order=x").status_code == 400


def test_a_calendar_begins_on_the_first_and_marks_today(client, books):
    text = text_of(client.get("/recurring/calendar/?month=2024-03"))
    shown = re.findall(r'<span class="date">([^<]+)<', text)
    assert (shown[0], shown[-1], len(shown)) == ("1 Mar 2024", "31 Mar 2024", 31)
    assert "today</strong>" not in text
    for outside in ("0001-01", "9999-12"):
        assert client.get(f"/recurring/calendar/?month={outside}").status_code == 400
    assert text_of(client.get("/recurring/calendar/")).count('aria-current="date"') == 1


def test_a_party_that_other_books_name_differently_says_so(client, tenant):
    user = tenant.id
    office = rows.entity(user, "Office", "department")
    names = [rows.entity(user, name) for name in ("Coldwick Web Hosting LLP", "COLDWICK LEEDS")]
    for _ in range(2):
        first = rows.payment(user, office, names[0], 68)
        ends = [
            rows.event(user, party, amount=much, platform="card")
            for party, much in ((office, -68), (names[1], 68))
        ]
        rows.relationship(user, *ends, canonical_id=first)
    refresh.refresh()
    perhaps = other_names.perhaps_the_same(user)
    assert perhaps[names[1].id] == {
        "id": names[0].id, "name": "Coldwick Web Hosting LLP", "payments": 2,
    }  # fmt: skip
    page = text_of(client.get(f"/parties/{names[1].id}/"))
    assert "2 of its payments are in other books as payments of" in page
    form = {"tenant": str(user), "other": str(names[0].id), "word": "apart"}
    client.post(f"/parties/{names[1].id}/one/", form)
    assert other_names.perhaps_the_same(user) == {}


def test_a_case_says_what_was_billed_when_it_was_paid_and_what_a_transfer_pays(client, tenant):
    user = tenant.id
    office, acme = rows.entity(user, "Office", "department"), rows.entity(user, "Acme")
    bill = owed(user, office, acme, 80, document_ref="B-1")
    events = [rows.event(user, party, amount=much, records="payment")
              for party, much in ((office, -300), (acme, 300))]  # fmt: skip
    transfer = rows.relationship(user, *events)
    rows.add(
        models.RelationshipInstance, user_id=user, source_event_id=bill.target_event_id,
        target_event_id=transfer.target_event_id, relationship_type="settles", edge_class="link",
        confidence_score=1, detection_method="test", allocated=80,
    )  # fmt: skip
    case = a_case(user, transfer.id, bill.id)
    models.PaymentCaseRow.objects.using("owner").filter(
        case_id=case.id, relationship_id=transfer.id
    ).update(role="view")
    refresh.refresh()
    text = text_of(client.get("/review/"))
    assert '<th scope="row">first bill</th>' in text
    assert '<th scope="row">paid</th>' in text
    assert "paid first" not in text
    assert re.search(r"one transfer for several bills:<br>GBP 80\.00 of it is for B-1", text)


def test_the_import_page_names_the_books_that_are_there(client, books):
    text = text_of(client.get("/import/"))
    assert '<td data-label="Books">test</td>' in text
    assert "your books came another way" in text


def step(day: str, old: int, new: int) -> dict:
    return {"from_day": date.fromisoformat(day), "old": Decimal(old), "new": Decimal(new)}


@pytest.mark.parametrize(
    ("change", "prices", "month", "since"),
    [
        (5, [step("2025-04-03", 50, 60)], None, (date(2025, 4, 3), 0.2)),
        (5, [step("2025-04-03", 50, 60), step("2025-06-03", 9, 8)], None, (date(2025, 4, 3), 0.2)),
        (5, [step("2025-06-03", 9, 8)], "2025-05", ("2025-05", 1.0)),
        (5, [], "2025-05", ("2025-05", 1.0)),
        (5, [], "2024-12", ("2024-12", 1.0)),  # before the days that are compared
        (5, [], None, None),
        (-5, [step("2025-06-03", 10, 8)], "2025-05", (date(2025, 6, 3), -0.2)),
        (-5, [], "2025-05", None),
    ],
)
def test_a_group_of_spending_says_since_when_it_costs_more(change, prices, month, since):
    higher = month and {"month": month, "old": Decimal(10), "new": Decimal(20)}
    now = {"change": Decimal(change), "before_since": date(2025, 1, 1)}
    result = {"prices": prices, "higher_since": higher, "first_month": "2023-01"}
    found = spending.since_when(result, now)
    assert (found and (found["at"], round(found["share"], 6))) == since
    new = spending.since_when({**result, "prices": [], "first_month": "2025-02"}, now)
    assert month or (new and new["at"]) == ("2025-02" if change > 0 else None)


def test_spending_says_why_there_is_no_change_and_whose_price_stepped(client, tenant):
    user, today = tenant.id, days.today(tenant.id)
    office = rows.entity(user, "Office", "department")
    series = rows.add(
        models.TemporalPattern, user_id=user, key="Ann", recurrence_score=0.9,
        recurrence_frequency="monthly", last_occurrence=today, next_predicted_occurrence=today,
    )  # fmt: skip
    ann = rows.entity(user, "Ann Lee", "employee")
    for ago, amount in ((120, 50), (90, 50), (60, 60), (30, 60), (0, 60)):
        when = datetime.combine(today - timedelta(days=ago), datetime.min.time(), UTC)
        ends = [
            rows.event(user, party, amount=much, occurred_at=when)
            for party, much in ((office, -amount), (ann, amount))
        ]
        rows.relationship(user, *ends, temporal_pattern_id=series.pk)
    refresh.refresh()
    year = text_of(client.get("/spending/?period=year&by=department"))
    assert "No change is shown, and rows sort by amount: your books begin after" in year
    assert "(Ann Lee)" in year
    month = text_of(client.get("/spending/?period=month"))
    assert "No change is shown" not in month
    assert "(Ann Lee)" not in month, "the row names the party"


def test_what_a_vendor_receives_has_the_colour_of_money_out(client, company):
    for name, received in (("acme", "out"), ("shop", "out"), ("office", "in")):
        page = text_of(client.get(f"/parties/{company[name].id}/"))
        assert f'<span class="{received}">it received</span>' in page
    vendor, office = (
        text_of(client.get(f"/parties/{company[name].id}/")) for name in ("acme", "office")
    )
    for page, word in ((vendor, "it received"), (office, "it paid")):
        labels = re.findall(r'<rect class="out"[^>]*><title>[^:]+: (it \w+)', page)
        assert labels
        assert set(labels) == {word}
    assert "way=in&amp;currency=GBP&amp;since" in vendor, "the rows are from the party's view"


def test_what_other_books_call_a_party_is_read_once_a_version(company, tenant):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            other_names.perhaps_the_same(tenant.id)
        return sum("several AS MATERIALIZED" in query["sql"] for query in captured)

    assert [queries(), queries()] == [1, 0]
    rows.payment(tenant.id)
    assert queries() == 1
