import csv
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from finley.models import User
from graph.ingest.import_file import import_file
from graph.ingest.mappings.mapping import Mapping
from tests.graph.ingest.store.oracle_files import PUBLISHED, Take, counted, written


@pytest.fixture
def by(make_mapping: Callable[..., Mapping]) -> Mapping:
    return make_mapping(more=PUBLISHED)


@pytest.fixture
def take(committed: None, tenant: User, by: Mapping, tmp_path: Path) -> Take:
    """A function that imports these lines as a file. It returns the numbers of stored, updated,
    unchanged and rejected lines."""

    def taken(*lines: tuple[str, ...], file: str = "one.csv", user: UUID = tenant.id, by=by):
        return counted(user, written(tmp_path / file, lines), by)

    return taken


HEADER = ("id", "date", "amount", "department", "supplier", "supplier_id", "invoice", "about")
Import = Callable[..., None]


@pytest.fixture
def books(tenant: User, make_mapping: Callable[..., Mapping], tmp_path: Path) -> Import:
    """A function that imports rows, each given as (id, date, amount, supplier, invoice)."""
    by = make_mapping()

    def imported(*lines: tuple[str, ...], user: UUID = tenant.id, supplier_id: str = "") -> None:
        path = tmp_path / "ledger.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([HEADER, *(
                (key, day, amount, "Parks", supplier, supplier_id, invoice, "")
                for key, day, amount, supplier, invoice in lines
            )])  # fmt: skip
        import_file(user, path, by, tmp_path / "rejects")

    return imported
