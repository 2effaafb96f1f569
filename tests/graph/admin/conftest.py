import pytest
from django.test import Client

from finley.models import User
from graph import models
from graph.admin import paginator
from graph.database.role import as_owner
from graph.view import refresh
from tests.graph import rows
from tests.graph.admin.layered_rows import all_layers


@pytest.fixture
def staff(committed) -> Client:
    client = Client()
    with as_owner():
        client.force_login(User.objects.create_superuser("staff@example.org"))
    return client


@pytest.fixture
def one_of_each(committed):
    row_of = all_layers(rows.tenant_id())
    refresh.refresh()
    row_of[models.EnrichedRelationship] = models.EnrichedRelationship.objects.using("owner").get(
        pk=row_of[models.RelationshipInstance].pk
    )
    row_of[models.ViewRefresh] = models.ViewRefresh.objects.using("owner").latest()
    return row_of


@pytest.fixture
def small_limits(monkeypatch):
    """Set the admin's limits so low that a test's few rows exceed them."""
    monkeypatch.setattr(paginator, "MOST", 100)
    monkeypatch.setattr(paginator, "MOST_FOUND", 80)
    monkeypatch.setattr(paginator, "MOST_AT_ONCE", 60)
