"""What Django cannot state: tenants apart by composite keys, and a run's state machine."""

from django.db import migrations


def key(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_connection_id_tenant_fkey "
        "FOREIGN KEY (user_id, connection_id) REFERENCES sync_connections (user_id, id) "
        "ON DELETE CASCADE",
        f"ALTER TABLE {table} DROP CONSTRAINT {table}_connection_id_tenant_fkey",
    )


MACHINE = """
CREATE FUNCTION sync_runs_keep_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN (
        ('queued', 'running'), ('queued', 'failed'), ('queued', 'cancelled'),
        ('running', 'queued'), ('running', 'succeeded'), ('running', 'failed'),
        ('running', 'cancelled')
    ) THEN
        RAISE EXCEPTION 'a run cannot go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'sync_runs_transition';
    END IF;
    IF NEW.status = 'running' AND NEW.fence <= OLD.fence THEN
        RAISE EXCEPTION 'a start must raise the fence above %', OLD.fence
            USING ERRCODE = 'check_violation', CONSTRAINT = 'sync_runs_fence_grows';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER sync_runs_keep_order BEFORE UPDATE OF status ON sync_runs
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION sync_runs_keep_order();
"""


class Migration(migrations.Migration):
    dependencies = [("syncjobs", "0002_ledger")]

    operations = [
        key("sync_runs"),
        key("external_items"),
        # prefixes: what lies below a deleted folder
        migrations.RunSQL(
            "CREATE INDEX external_items_prefix ON external_items "
            "(connection_id, external_id text_pattern_ops)",
            "DROP INDEX external_items_prefix",
        ),
        migrations.RunSQL(
            MACHINE,
            "DROP TRIGGER sync_runs_keep_order ON sync_runs; DROP FUNCTION sync_runs_keep_order()",
        ),
    ]
