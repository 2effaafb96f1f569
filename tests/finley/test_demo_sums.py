"""Sums over generated books equal their truth: cash by month and party, balances, cases."""

from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from benchmarks.otherbooks import charity as other_books
from finley.demo import books as demo_books
from finley.demo.truth import Truth
from graph.enrich.run_enrichment import enrich
from graph.ingest.import_file import format_of, import_file
from graph.models import EntityMatch, RawEvent
from graph.questions import cases
from graph.questions.cash_flow import cash_flow
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
