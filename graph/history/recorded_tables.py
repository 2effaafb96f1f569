"""The tables whose rows are recorded: those that a graph shows, and those of cases."""

from functools import cache

from graph.models import PaymentCase, PaymentCaseEntry, PaymentCaseRow
from graph.view.captured_tables import captured_tables

OPERATIONS = ("insert", "update", "delete", "truncate")


@cache
def recorded_tables() -> tuple[str, ...]:
    """Return the tables' names."""
    cases = (PaymentCase, PaymentCaseRow, PaymentCaseEntry)
    return (
        *(table.table for table in captured_tables()),
        *(str(model._meta.db_table) for model in cases),
    )
