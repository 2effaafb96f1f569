"""What was created, modified or deleted after its first import."""

from datetime import UTC, datetime

import pytest

from graph.enrich import change
from graph.enrich.write.counts import Counts
from graph.ingest.import_file import format_of, import_file
from graph.models import EventDeltaLog, RelationshipInstance
from tests.graph import rows

HEADER = "Transaction number,Date,Supplier,Department,Amount\n"


@pytest.fixture
def bring(committed, tmp_path):
    tenant = rows.tenant_id()

    def bring(name: str, *lines: str) -> None:
        path = tmp_path / name
        path.write_text(HEADER + "".join(f"{line}\n" for line in lines))
        import_file(tenant, path, format_of(path), tmp_path)

    bring.tenant = tenant
    return bring


def logged() -> list[tuple[str, str]]:
    changes = EventDeltaLog.objects.using("owner").order_by("created_at", "id")
    return [(change_.change_type, change_.event_key.rpartition(" ")[2]) for change_ in changes]


ONE = "T1,2026-01-05,Mill,Kitchen,10.00"
TWO = "T2,2026-01-06,Mill,Kitchen,20.00"


def test_first_imports_are_no_changes(bring):
    bring("spend.csv", ONE)
    bring("other.csv", TWO)
    bring("spend.csv", ONE)
    assert logged() == []


def test_a_row_that_appears_in_a_known_file_was_created(bring):
    bring("spend.csv", ONE)
    bring("spend.csv", ONE, TWO)
    [delta] = EventDeltaLog.objects.using("owner").all()
    assert (delta.change_type, delta.new_values["payee"]) == ("created", "Mill")
    assert RelationshipInstance.objects.using("owner").filter(pk=delta.relationship_id).exists()


def test_what_was_deleted_is_written_down_once(bring):
    bring("spend.csv", ONE, TWO)
    deleted = RelationshipInstance.objects.using("owner").first()
    RelationshipInstance.objects.using("owner").filter(pk=deleted.pk).update(
        deleted_at=datetime.now(UTC)
    )
    assert change.enrich(bring.tenant) == Counts(added=1)
    assert change.enrich(bring.tenant) == Counts()
    [delta] = EventDeltaLog.objects.using("owner").all()
    assert (delta.change_type, delta.old_values["party"]) == ("deleted", "Mill")
