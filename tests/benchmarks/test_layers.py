"""The benchmark reads the tables right: a tenant enriched from the truth itself scores 1."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from benchmarks import layers
from benchmarks.scoring import layer_scores, real_books, scored_tenants
from benchmarks.scoring import written_layers as tables
from benchmarks.scoring.reliability_tables import markdown
from benchmarks.scoring.scores import Card, reliability
from benchmarks.scoring.written_layers import Found
from finley.demo.truth import Ref, Truth
from graph import models
from tests.graph import rows

pytestmark = pytest.mark.usefixtures("committed")
OPTIONS = argparse.Namespace(
    jitter=2, missed=0.05, months=8, seeds=[1], real=False, only=list(layers.MAKERS)
)
LINKED = ("same_transaction", "reversals", "settles", "fee_of")


class Oracle:
    """Writes what is true into the tables."""

    def __init__(self, user_id: UUID, truth: Truth) -> None:
        self.user, self.truth = user_id, truth
        self.events: dict[Ref, list[Any]] = {}
        for event in models.RawEvent.objects.using("owner").filter(user_id=user_id):
            ref = Ref(event.provenance[0]["file"], event.external_id)
            self.events.setdefault(ref, []).append(event)
        edges = models.RelationshipInstance.objects.using("owner").filter(user_id=user_id)
        flows = {edge.target_event_id: edge for edge in edges}
        self.flows = {ref: flows[e.id] for ref, both in self.events.items() for e in both
                      if e.id in flows}  # fmt: skip

    def write(self) -> None:
        for one in self.truth.series:
            self.series(one)
        for duplicate in self.truth.duplicates:
            rows.add(models.DuplicateTransaction, user_id=self.user, duplicate_confidence=0.9,
                     relationship_id=self.flows[duplicate.row].id,
                     original_relationship_id=self.flows[duplicate.original].id)  # fmt: skip
        links = [("same_transaction", s.seen, s.ledger) for s in self.truth.same_transaction]
        links += [("reversal", r.row, r.original) for r in self.truth.reversals]
        links += [("fee_of", f.fee, f.payment) for f in self.truth.fee_of]
        links += [("settles", i, p) for s in self.truth.settles for i in s.invoices
                  for p in s.payments]  # fmt: skip
        models.RelationshipInstance.objects.using("owner").bulk_create(
            models.RelationshipInstance(
                user_id=self.user, source_event_id=self.events[one][0].id,
                target_event_id=self.events[other][-1].id, relationship_type=kind,
                edge_class="link", confidence_score=1, detection_method="truth",
            )
            for kind, one, other in links
        )  # fmt: skip
        self.aliases()

    def series(self, one: Any) -> None:
        pattern = rows.add(
            models.TemporalPattern, user_id=self.user, key=one.id, recurrence_score=1,
            recurrence_frequency=one.frequency.replace("-", "_"), last_occurrence=max(one.due),
        )  # fmt: skip
        edges = [self.flows[row].id for row in one.rows]
        models.RelationshipInstance.objects.using("owner").filter(id__in=edges).update(
            temporal_pattern_id=pattern.id
        )

    def aliases(self) -> None:
        matches = {}
        for alias in self.truth.aliases:
            entity = rows.entity(self.user, f"true {alias.party}")
            for one in alias.spellings:
                name = " ".join(one.name.split())
                for event in (e for row in one.rows for e in self.events[row]):
                    if event.party_name == name:
                        matches[event.id, entity.id] = models.EntityMatch(
                            user_id=self.user, event_id=event.id, entity_id=entity.id, confidence=1
                        )
        models.EntityMatch.objects.using("owner").bulk_create(matches.values())


def imported(make: Callable[..., Any], folder: Path) -> tuple[UUID, Truth]:
    files, truth = make(folder, 1, OPTIONS)
    return scored_tenants.made(files), truth


@pytest.mark.parametrize("make", layers.MAKERS.values(), ids=layers.MAKERS)
def test_the_truth_scores_one_and_an_empty_enrichment_nothing(make, tmp_path):
    user, truth = imported(make, tmp_path)
    before = layer_scores.judge(tables.read(user), truth).as_json()
    for name in ("recurrence", "duplicates", *LINKED):
        assert (before[name]["found"], before[name]["recall"]) == (0, 0), name
    Oracle(user, truth).write()
    after = layer_scores.judge(tables.read(user), truth).as_json()
    for name in ("recurrence", "duplicates", "aliases", *LINKED):
        assert (after[name]["precision"], after[name]["recall"]) == (1, 1), name
        assert after[name]["n"] > 0, name
    assert after["frequency"]["accuracy"] == 1


def test_a_shuffle_moves_the_dates_of_each_source_and_nothing_else(tmp_path):
    user, _ = imported(layers.MAKERS["other_generator"], tmp_path)
    before = tables.read(user)
    scored_tenants.shuffle(user, 1)
    after = tables.read(user)
    assert before.named.keys() == after.named.keys()
    assert sum(before.days[row] != after.days[row] for row in before.days) > len(before.days) / 2
    for file in {row.file for row in before.days}:
        dates = [Counter(d for r, d in claims.days.items() if r.file == file)
                 for claims in (before, after)]  # fmt: skip
        assert dates[0] == dates[1]
    both_postings(user)


def both_postings(user: UUID) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM raw_events a JOIN raw_events b USING (user_id, source, "
            "external_id) WHERE user_id = %s AND a.occurred_at <> b.occurred_at",
            [user],
        )
        assert cursor.fetchone()[0] == 0


def test_a_cut_leaves_what_was_before(tmp_path):
    user, truth = imported(layers.MAKERS["generator"], tmp_path)
    before, cut = tables.read(user), truth.end - timedelta(days=61)
    scored_tenants.cut_short(user, cut)
    after = tables.read(user)
    assert after.days == {row: day for row, day in before.days.items() if day < cut}
    assert 0 < len(after.flows) < len(before.flows)


def test_predictions_dismissals_and_republished_rows_are_read_right():
    user = rows.tenant_id()
    a, b = rows.entity(user, "A"), rows.entity(user, "B")
    paid = [rows.payment(user, a, b) for _ in range(4)]
    for other, status, evidence in ((1, "open", {"kind": "paid_twice"}), (2, "dismissed", {}),
                                    (3, "open", {"kind": "republished"})):  # fmt: skip
        rows.add(models.DuplicateTransaction, user_id=user, relationship_id=paid[0],
                 original_relationship_id=paid[other], duplicate_confidence=0.7, status=status,
                 evidence=evidence)  # fmt: skip
    for status in ("pending", "cancelled"):
        rows.add(models.PredictedRelationship, user_id=user, relationship_id=paid[0],
                 prediction_confidence=0.9, prediction_reason="r", status=status,
                 expected_from=date(2024, 2, 1), expected_to=date(2024, 2, 3))  # fmt: skip
    claims = tables.read(user)
    assert list(claims.duplicates.values()) == [0.7]
    (prediction,) = claims.predictions
    assert (prediction.first, prediction.last) == (date(2024, 2, 1), date(2024, 2, 3))


# --- the whole run, with an enrichment that knows the truth ---


def test_the_whole_run(tmp_path, monkeypatch, capsys):
    """Series are found only where dates are not shuffled: an honest detector's rate is 0."""
    truths: list[Truth] = []
    make = layers.MAKERS["generator"]

    def remembered(folder: Path, seed: int, options: Any) -> Any:
        files, truth = make(folder, seed, options)
        truths.append(truth)
        return files, truth

    runs: list[UUID] = []

    def enriched(user_id: UUID) -> list[Any]:
        runs.append(user_id)
        if len(runs) == 1:
            Oracle(user_id, truths[-1]).write()
        if user_id != runs[0]:  # the shuffled books
            models.TemporalPattern.objects.using("owner").all().delete()
        return [SimpleNamespace(layer="temporal", seconds=0.5)]

    monkeypatch.setitem(
        sys.modules, "graph.enrich.run_enrichment", SimpleNamespace(enrich=enriched)
    )
    monkeypatch.setattr(layers, "MAKERS", {"generator": remembered})
    results = layers.run(OPTIONS)
    assert [runs.count(user) for user in dict.fromkeys(runs)] == [1 + layers.CUTS, 1]
    scores = json.loads(json.dumps(results))["generator"]
    assert scores["recurrence"]["f1"] == 1
    assert scores["seeds"]["1"]["recurrence"]["f1"] == 1
    assert scores["shuffled_false_positive_rate"] == 0
    assert scores["prediction_coverage"]["unpredicted"] > 10
    assert results["calderdale"] == results["oxford"] == {"skipped": "not asked for"}
    assert "| `settles` | 1.00 → 1.00" in markdown(results)
    layers._table("generator", results["generator"])
    assert "recurrence" in capsys.readouterr().err


