"""A tenant exported, erased without a trace, and brought back as it was."""

import hashlib
import json
import zipfile
from contextlib import closing
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import OperationalError, connections
from redis import Redis

from finley.models import ApiToken, Membership, Role, User
from finley.tenant_data import erase, tenant_tables
from graph.database.role import as_owner
from graph.questions import picture
from graph.reading import graph_cache
from graph.view import refresh
from syncjobs import queue
from syncjobs.alerts import endpoints
from syncjobs.models import Delivery, DeliveryEndpoint
from syncjobs.uploads import lifecycle
from tests.conftest import client_of
from tests.graph.api.conftest import books, both_books, their_books  # noqa: F401
from tests.graph.rows import add
from tests.syncjobs import run_rows

CANARY = "canary7f3a"
GROUP = "accountants 41c9"
SINCE = datetime(2026, 1, 31, tzinfo=UTC)


@pytest.fixture(autouse=True)
def quick(settings, tmp_path):
    settings.TOKEN_SECONDS = 0
    settings.STATE_DIR = tmp_path / "state"


@pytest.fixture
def full(both_books, tenant, settings) -> User:  # noqa: F811
    """A tenant with rows in as many tables as may be, all with the canary."""
    tenant.email = f"{CANARY}@example.org"
    tenant.save(using="owner")
    connection = run_rows.connection(tenant.pk, nango_connection_id=CANARY)
    run_rows.item(connection, name=CANARY, note=CANARY)
    failed = run_rows.run(connection, error=CANARY)
    run_rows.attempt(failed, error=CANARY)
    run_rows.failure(connection, run=failed, error=CANARY, payload={"x": CANARY})
    rejects = Path(settings.STATE_DIR) / "rejects" / str(connection.pk)
    rejects.mkdir(parents=True)
    (rejects / "a.csv.rejects.csv").write_text(f"line\n{CANARY}\n")
    client_of(tenant)
    with as_owner():
        LogEntry.objects.create(
            user_id=tenant.pk,
            object_repr=CANARY,
            action_flag=2,
            change_message=CANARY,
            content_type=ContentType.objects.get_for_model(User),
        )
        tenant.groups.add(Group.objects.get_or_create(name=GROUP)[0])
        tenant.user_permissions.add(Permission.objects.get(codename="view_user"))
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "UPDATE raw_events SET description = %s WHERE user_id = %s", [CANARY, tenant.pk]
        )
    refresh.refresh()
    graph_cache.load(tenant.pk)
    return tenant


def exported(user: User, into: Path) -> dict[str, str]:
    """The export's sums by file."""
    call_command("tenant", "export", user=user.email, into=into)
    with zipfile.ZipFile(into) as archive:
        return json.loads(archive.read("manifest.json"))["sha256"]


def found(*texts: str) -> list[str]:
    """Where one of the texts stands: tables, view, Redis, files."""
    places = []
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT c.oid::regclass::text FROM pg_class AS c "
            "WHERE relkind IN ('r', 'm') AND relnamespace = 'public'::regnamespace"
        )
        for (name,) in cursor.fetchall():
            for text in texts:
                query = f"SELECT count(*) FROM {name} AS t WHERE strpos(t::text, %s) > 0"  # noqa: S608
                cursor.execute(query, [text])
                if cursor.fetchone()[0]:
                    places.append(f"{name}: {text}")
    return places


def in_redis(text: str, redis: Redis) -> list[bytes]:
    keys = list(redis.scan_iter("*", count=1000))
    return [
        key for key in keys if text.encode() in key or text.encode() in (redis.dump(key) or b"")
    ]


def test_no_trace_is_left_but_others_stay(full, other_tenant, tmp_path, settings):
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM raw_events WHERE user_id = %s", [other_tenant.pk])
        others = cursor.fetchone()
    texts = CANARY, str(full.pk)
    assert len(found(*texts)) > 15
    certificate = tmp_path / "certificate.json"
    call_command("tenant", "erase", user=full.email, confirm=full.email, certificate=certificate)
    assert found(*texts) == []
    with closing(Redis.from_url(str(settings.REDIS_URL))) as redis:
        assert in_redis(str(full.pk), redis) == []
    assert not list(Path(settings.STATE_DIR).rglob("*.csv"))
    statement = json.loads(certificate.read_text())
    assert statement["tenant"] == str(full.pk)
    assert statement["rows_erased"]["finley_user"] == 1
    assert statement["files_erased"] == 1
    assert "Backups" in statement["not_reached"]
    assert CANARY not in certificate.read_text()
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM raw_events WHERE user_id = %s", [other_tenant.pk])
        assert cursor.fetchone() == others


