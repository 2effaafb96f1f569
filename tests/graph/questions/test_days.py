"""How far the books reach: read anew, because a new event does not change the version."""

from datetime import UTC, date, datetime

from graph.models import RawEvent
from graph.models.choices import EventKind
from graph.questions import days
from graph.reading import current_rows
from graph.view import version
from tests.graph import rows

TODAY = date(2024, 6, 30)


def reached(user_id):
    with current_rows.snapshot(user_id) as reader:
        books = days.books(reader, user_id, TODAY)
    assert books == days.reach(user_id, TODAY)
    return {book["source"]: book["until"] for book in books}


def test_the_books_reach_as_far_as_their_events_whatever_the_version(tenant, other_tenant):
    def add(user, source, day, kind=EventKind.POSTING):
        occurred_at = datetime(2024, 6, day, tzinfo=UTC)
        return rows.event(user.id, source=source, occurred_at=occurred_at, kind=kind)

    add(tenant, "bank", 3)
    first = version.version(tenant.id)
    assert reached(tenant.id) == {"bank": date(2024, 6, 3)}
    add(tenant, "bank", 28)
    add(other_tenant, "bank", 29)
    message = add(tenant, "mail", 20, EventKind.MESSAGE)
    assert reached(tenant.id) == {"bank": date(2024, 6, 28)}
    RawEvent.objects.using("owner").filter(pk=message.pk).update(kind=EventKind.POSTING)
    assert reached(tenant.id) == {"bank": date(2024, 6, 28), "mail": date(2024, 6, 20)}
    assert version.version(tenant.id) == first