def test_missing_real_books_are_skipped_with_a_reason(monkeypatch, tmp_path):
    monkeypatch.setattr(real_books, "FOLDER", tmp_path)
    options = argparse.Namespace(real=True)
    assert "nothing in" in layers._calderdale(options)["skipped"]


def test_enrichment_is_measured(monkeypatch):
    results = [SimpleNamespace(layer="a", seconds=0.25), SimpleNamespace(layer="b", seconds=1)]
    ran = SimpleNamespace(enrich=lambda _: results)
    monkeypatch.setitem(sys.modules, "graph.enrich.run_enrichment", ran)
    cost = scored_tenants.enrich(rows.tenant_id())
    assert cost.layers == {"a": 0.25, "b": 1}
    assert cost.peak_mb > 10
    assert cost.seconds < 5


# --- calderdale's rules ---


def line(file: str, key: str) -> Ref:
    return Ref(file, key)


def ledger(key: str, **values: str) -> tuple[Ref, dict[str, str]]:
    usual = {"supplier_name": "Acme", "supplier_id": "S1", "net_amount": "5.00", "source": "IV",
             "definition": "Credit Cards", "invoice_number": key, "date": "2019-01-01"}  # fmt: skip
    return line("l", key), usual | values


def card(key: str, merchant: str = "ACME") -> tuple[Ref, dict[str, str]]:
    return line("c", key), {"merchant_name": merchant, "net_amount": "5.00"}


