"""Files as people have them, imported by the guess and enriched: their series."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from graph.database.role import as_owner
from graph.models import PredictedRelationship, TemporalPattern

MORE = Path(__file__).resolve().parents[4] / "shared" / "cases" / "more"

pytestmark = [
    pytest.mark.usefixtures("committed"),
    pytest.mark.skipif(not MORE.is_dir(), reason="no ../shared/cases/more beside the project"),
]


def enriched(user, name):
    """The series of the file's tenant, as (frequency, occurrences, next day), and predictions."""
    call_command(
        "import_ledger", str(MORE / name), "--user", user.email, "--currency", "GBP",
        stdout=StringIO(), stderr=StringIO(),
    )  # fmt: skip
    with as_owner():
        series = TemporalPattern.objects.filter(user_id=user.id)
        columns = [
            (one.recurrence_frequency, one.occurrences, str(one.next_predicted_occurrence))
            for one in series
        ]
        predicted = PredictedRelationship.objects.filter(user_id=user.id)
        return columns, [str(one.status) for one in predicted]


def test_every_two_months(tenant):
    series, predicted = enriched(tenant, "two-monthly-a.csv")
    assert series == [("two_monthly", 21, "2024-07-14")]
    assert predicted == ["pending"]


def test_codes_in_a_banks_descriptions(tenant):
    series, predicted = enriched(tenant, "descriptor-code-a.csv")
    assert series == [("monthly", 30, "2024-07-07")]
    assert predicted == ["pending"]
