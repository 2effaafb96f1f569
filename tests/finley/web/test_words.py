"""How pages write days, amounts and layers."""

import ast
import inspect
import re
from datetime import date
from decimal import Decimal

import pytest

from finley.web.charts import cash_by_month
from finley.web.words import choices, evidence, layers, text
from graph.enrich import (
    causal,
    cross_platform,
    fraud,
    pattern,
    prediction,
    root_cause,
    seasonal,
    temporal,
)
from graph.layers import BY_NAME
from graph.models.choices import EntityKind, Frequency
from graph.questions import counted_rows
from graph.words import FREQUENCIES


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("last on 2026-07-10; most likely on 2026-10-12", "last on 10 Jul 2026; most likely on 12 Oct 2026"),  # noqa: E501
        ("over 1260.16 GBP", "over GBP 1,260.16"),
        ("takes back GBP 1273.8 (row B1)", "takes back GBP 1,273.80 (row B1)"),
        ("GBP 1,260.16.", "GBP 1,260.16."),
        ("names GBP -1135.97", "names \N{MINUS SIGN}GBP 1,135.97"),
        ("at 2026-07-10T00:00:00+00:00", "at 10 Jul 2026"),
        ("document SALARY NOV 26", "document SALARY NOV 26"),
        ("document INV-2026-07-10", "document INV-2026-07-10"),
        ("2026-13-45", "2026-13-45"),
        ("row 2026-07-10/3", "row 2026-07-10/3"),
        ("the same number", "the same number"),
        ("both postings stand in one row of simple", "payer and payee are in one row of simple"),
        ("", ""),
    ],
)  # fmt: skip
def test_sentences_have_the_pages_days_and_amounts(written, shown):
    assert text.prose(written) == shown


def test_every_layer_column_and_choice_has_words():
    for name, layer in BY_NAME.items():
        assert layers.TITLES[name]
        assert choices.LAYERS[name]
        assert {column.name for column in layer.columns} <= {
            *layers.COLUMNS, "original_relationship_id"
        }  # fmt: skip
    assert set(FREQUENCIES) == set(Frequency.values)
    assert set(choices.PARTIES) == set(EntityKind.values)
    assert set(choices.KINDS) == set(counted_rows.KINDS)


def keys_written() -> set[str]:
    """The keys of evidence in the detectors' code: of dictionaries called evidence, and of what
    functions of this name return or yield."""
    keys: set[str] = set()
    for module in (
        cross_platform,
        causal,
        fraud,
        pattern,
        prediction,
        root_cause,
        seasonal,
        temporal,
    ):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            match node:
                case ast.FunctionDef(name="evidence" | "_evidence"):
                    keys |= first_level(node)
                case ast.Assign(targets=[ast.Name(id="evidence")]):
                    keys |= first_level(node.value)
                case ast.Dict():
                    named = zip(node.keys, node.values, strict=True)
                    of = [value for key, value in named
                          if isinstance(key, ast.Constant) and key.value == "evidence"]  # fmt: skip
                    keys |= {key for value in of for key in first_level(value)}
                case ast.Subscript(value=ast.Subscript(slice=ast.Constant(value="evidence"))):
                    keys |= (
                        {str(node.slice.value)} if isinstance(node.slice, ast.Constant) else set()
                    )
    return keys


def first_level(node: ast.AST) -> set[str]:
    dictionaries = [inner for inner in ast.walk(node) if isinstance(inner, ast.Dict)][:1]
    keys = [key for found in dictionaries for key in found.keys]
    keys += [inner.value.elts[0] for inner in ast.walk(node)
             if isinstance(inner, ast.Yield) and isinstance(inner.value, ast.Tuple)]  # fmt: skip
    return {str(key.value) for key in keys if isinstance(key, ast.Constant)}


def test_every_key_of_evidence_that_a_detector_writes_has_words():
    keys = keys_written()
    assert {"grade", "agreed", "other", "by_chance", "stopped", "why", "with_document"} <= keys
    assert keys - evidence.HIDDEN - set(evidence.EVIDENCE) == set()


def test_evidence_shows_no_id_and_no_code():
    uuid, made = "3f2a7c1e-0000-4000-8000-1234567890ab", "bf96b286313542ab4d59dd8c7930bd47"
    layer = {
        "insight": {"id": 1, "root_cause_analysis": "It came late"},
        "evidence": {"what": "late", "other": uuid, "new_key": "paid_twice", "payments": [made],
                     "bank": [f"oxford.bank {made}", "oxford.bank B1"]},
    }  # fmt: skip
    (known,) = layers.known({"root_cause": layer}, "GBP")
    assert known["facts"][1:] == [
        ("What differs", "the day: it came late"),
        ("New key", "paid twice"),
        ("Payments", "1"),
        ("On bank statements", "oxford.bank, oxford.bank B1"),
    ]
    assert known["compared"] == uuid, "the page links this row"


