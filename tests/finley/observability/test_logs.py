"""What the log does not say: secrets that are part of an address."""

import io
import json
import logging

import pytest
from django.test import Client

from finley.observability.logs import Json, Line, OfRequest

SECRET = "c4n4ry_S3cret-of-an-address"


@pytest.fixture(params=[Json, Line])
def log(request):
    """The log in each of its forms, from the requests' lines on."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(request.param())
    handler.addFilter(OfRequest())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel("INFO")
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize(
    ("path", "masked"),
    [
        ("/api/v1/erasures/{}/", "/api/v1/erasures/***/"),
        ("/api/v1/erasures/{}", "/api/v1/erasures/***"),
        ("/account/password/MQ/{}/", "/account/password/MQ/***/"),
    ],
)
def test_a_secret_in_an_address_is_masked(committed, log, path, masked):
    Client().get(path.format(SECRET))
    lines = log.getvalue()
    assert f"GET {masked}" in lines
    assert SECRET not in lines


def test_a_secret_in_a_traceback_is_masked_too(log):
    try:
        raise ValueError(f"/api/v1/erasures/{SECRET}/")
    except ValueError:
        logging.getLogger("finley.test").exception("GET %s", f"/api/v1/erasures/{SECRET}/")
    assert "ValueError" in log.getvalue()
    assert SECRET not in log.getvalue()


def test_other_addresses_stay_as_they_are(committed, log):
    Client().get("/account/password/sent/")
    Client().get("/api/v1/erasure/")
    assert "GET /account/password/sent/ 200" in log.getvalue()
    assert "GET /api/v1/erasure/ 401" in log.getvalue()
    with_braces = [line for line in log.getvalue().splitlines() if line.startswith("{")]
    assert all(json.loads(line)["message"] for line in with_braces)
