"""No rule of the database goes missing unseen."""

import pytest
from django.db import connections, transaction

from graph.database import role
from tests.graph.database import rules

pytestmark = pytest.mark.usefixtures("committed")
HINT = "see tests/graph/database/rules.py"


@pytest.fixture(autouse=True)
def _two_roles(committed: None) -> None:
    if role.application_role() == role.current_role("owner"):
        pytest.skip("one role serves as both: DATABASE_OWNER_URL is not set")


def test_the_database_keeps_the_rules_that_are_listed():
    kept, listed = set(rules.kept()), rules.listed()
    assert listed - kept == set(), f"gone: {HINT}"
    assert kept - listed == set(), f"new: {HINT}"
    kinds = {line.partition(":")[0].split()[0] for line in listed}
    assert kinds == {"constraint", "grant", "policy", "row", "trigger", "unique"}


def missing_after(statement: str) -> set[str]:
    """The rules that are not kept any more after it; then it is rolled back."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(statement)
        missing = rules.listed() - set(rules.kept())
        transaction.set_rollback(True, using="owner")
        return missing


@pytest.mark.parametrize("kind", ["constraint", "grant", "policy", "row", "trigger", "unique"])
def test_a_rule_that_is_dropped_is_missed(kind):
    line, statement = next(item for item in rules.kept().items() if item[0].startswith(kind))
    assert line in missing_after(statement)
    assert rules.listed() - set(rules.kept()) == set()


@pytest.mark.thorough
def test_each_rule_that_is_dropped_is_missed():
    """The mutation run: each rule taken away in turn."""
    survivors = [
        line for line, statement in rules.kept().items() if line not in missing_after(statement)
    ]
    assert survivors == []
