"""Imports that are taken back: rows that stand in several files go with the last of them."""

import pytest

from graph.ingest.store import take_back
from graph.ingest.store.take_back import Import
from graph.models import EntityMatch, RelationshipInstance
from tests.graph.ingest.store.test_same_bookings import (  # noqa: F401
    FORMS,
    RIGHT,
    ROWS,
    amounts,
    imported,
    take,
)


def gone(tenant, name: str) -> tuple[int, int]:
    """How many rows went with the file, and how many stayed."""
    removed = take_back.take_back(tenant.id, Import(file=name), "a person")
    return removed.rows, removed.rows_kept


@pytest.mark.parametrize(("first", "second"), [("csv", "xml"), ("xml", "sta"), ("sta", "csv")])
def test_a_statement_in_two_forms_goes_with_the_second(take, tenant, first, second):  # noqa: F811
    for form in (first, second):
        take(FORMS[form](ROWS), f"a.{form}")
    assert gone(tenant, f"a.{first}") == (0, 4)
    assert amounts(tenant) == RIGHT
    assert gone(tenant, f"a.{first}") == (0, 0)
    assert gone(tenant, f"a.{second}") == (4, 0)
    assert amounts(tenant) == []
    assert not RelationshipInstance.objects.using("owner").filter(user_id=tenant.id).exists()
    assert not EntityMatch.objects.using("owner").filter(user_id=tenant.id).exists()
    assert take(FORMS[first](ROWS), f"a.{first}") == (4, 0, 0, 0)


def test_another_tenant_s_file_of_that_name_stays(take, tenant, other_tenant):  # noqa: F811
    take(FORMS["csv"](ROWS), "a.csv")
    assert gone(other_tenant, "a.csv") == (0, 0)
    assert amounts(tenant) == RIGHT


def test_what_it_would_remove_is_said_and_not_done(take, tenant):  # noqa: F811
    take(FORMS["csv"](ROWS), "a.csv")
    effect = take_back.effect(tenant.id, Import(file="a.csv"))
    assert (effect.rows, effect.rows_kept, sum(row["rows"] for row in effect.sums)) == (4, 0, 4)
    assert take_back.effect(tenant.id, Import(file="a")).rows == 0, "a part of a name is none"
    assert amounts(tenant) == RIGHT
