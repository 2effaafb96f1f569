from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('graph', '0010_repeated_requests'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='viewrefresh',
            options={'get_latest_by': 'id', 'verbose_name_plural': 'view refreshes'},
        ),
    ]
