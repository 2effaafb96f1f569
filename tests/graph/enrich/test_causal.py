"""The six criteria on small books whose answers are known."""

import numpy as np
import pytest

from graph.enrich import causal
from graph.models import CausalRelationship, RelationshipInstance
from tests.graph import rows


def links(*given: dict[str, object]) -> dict[str, np.ndarray]:
    usual = {
        "relationship": "r",
        "type": "settles",
        "cause": "a",
        "effect": "b",
        "cause_day": 0,
        "effect_day": 10,
        "cause_amount": 100.0,
        "effect_amount": 100.0,
        "confidence": 0.9,
        "causes": 10,
        "effects": 10,
        "cause_days": 400,
        "effect_days": 400,
        "cause_event": "c",
        "effect_event": "e",
    }
    filled = [
        {**usual, "cause_event": f"c{n}", "effect_event": f"e{n}", **each}
        for n, each in enumerate(given)
    ]
    return {name: np.asarray([row[name] for row in filled]) for name in usual}


def only(found: list[causal.Judged]) -> causal.Judged:
    [one] = found
    return one


def test_nothing_is_judged_of_nothing():
    assert causal.judge(links()) == []


def test_an_invoice_always_paid_ten_days_later():
    days = [0, 40, 80, 120, 160]
    amounts = [10.0, 30.0, 20.0, 50.0, 40.0]
    one = only(
        causal.judge(
            links(
                *(
                    {
                        "cause_day": day,
                        "effect_day": day + 10,
                        "cause_amount": amount,
                        "effect_amount": amount,
                        "causes": 5,
                        "effects": 10,
                    }
                    for day, amount in zip(days, amounts, strict=True)
                )
            )
        )
    )
    assert one.direction == "forward"
    assert one.criteria["temporal_precedence"] == 1
    assert one.criteria["consistency"] == 1
    assert one.criteria["specificity"] == 0.5
    assert one.criteria["dose_response"] == pytest.approx(1)
    assert one.criteria["strength"] == pytest.approx(1)
    assert one.evidence["median_lag_days"] == 10
    assert causal.score(one.criteria) == pytest.approx((1 + 1 + 1 + 0.5 + 1 + 0.9) / 6)


def test_a_fee_is_brought_about_by_what_comes_first():
    one = only(causal.judge(links({"type": "fee_of", "cause_day": 5, "effect_day": 4})))
    assert (one.direction, one.criteria["temporal_precedence"]) == ("backward", 1)


def test_the_same_day_says_nothing_of_the_order():
    one = only(causal.judge(links({"cause_day": 5, "effect_day": 5})))
    assert (one.direction, one.criteria["temporal_precedence"]) == ("both", 0.5)


def test_amounts_that_do_not_vary_and_few_pairs_tell_no_dose():
    assert only(causal.judge(links(*({} for _ in range(9))))).criteria["dose_response"] is None
    few = links({"cause_amount": 1.0, "effect_amount": 1.0}, {})
    assert only(causal.judge(few)).criteria["dose_response"] is None


def test_a_common_effect_follows_by_chance():
    busy = only(causal.judge(links({"causes": 2, "effects": 4000})))
    rare = only(causal.judge(links({"causes": 2, "effects": 2})))
    assert busy.criteria["strength"] == 0
    assert rare.criteria["strength"] > 0.4


def test_a_criterion_that_is_the_same_everywhere_is_left_out():
    judgements = causal.judge(links({"cause": "a", "causes": 5}, {"cause": "x", "causes": 9}))
    assert all(judgement.criteria["temporal_precedence"] is None for judgement in judgements)
    assert all(judgement.criteria["consistency"] is not None for judgement in judgements)
    assert "temporal_precedence" in judgements[0].evidence["the_same_everywhere"]


def test_written_once_and_gone_with_their_links(committed):
    tenant = rows.tenant_id()
    ends = [rows.event(tenant, rows.entity(tenant, name)) for name in ("Ann", "Bob")]
    link = rows.relationship(tenant, *ends, relationship_type="settles", edge_class="link")
    assert causal.enrich(tenant).added == 1
    assert causal.enrich(tenant) == causal.Counts()
    row = CausalRelationship.objects.using("owner").get()
    assert (row.relationship_id, row.causal_direction) == (link.pk, "both")
    assert 0 <= row.causal_score <= 1
    assert row.evidence["pairs"] == 1
    RelationshipInstance.objects.using("owner").filter(pk=link.pk).update(
        deleted_at="2026-01-01T00:00:00Z"
    )
    assert causal.enrich(tenant).removed == 1
