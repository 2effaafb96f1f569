"""History is deleted after its time, and is refused from then on."""

from datetime import timedelta
from typing import Any

from django.db import connections
from django.utils import timezone

from graph.history import moments, retention
from graph.view import refresh
from tests.graph import rows

V1 = "/api/v1/graph/"


def execute(statement: str) -> Any:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else None


def test_old_history_is_deleted_and_refused(tenant, api):
    rows.payment(tenant.id)
    execute("UPDATE recorded_transactions SET recorded_at = recorded_at - interval '9 days'")
    payment = rows.payment(tenant.id)
    refresh.refresh()
    today = timezone.now().date()
    week, yesterday = today - timedelta(days=7), today - timedelta(days=1)
    for day in (week, yesterday):
        results = api.get(f"{V1}relationships/?as_of={day}").json()["results"]
        assert str(payment) not in [row["id"] for row in results]
        assert len(results) == 1
    assert retention.forget(30) == 0
    forgotten = retention.forget(5)
    assert forgotten > 0
    assert retention.forget(5) == 0
    assert moments.began(tenant.id) > timezone.now() - timedelta(days=5, minutes=1)
    refused = api.get(f"{V1}relationships/?as_of={week}")
    assert refused.status_code == 400
    assert str(today - timedelta(days=5)) in refused.json()["detail"]
    assert len(api.get(f"{V1}relationships/?as_of={yesterday}").json()["results"]) == 1
    numbers = "SELECT count(*) FROM row_history WHERE transaction_id NOT IN "
    assert execute(f"{numbers}(SELECT id FROM recorded_transactions)") == [(0,)]  # noqa: S608