def test_no_copy_of_a_row_is_left_if_the_view_cannot_be_refreshed(full, tmp_path, monkeypatch):
    """Triggers copy each deleted row into the history."""
    monkeypatch.setattr(refresh, "refresh", _fails)
    before = _count("row_history", full)
    with pytest.raises(OperationalError, match="no space"):
        call_command(
            "tenant", "erase", user=full.email, confirm=full.email, certificate=tmp_path / "c.json"
        )
    assert found(CANARY) == []
    assert {_count(name, full) for name in erase.HISTORY} == {0}
    assert before > 0


def test_the_certificate_counts_only_rows_that_there_were(full):
    names = sorted(tenant_tables.BOOKKEEPING)
    before = {name: _count(name, full) for name in names}
    erasure = erase.erase(full)
    assert {name: erasure.rows[name] for name in names} == before
    assert {_count(name, full) for name in names} == {0}


def _fails() -> None:
    raise OperationalError("no space left on device")


def _count(table: str, user: User) -> int:
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table} WHERE user_id = %s", [user.pk])  # noqa: S608
        return cursor.fetchone()[0]


def test_an_export_brings_the_same_tenant_back(full, tmp_path, settings):
    hook = add(
        DeliveryEndpoint, user_id=full.pk, name="ours", channel="webhook",
        address="https://example.org/", secret="sealed", lease_until=SINCE,
    )  # fmt: skip
    message = {"user_id": full.pk, "endpoint": hook, "event": "test", "title": "t", "body": "{}"}
    add(Delivery, **message, state="delivered", ended_at=SINCE)
    before = exported(full, tmp_path / "one.zip")
    add(Delivery, **message)
    exported(full, tmp_path / "waiting.zip")
    assert len(before) > 15
    call_command(
        "tenant", "erase", user=full.email, confirm=full.email, certificate=tmp_path / "c.json"
    )
    call_command("tenant", "import", str(tmp_path / "waiting.zip"))
    refresh.refresh()
    after = exported(full, tmp_path / "two.zip")
    assert {name: after[name] for name in before} == before
    with as_owner():
        back = DeliveryEndpoint.objects.get(pk=hook.pk)
        assert (back.is_enabled, back.lease_until) == (False, None)
        assert endpoints.signing_keys(back)
        assert not User.objects.get(pk=full.pk).has_usable_password()
        assert not ApiToken.objects.filter(user_id=full.pk).exists()


def test_names_lead_to_the_same_things_in_another_installation(full, other_tenant, tmp_path):
    """There, groups and users have other numbers; one group and one member are unknown."""
    with as_owner():
        deleted = User.objects.create_user("gone@example.org")
        full.groups.add(Group.objects.create(name="unknown there"))
        for member, role in ((other_tenant, Role.REVIEWER), (deleted, Role.OWNER)):
            Membership.objects.create(member=member, tenant=full, role=role, accepted=SINCE)
        Membership.objects.create(member=full, tenant=other_tenant, role=Role.VIEWER)
    exported(full, tmp_path / "one.zip")
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        lines = archive.read("tables/finley_user_groups.jsonl").splitlines()
        assert {json.loads(line)["group_id"] for line in lines} == {GROUP, "unknown there"}
        entry = json.loads(archive.read("tables/django_admin_log.jsonl").splitlines()[0])
        assert entry["content_type_id"] == "finley.user"
        assert "id" not in entry
        assert json.loads(archive.read("member_of.jsonl"))["user"] == other_tenant.email
    call_command(
        "tenant", "erase", user=full.email, confirm=full.email, certificate=tmp_path / "c.json"
    )
    with as_owner():
        deleted.delete()
        Group.objects.all().delete()
        group = Group.objects.create(name=GROUP)
    out = StringIO()
    call_command("tenant", "import", str(tmp_path / "one.zip"), stdout=out)
    with as_owner():
        back = User.objects.get(pk=full.pk)
        assert list(back.groups.all()) == [group]
        assert [permission.codename for permission in back.user_permissions.all()] == ["view_user"]
        assert LogEntry.objects.get(user=back).content_type.model_class() is User
        (member,) = Membership.objects.all()
        assert (member.member, member.tenant, member.role) == (other_tenant, back, Role.REVIEWER)
        assert member.accepted == SINCE
        Group.objects.all().delete()
    assert "1 of members.jsonl were left out" in out.getvalue()
    assert "1 of finley_user_groups were left out" in out.getvalue()


def test_an_export_holds_no_secret(full, tmp_path):
    exported(full, tmp_path / "one.zip")
    with as_owner():
        digest = ApiToken.objects.filter(user_id=full.pk).first().digest
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        for name in archive.namelist():
            data = archive.read(name)
            assert digest.encode() not in data
            assert b"password" not in data


