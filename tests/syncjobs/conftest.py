import pytest
from django.test import Client

from finley.models import User
from graph.database.role import as_owner
from syncjobs.admin import throughput


@pytest.fixture
def staff(committed) -> Client:
    client = Client()
    with as_owner():
        client.force_login(User.objects.create_superuser("staff@example.org"))
    return client


@pytest.fixture
def uncounted_hours():
    throughput.hours.forget()
    yield
    throughput.hours.forget()
