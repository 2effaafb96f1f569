from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Built concurrently, so that imports go on meanwhile. If the build ends early, PostgreSQL
    keeps an invalid index of this name; the next try drops it first."""

    atomic = False
    dependencies = [("graph", "0015_twice_a_month")]

    operations = [
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS raw_events_reach", migrations.RunSQL.noop
        ),
        AddIndexConcurrently(
            model_name="rawevent",
            index=models.Index(
                condition=models.Q(("kind", "posting")),
                fields=["user_id", "source", "occurred_at"],
                name="raw_events_reach",
            ),
        ),
    ]
