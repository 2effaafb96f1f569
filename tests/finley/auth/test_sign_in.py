"""Guessing passwords at the admin takes longer and longer."""

import time
from contextlib import closing

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from redis import Redis

from finley.auth import failed_attempts, sign_in
from finley.models import User
from graph.database.role import as_owner
from tests.syncjobs import workers

LOGIN = "/admin/login/?next=/admin/"
PASSWORD = "correct-horse-battery"


@pytest.fixture
def staff(committed) -> User:
    forget_attempts()
    with as_owner():
        yield User.objects.create_superuser("boss@example.org", PASSWORD)
    forget_attempts()


def forget_attempts() -> None:
    failed_attempts._here.clear()
    with closing(workers.redis()) as redis:
        if keys := list(redis.scan_iter("finley:attempts:*")):
            redis.delete(*keys)


def tried(password: str, client: Client | None = None, **where: str) -> bool:
    """Whether it let us in."""
    form = {"username": "boss@example.org", "password": password}
    return (client or Client()).post(LOGIN, form, **where).status_code == 302


def test_the_right_password_after_many_wrong_ones_has_to_wait(staff, monkeypatch):
    assert tried(PASSWORD)
    for number in range(sign_in.FREE):
        assert not tried(f"wrong {number}")
    assert not tried(PASSWORD)
    assert not tried(PASSWORD, REMOTE_ADDR="192.0.2.9")  # from wherever
    later = time.time() + 3
    monkeypatch.setattr(failed_attempts.time, "time", lambda: later)
    assert tried(PASSWORD)
    assert not tried("wrong again")
    assert tried(PASSWORD)  # a success begins anew


def test_one_address_cannot_try_many_people(staff, monkeypatch):
    for number in range(sign_in.FREE_OF_ADDRESS):
        form = {"username": f"nobody{number}@example.org", "password": "x"}
        Client().post(LOGIN, form, REMOTE_ADDR="192.0.2.1")
    assert not tried(PASSWORD, REMOTE_ADDR="192.0.2.1")
    assert tried(PASSWORD, REMOTE_ADDR="192.0.2.2")


def test_it_is_counted_without_redis_too(staff, monkeypatch):
    away = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=0.1)
    monkeypatch.setattr(failed_attempts, "_redis", lambda: away)
    for number in range(sign_in.FREE):
        assert not tried(f"wrong {number}")
    assert not tried(PASSWORD)


def test_the_wait_doubles_up_to_a_quarter_of_an_hour(monkeypatch):
    waits = []
    for count in range(4, 20):
        monkeypatch.setattr(failed_attempts, "_known", lambda _, count=count: (count, time.time()))
        waits.append(round(failed_attempts.wait("key", sign_in.FREE)))
    assert waits[:6] == [0, 2, 4, 8, 16, 32]
    assert waits[-1] == failed_attempts.LONGEST_WAIT


def test_a_password_like_the_e_mail_address_is_refused():
    with pytest.raises(ValidationError, match="too similar"):
        validate_password("harbour.foods", User(email="harbour.foods@example.org"))
