"""`manage.py adopt` as a person or a script meets it."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from finley.models import User
from graph import models
from graph.database.role import as_owner
from tests.graph.adopting.conftest import SCHEMA, USER, rows, written
from tests.graph.adopting.test_adopting import small


def command(*arguments: str) -> str:
    out = StringIO()
    call_command("adopt", *arguments, stdout=out)
    return out.getvalue()


def test_it_says_what_would_come_and_what_came(old, put):
    small(old)
    old.event(USER, 7, amount="NaN")
    put()
    report = command("--schema", SCHEMA, "--dry-run")
    assert "raw_events                     3 rows = 2 to bring + 0 already there + 1 skip" in report
    assert "  1 skipped: amount is not a number below 10^16\n" in report
    assert "  kept as they are: event_type, metadata\n" in report
    assert "  not read: logo\n" in report
    assert "Nothing was written. Run it without --dry-run to write." in report
    assert written() == 0
    report = command("--schema", SCHEMA)
    assert (
        "relationship_instances         1 rows = 1 brought + 0 already there + 0 skipped" in report
    )
    assert "1 relationships of type payment are flow" in report
    assert f"No user is {USER}: --create-users creates them." in report
    assert report.endswith("Next: manage.py refresh_enriched_view\n")


def test_for_a_script_it_is_one_object(old, put):
    small(old)
    old.event(USER, 7, amount="NaN")
    put()
    document = json.loads(command("--schema", SCHEMA, "--json"))
    assert document["tables"]["raw_events"] == {
        "rows": 3,
        "brought": 2,
        "written": 2,
        "already_there": 0,
        "skipped": {"amount is not a number below 10^16": 1},
        "by": [],
        "kept": ["event_type", "metadata"],
        "left": [],
    }
    assert document["tables"]["temporal_patterns"]["by"] == ["relationship_type"]
    assert document["relationship_types"] == [{"type": "payment", "edge_class": "flow", "rows": 1}]
    assert (document["relationships"], document["rows_joined"], document["dry_run"]) == (
        1,
        1,
        False,
    )
    assert document["tenants_without_user"] == [str(USER)]


def test_users_are_made_if_asked_and_types_are_named(old, put):
    small(old)
    put()
    report = command("--schema", SCHEMA, "--create-users", "--flow", "transfer")
    assert "1 users created" in report
    assert "1 relationships of type payment are link" in report
    with as_owner():
        assert User.objects.get(id=USER).has_usable_password() is False
    assert rows(models.RelationshipInstance)[0].edge_class == "link"
    report = command("--schema", SCHEMA, "--create-users", "--user", str(USER))
    assert "users created" not in report


def test_in_a_dry_run_no_user_is_made(old, put):
    small(old)
    put()
    command("--schema", SCHEMA, "--create-users", "--dry-run")
    with as_owner():
        assert not User.objects.filter(id=USER).exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--schema NAME or --from URL"),
        (("--schema", "no"), "'no'"),
        (("--schema", SCHEMA, "--user", "nobody"), "neither a UUID nor an e-mail address"),
        (("--schema", SCHEMA, "--currency", "pounds"), "three capital letters"),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_sentence(old, put, arguments, words):
    put()
    with pytest.raises(CommandError, match=words):
        command(*arguments)
