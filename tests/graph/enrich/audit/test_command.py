"""manage.py audit, on imported books."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from benchmarks.planted import planted_books
from benchmarks.scoring import scored_tenants as tenants

pytestmark = pytest.mark.usefixtures("committed")


def test_the_command_lists_findings_with_evidence(tmp_path: Path) -> None:
    """Two payments below 1,000 a few days apart, to one party; nothing else is asked for."""
    text = "Line,Paid,Team,Recipient,Their ref,Value,Purpose\n"
    text += "1,2024-03-04,Grants,Oak Mills,A1,900.50,\n2,2024-03-06,Grants,Oak Mills,A2,800.50,\n"
    path = tmp_path / "second.csv"
    path.write_text(text)
    user = tenants.made([(path, planted_books.mapping_of(path.name))])
    output = StringIO()
    call_command("audit", "--user", str(user), "--limit", "1000", "--json", stdout=output)
    (finding,) = json.loads(output.getvalue())
    assert finding["check"] == "split_below_limit"
    assert finding["evidence"]["sum"] == 1701
    assert [row["day"] for row in finding["payments"]] == ["2024-03-04", "2024-03-06"]
    output = StringIO()
    call_command("audit", "--user", str(user), stdout=output)
    assert output.getvalue() == "Nothing that these checks look for.\n"


def test_nobody_is_audited() -> None:
    with pytest.raises(CommandError):
        call_command("audit", "--user", "nobody@example.org")
