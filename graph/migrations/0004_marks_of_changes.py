"""What has changed since the view was computed; the triggers are put in place by graph.view.triggers."""

from django.db import migrations, models

from graph import sql


class Migration(migrations.Migration):

    dependencies = [
        ('graph', '0003_entities_that_are_one'),
    ]

    operations = [
        migrations.RunSQL(sql.read("view/capture_tables"), sql.read("view/capture_gone")),
        migrations.AddField(
            model_name='viewrefresh',
            name='cluster',
            field=models.BigIntegerField(editable=False, help_text='system_identifier of the server: a snapshot of another says nothing', null=True),
        ),
    ]
