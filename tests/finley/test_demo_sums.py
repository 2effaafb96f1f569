"""Sums over generated books equal their truth: cash by month and party, balances, cases."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from benchmarks.otherbooks import charity as other_books
from finley.demo import books as demo_books
from finley.demo.truth import Alias, Truth
from graph.enrich.resolution.name_words import Name, read
from graph.enrich.run_enrichment import enrich
from graph.ingest.import_file import format_of, import_file
from graph.models import EntityMatch, RawEvent
from graph.questions import cases, insights
from graph.questions.cash_flow import cash_flow
from graph.questions.expected import due
from graph.questions.reconcile import reconcile
from graph.view import refresh as view

SEEDS = (1, 2, 3, 4, 5, 7)
OTHER_SEEDS = (1, 2, 3, 4, 5)
Sums = dict[tuple[str, str], tuple[Decimal, Decimal]]
ByParty = dict[tuple[str, str, str], tuple[Decimal, Decimal]]


def made(user_id: UUID, folder: Path, kind: str, seed: int) -> Truth:
    """The tenant's books are the generator's, enriched."""
    if kind == "demo":
        sheets = demo_books.write(folder, seed)
        files = [(path, format_of(path)) for path in sheets.files if path.suffix == ".csv"]
        truth = sheets.truth
    else:
        other = other_books.write(folder, seed)
        files = [(path, other_books.mapping_of(path.name)) for path in other.files]
        truth = other.truth
    for path, by in files:
        import_file(user_id, path, by, folder)
    enrich(user_id)
    view.refresh()
    return truth


def pounds(pence: int) -> Decimal:
    return Decimal(pence) / 100


def true_months(truth: Truth) -> Sums:
    sums: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for cash in truth.cash:
        month = sums[cash.month, cash.currency]
        month[0] += pounds(cash.money_in)
        month[1] += pounds(cash.money_out)
    return {key: (incoming, outgoing) for key, (incoming, outgoing) in sums.items()}


def told_months(answer: dict) -> Sums:
    return {
        (row["month"], row["currency"]): (row["money_in"], row["money_out"])
        for row in answer["months"]
        if row["money_in"] or row["money_out"]
    }


SOURCES = {"demo": "finley-demo.{}", "other": "otherbooks.{}"}
STATEMENTS = {"demo": ("bank.csv",), "other": ("statement.csv", "giving.csv")}


def entity_of(user_id: UUID, truth: Truth, kind: str) -> dict[str, set[UUID]]:
    """Each true party and the entities that its lines of statements name."""
    matches = EntityMatch.objects.using("owner").filter(user_id=user_id, event__posting=2)
    entity_by_name = {
        (source, key): entity
        for source, key, entity in matches.order_by("confidence", "-created_at", "-id").values_list(
            "event__source", "event__external_id", "entity_id"
        )
    }
    entities: dict[str, set[UUID]] = defaultdict(set)
    for alias in truth.aliases:
        for spelling in alias.spellings:
            source = SOURCES[kind].format(spelling.file.removesuffix(".csv"))
            for ref in spelling.rows if spelling.file in STATEMENTS[kind] else ():
                entities[alias.party].add(entity_by_name[source, ref.key])
    masked = {  # one name for parties that nobody knows apart
        entity_by_name[source, key]
        for source, key, name in matches.values_list(
            "event__source", "event__external_id", "event__party_name"
        )
        if name in truth.mask_names
    }
    return {**entities, "nobody": masked} if kind == "other" else dict(entities)


def true_parties(truth: Truth, entities: dict[str, set[UUID]]) -> ByParty:
    """By the entity that a party is resolved to; parties that are taken for one are summed."""
    sums: ByParty = {}
    for cash in truth.cash:
        (entity,) = entities[cash.party]
        key = (cash.month, cash.currency, str(entity))
        incoming, outgoing = sums.get(key, (Decimal(0), Decimal(0)))
        sums[key] = incoming + pounds(cash.money_in), outgoing + pounds(cash.money_out)
    return sums


def true_risk(user_id: UUID, truth: Truth, kind: str) -> dict[str, Decimal]:
    """By the row's own key: what was entered or paid too often, without the bank's echoes."""
    repeated = {
        (SOURCES[kind].format(one.row.file.removesuffix(".csv")), one.row.key)
        for one in truth.duplicates
        if not one.echo
    }
    events = RawEvent.objects.using("owner").filter(user_id=user_id, posting=2)
    return {
        f"{source} {key}": abs(amount)
        for source, key, amount in events.values_list("source", "external_id", "amount")
        if (source, key) in repeated
    }


OURS = {"department", "account"}
PERSONS = {"employee", "customer"}


def predictions(user_id: UUID, today: date) -> list[dict[str, Any]]:
    """What is expected and what is overdue on that day, with the counterparty's name."""
    rows = insights.due(user_id, statuses=("pending", "overdue"), today=today, limit=500)
    return [
        {**row["insight"], "party": str(row["source" if _comes_in(row) else "target"].name)}
        for row in rows["results"]
    ]


def _comes_in(row: dict[str, Any]) -> bool:
    return row["target"] is not None and row["target"].kind in OURS


