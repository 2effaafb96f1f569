"""Names of nobody in particular."""

import pytest

from graph.enrich.columns.placeholders import is_placeholder


@pytest.mark.parametrize(
    "name",
    ["REDACTED", "Redacted Personal Data", "REDACTED - Individual", "Anonymous",
     "Various suppliers", "n/a", "Not known", "Name withheld", "Sundry Creditors"],
)  # fmt: skip
def test_placeholders(name):
    assert is_placeholder(name)


@pytest.mark.parametrize(
    "name",
    ["Acme Mills", "Various Arts Ltd", "Anonymous Coffee Roasters", "Person & Sons"],
)
def test_names(name):
    assert not is_placeholder(name)