def test_a_layer_names_no_column():
    layer = {
        "insight": {"id": 1, "recurrence_score": 0.925, "recurrence_frequency": "two_monthly",
                    "last_occurrence": None, "next_predicted_occurrence": None},
        "evidence": {"median_lag_days": 12.0, "payments": 1_260, "series": "a|b", "kept": [1, 2]},
    }  # fmt: skip
    (known,) = layers.known({"temporal": layer, "fraud": None}, "GBP")
    assert known["facts"] == [
        ("How regularly it comes", "92 %"),
        ("How often", "every two months"),
        ("Days between, usually", "12.00"),
        ("Payments", "1,260"),
        ("Times that it came", "1, 2"),
    ]
    assert layers.unknown({"temporal": layer, "fraud": None}) == ["Paid twice?"]


def month(name: str, amount: int) -> dict:
    sums = {"money_in": Decimal(0), "money_out": Decimal(amount)}
    return {"month": name, "currency": "GBP", **sums, "payments_in": 0, "payments_out": 1}


def test_months_without_money_are_zero_on_the_axis():
    expected = dict.fromkeys(("in_low", "in_high", "out_low"), Decimal(0))
    ahead = {"month": "2025-06", "currency": "GBP", **expected, "out_high": Decimal(9)}
    answer = {"months": [month("2024-11", 5), month("2025-02", 7)], "expected": [ahead]}
    answer["today"] = date(2025, 3, 4)
    (chart,) = cash_by_month(answer, lambda *of: "/".join(of))
    assert [row["month"] for row in chart.rows] == [
        "2024-11", "2024-12", "2025-01", "2025-02", "2025-03", "2025-04", "2025-05", "2025-06",
    ]  # fmt: skip
    assert [int(row["money_out"]) for row in chart.rows] == [5, 0, 0, 7, 0, 0, 0, 0]
    assert [bar.address for bar in chart.bars if bar.address] == [
        "2024-11/GBP/out", "2025-02/GBP/out",
    ]  # fmt: skip
    places = sorted(bar.x for bar in chart.bars)
    assert places[1] - places[0] == pytest.approx(3 * (places[2] - places[1]) / 4, abs=0.2)


def test_an_axis_has_the_last_eighteen_months():
    answer = {"months": [month("2019-01", 5), month("2025-02", 7)], "expected": []}
    (chart,) = cash_by_month({**answer, "today": date(2025, 3, 4)}, lambda *_: "")
    assert (chart.rows[0]["month"], len(chart.rows)) == ("2023-09", 18)


@pytest.mark.parametrize("mistaken", ["2205-03", "9999-12"])
def test_a_day_far_ahead_hides_no_month(mistaken):
    months = [month("2025-01", 5), month("2025-02", 7), month(mistaken, 1)]
    (chart,) = cash_by_month(
        {"months": months, "expected": [], "today": date(2025, 3, 4)}, lambda *_: ""
    )
    assert [row["month"] for row in chart.rows] == ["2025-01", "2025-02"]


def test_what_is_dated_ahead_is_shown_for_two_years():
    nothing = dict.fromkeys(("in_low", "in_high", "out_low", "out_high"), Decimal(9))
    ahead = {"month": "9999-12", "currency": "GBP", **nothing}
    months = [month("2025-02", 7), month("2025-04", 3)]
    answer = {"months": months, "expected": [ahead], "today": date(2025, 3, 4)}
    (chart,) = cash_by_month(answer, lambda *_: "")
    assert [int(row["money_out"]) for row in chart.rows] == [7, 0, 3]
    soon = {**ahead, "month": "2027-02"}
    (chart,) = cash_by_month({**answer, "expected": [ahead, soon]}, lambda *_: "")
    assert chart.rows[-1]["month"] == "2027-02"


def test_no_template_writes_a_day_or_a_number_in_its_own_way(settings):
    folder = settings.BASE_DIR / "finley" / "web" / "templates" / "web"
    own = re.compile(r"\|(?:date|time|floatformat|intcomma|stringformat:'\.2f')\b")
    assert [file.name for file in folder.glob("*.html") if own.search(file.read_text())] == []