def is_named(prediction: dict[str, Any], truth: Truth) -> bool:
    """Whether the party has a name of the truth: one that somebody wrote in full, if anybody did.

    A person whom a statement names by an initial may be another of that name; a person judges it.
    """
    wanted = _plain(prediction["party"])
    spelled = [alias for alias in truth.aliases if wanted in _spellings(alias)]
    return any(
        _is_full(wanted, alias) or not any(_is_full(name, alias) for name in _spellings(alias))
        or (alias.kind in PERSONS and not _plain(alias.name).legal)
        for alias in spelled
    )  # fmt: skip


def _plain(name: str) -> Name:
    return read(" ".join(name.split()).upper())


def _spellings(alias: Alias) -> set[Name]:
    return {_plain(spelling.name) for spelling in alias.spellings}


def _is_full(name: Name, alias: Alias) -> bool:
    return sorted(name.words) == sorted(_plain(alias.name).words)


def is_missed(prediction: dict[str, Any], truth: Truth) -> bool:
    """Whether a bill of the party is unpaid, or its series ended, or missed a day by then."""
    until = prediction["expected_to"]
    wanted = _plain(prediction["party"])
    parties = {alias.party for alias in truth.aliases if wanted in _spellings(alias)}
    series = [one for one in truth.series if one.party in parties]
    return (
        any(bill.party in parties and bill.due <= until for bill in truth.unpaid)
        or any(not one.active and one.due[-1] < until for one in series)
        or any(prediction["expected_from"] <= day <= until for one in series for day in one.missed)
    )


def due_months(user_id: UUID, today: date) -> dict[tuple[str, str], list[Decimal]]:
    """The least and the greatest sums of money in and out that are due, by month and currency."""
    sums: dict[tuple[str, str], list[Decimal]] = {}
    for row in due.ahead(due.predictions(user_id, today), today, date(today.year + 2, 12, 31)):
        for total in due.totals([row]):
            month = sums.setdefault((f"{row['day']:%Y-%m}", row["currency"]), [Decimal(0)] * 4)
            way = 0 if total["comes_in"] else 2
            month[way] += total["low"]
            month[way + 1] += total["high"]
    return sums


def check_expected_months(user_id: UUID, today: date) -> None:
    """What is due comes to the expected months, which are as high as past ones: a card counts
    once."""
    answer = cash_flow(user_id, today=today)
    ends = ("in_low", "in_high", "out_low", "out_high")
    expected = {
        (row["month"], row["currency"]): [row[end] for end in ends] for row in answer["expected"]
    }
    assert due_months(user_id, today) == expected
    paid = [row["money_out"] for row in answer["months"] if row["currency"] == "USD"]
    dollars = [row for row in answer["expected"] if row["currency"] == "USD"]
    assert all(row["payments"] == 1 and row["out_low"] <= max(paid) for row in dollars)
    assert all(row["out_high"] < 2 * min(filter(None, paid)) for row in dollars)


@pytest.mark.parametrize(
    ("kind", "seed"),
    [
        ("demo", 7),
        ("other", 1),
        *(pytest.param("demo", seed, marks=pytest.mark.thorough) for seed in SEEDS if seed != 7),
        *(pytest.param("other", seed, marks=pytest.mark.thorough) for seed in OTHER_SEEDS[1:]),
    ],
)
def test_sums_are_the_truth(kind, seed, tenant, tmp_path):
    truth = made(tenant.id, tmp_path, kind, seed)
    answer = cash_flow(tenant.id)
    assert told_months(answer) == true_months(truth)
    sums = {
        (row["month"], row["currency"], row["party_id"]): (row["money_in"], row["money_out"])
        for row in cash_flow(tenant.id, by="party")["months"]
        if row["money_in"] or row["money_out"]
    }
    assert sums == true_parties(truth, entity_of(tenant.id, truth, kind))
    balances = {
        (account["account"], account["currency"], month["month"]): (
            month["opening"],
            month["closing"],
        )
        for account in reconcile(tenant.id)["accounts"]
        for month in account["months"]
        if month["ok"]
    }
    assert balances == {
        (listed.account, listed.currency, listed.month): (
            pounds(listed.opening),
            pounds(listed.closing),
        )
        for listed in truth.balances
    }
    risk = true_risk(tenant.id, truth, kind)
    rows = cases.cases(tenant.id, limit=500)["results"]
    told_risk = {case["id"]: case["amount_at_risk"] for case in rows}
    keys = {case["id"]: cases.case(tenant.id, case["id"])["row_keys"] for case in rows}
    real = {
        case: sum((risk[key] for key in keys[case] if key in risk), Decimal(0)) for case in keys
    }
    assert {case: amount for case, amount in told_risk.items() if real[case]} == {
        case: amount for case, amount in real.items() if amount
    }
    assert sum(told_risk.values()) == sum(risk.values())
    if kind == "demo":
        check_expected_months(tenant.id, truth.end)
    expected = predictions(tenant.id, truth.end)
    assert [one["party"] for one in expected if not is_named(one, truth)] == []
    overdue = [one for one in expected if one["status"] == "overdue"]
    assert [one for one in overdue if not is_missed(one, truth)] == []
