"""Marks of updates say which columns were written."""

from django.db import migrations

from graph import sql


class Migration(migrations.Migration):

    dependencies = [
        ('graph', '0007_what_was_tried_is_forgotten'),
    ]

    operations = [
        migrations.RunSQL(
            sql.read("view/capture_columns"), "ALTER TABLE change_marks DROP COLUMN columns"
        ),
    ]