def test_cross_platform_counts_lines_and_groups():
    books = real_books.Lines(
        dict([ledger("1"), ledger("2"), ledger("3", supplier_name="Other"),
              ledger("4", definition="Accounts Payable Invoices")]),
        dict([card("11"), card("12"), card("13", "Bolt")]), Counter(),
    )  # fmt: skip
    claims = Found()
    claims.links["same_transaction"] = {
        frozenset((line("l", one), line("c", other))): 1.0
        for one, other in (("1", "12"), ("3", "13"), ("4", "11"))
    }
    figures = real_books.cross_platform(claims, books)
    assert figures == {"found": 1, "possible": 2, "links": 3, "precision": 0.3333}


def test_duplicate_groups_are_found_by_any_pair():
    twice = {"invoice_number": "N", "definition": ""}
    books = real_books.Lines(
        dict([ledger("1", **twice), ledger("2", **twice, date="2019-02-01"),
              ledger("3", **twice, date="2019-03-01"), ledger("4", invoice_number="M"),
              ledger("5", invoice_number="M", date="2019-02-01"),
              ledger("6", invoice_number="K"), ledger("7", invoice_number="K"),
              ledger("8", invoice_number="Q", supplier_name="Redacted"),
              ledger("9", invoice_number="Q", supplier_name="Redacted", date="2019-02-01")]),
        {}, Counter(),
    )  # fmt: skip
    claims = Found(
        duplicates={frozenset((line("l", "2"), line("l", "3"))): 0.8,
                    frozenset((line("l", "4"), line("l", "5"))): 0.3}
    )  # fmt: skip
    figures = real_books.duplicate_groups(claims, books)
    assert (figures["n"], figures["found"]) == (2, 1)
    assert figures["missing"] == [[line("l", "4"), line("l", "5")]]


def test_rows_published_twice_are_stored_once():
    books = real_books.Lines(
        {}, {}, Counter({line("c", "1"): 2, line("c", "2"): 2, line("c", "3"): 1})
    )
    claims = Found(
        flows={line("c", "1"), line("c", "3")},
        duplicates={frozenset((line("c", "1"), line("c", "2"))): 0.9,
                    frozenset((line("c", "1"), line("c", "3"))): 0.9},
    )  # fmt: skip
    assert real_books.published_twice(claims, books) == {"n": 2, "stored_once": 1, "flagged": 1}


def test_what_the_readme_says_of_calderdale():
    paths = real_books.files()
    if not paths:
        pytest.skip(f"nothing in {real_books.FOLDER}")
    books, nothing = real_books.lines(paths), Found()
    assert real_books.cross_platform(nothing, books)["possible"] == 242
    assert real_books.duplicate_groups(nothing, books)["n"] == 15
    assert real_books.published_twice(nothing, books)["n"] == 1937


def test_cards_told_have_a_mere_rate():
    assert layers.as_json(Card({"shuffled": layers.Share(1, 50)})) == {
        "shuffled_false_positive_rate": 0.02, "shuffled_rows": 50, "reliability": {},
    }  # fmt: skip


def test_reliability_is_by_tenths():
    sure = [(0.91, True), (0.93, False), (0.35, True), (1.0, True)]
    assert reliability(sure) == [(0.35, 1.0, 1), (0.947, 0.667, 3)]