def test_every_table_of_tenants_is_exported_or_left_out_for_a_reason(full, tmp_path):
    sums = exported(full, tmp_path / "one.zip")
    with connections["owner"].cursor() as cursor:
        names = {table.name for table in tenant_tables.of_tenants(cursor)}
    missing = names - {name.removeprefix("tables/").removesuffix(".jsonl") for name in sums}
    assert {"members.jsonl", "member_of.jsonl"} <= sums.keys()
    assert missing == {*tenant_tables.BOOKKEEPING, tenant_tables.TOKENS, *tenant_tables.EXPORTS}


def test_a_legal_hold_keeps_the_books(full, tmp_path):
    call_command(
        "tenant", "erase", user=full.email, confirm=full.email,
        legal_hold="HGB 257", certificate=tmp_path / "c.json",
    )  # fmt: skip
    statement = json.loads((tmp_path / "c.json").read_text())
    assert statement["legal_hold"] == "HGB 257"
    assert statement["rows_kept"]["raw_events"] > 0
    assert not User.objects.using("owner").filter(pk=full.pk).exists()
    kept = tuple(statement["rows_kept"])
    assert [place for place in found(CANARY) if not place.startswith(kept)] in (
        [], [f"view_enriched_relationships: {CANARY}"]
    )  # fmt: skip


@pytest.mark.parametrize("spoil", ["bytes", "tenant", "none"])
def test_a_file_that_was_changed_is_refused_whole(full, tmp_path, spoil):
    exported(full, tmp_path / "one.zip")
    target = tmp_path / "two.zip"
    with zipfile.ZipFile(tmp_path / "one.zip") as old, zipfile.ZipFile(target, "w") as new:
        manifest = json.loads(old.read("manifest.json"))
        for name in old.namelist():
            data = old.read(name)
            if name == "tables/sync_runs.jsonl" and spoil != "none":
                data = data.replace(str(full.pk).encode(), str(uuid4()).encode())
                if spoil == "tenant":
                    manifest["sha256"][name] = hashlib.sha256(data).hexdigest()
            if name != "manifest.json":
                new.writestr(name, data)
        new.writestr("manifest.json", json.dumps(manifest))
    message = {"bytes": "was changed", "tenant": "another tenant", "none": "there already"}[spoil]
    if spoil != "none":
        call_command(
            "tenant", "erase", user=full.email, confirm=full.email, certificate=tmp_path / "c"
        )
    with pytest.raises(CommandError, match=message):
        call_command("tenant", "import", str(target))
    if spoil != "none":
        assert found(str(full.pk)) == []


def test_erasing_asks_twice(full, tmp_path):
    with pytest.raises(CommandError, match="nothing was erased"):
        call_command("tenant", "erase", user=full.email, confirm="yes", certificate=tmp_path / "c")
    assert User.objects.using("owner").filter(pk=full.pk).exists()


@pytest.mark.parametrize("why", ["there", "no folder"])
def test_without_a_certificate_nothing_is_erased(full, tmp_path, why):
    certificate = tmp_path / "c.json" if why == "there" else tmp_path / "none" / "c.json"
    if why == "there":
        certificate.write_text("another's")
    with pytest.raises(CommandError, match="nothing was erased"):
        call_command(
            "tenant", "erase", user=full.email, confirm=full.email, certificate=certificate
        )
    assert User.objects.using("owner").filter(pk=full.pk).exists()
    if why == "there":
        assert certificate.read_text() == "another's"


def test_of_an_unknown_tenant_there_is_no_certificate(committed, tmp_path):
    certificate, name = tmp_path / "c.json", "nobody@example.org"
    with pytest.raises(CommandError, match=name):
        call_command("tenant", "erase", user=name, confirm=name, certificate=certificate)
    assert not certificate.exists()


def test_the_job_of_an_upload_is_erased_too(full, own_queue, tmp_path, settings):
    upload = lifecycle.begin(full.pk, "books.csv", 5, full.email)
    lifecycle.piece(full.pk, upload.pk, 0, b"a,b\n1")
    assert lifecycle.received(full.pk, upload.pk) == []
    assert queue.waiting() == 1
    call_command(
        "tenant", "erase", user=full.email, confirm=full.email, certificate=tmp_path / "c.json"
    )
    assert queue.waiting() == 0
    with closing(Redis.from_url(str(settings.REDIS_URL))) as redis:
        assert in_redis(str(upload.pk), redis) == []


def test_the_places_of_its_picture_are_erased_too(full, tmp_path, settings):
    refresh.refresh()
    picture.picture(full.pk)
    with closing(Redis.from_url(str(settings.REDIS_URL))) as redis:
        assert any(b"places" in key for key in in_redis(str(full.pk), redis))
        call_command(
            "tenant", "erase", user=full.email, confirm=full.email, certificate=tmp_path / "c.json"
        )
        assert in_redis(str(full.pk), redis) == []
