from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("graph", "0015_twice_a_month")]

    operations = [
        migrations.AddIndex(
            model_name="rawevent",
            index=models.Index(
                condition=models.Q(("kind", "posting")),
                fields=["user_id", "source", "occurred_at"],
                name="raw_events_reach",
            ),
        ),
    ]
