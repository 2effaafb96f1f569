"""Rows as they were; the triggers are put in place by graph.history.row_triggers."""

from django.db import migrations

from graph import sql


class Migration(migrations.Migration):

    dependencies = [
        ('graph', '0016_reach_of_books'),
    ]

    operations = [
        migrations.RunSQL(
            "; ".join(
                [
                    sql.read("history/tables"),
                    sql.read("history/functions"),
                    sql.read("history/stamped"),
                ]
            ),
            sql.read("history/tables_gone"),
        ),
    ]
