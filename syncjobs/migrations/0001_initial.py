import django.contrib.postgres.functions
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='JobFailure',
            fields=[
                ('id', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False, primary_key=True, serialize=False)),
                ('user_id', models.UUIDField(blank=True, null=True, verbose_name='tenant')),
                ('provider', models.TextField(blank=True, db_default='')),
                ('connection_id', models.TextField(blank=True, db_default='')),
                ('correlation_id', models.TextField(blank=True, db_default='')),
                ('job_id', models.TextField(blank=True, db_default='')),
                ('function', models.TextField()),
                ('payload', models.JSONField(blank=True, db_default={})),
                ('error_class', models.TextField(blank=True, db_default='')),
                ('error', models.TextField(help_text='What went wrong, in a sentence')),
                ('traceback', models.TextField(blank=True, db_default='')),
                ('fingerprint', models.TextField(blank=True, db_default='', help_text='Groups like failures')),
                ('tries', models.PositiveIntegerField(db_default=1)),
                ('first_failed_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('last_failed_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('status', models.TextField(choices=[('open', 'Open'), ('replaying', 'Replaying'), ('resolved', 'Resolved'), ('ignored', 'Ignored'), ('discarded', 'Discarded')], db_default='open')),
            ],
            options={
                'db_table': 'job_failures',
                'indexes': [models.Index(fields=['status', '-last_failed_at'], name='job_failures_status_last'), models.Index(fields=['fingerprint'], name='job_failures_fingerprint'), models.Index(fields=['user_id'], name='job_failures_user')],
                'constraints': [models.CheckConstraint(condition=models.Q(('status__in', ['open', 'replaying', 'resolved', 'ignored', 'discarded'])), name='job_failures_status_known'), models.CheckConstraint(condition=models.Q(('first_failed_at__lte', models.F('last_failed_at'))), name='job_failures_times_ordered')],
            },
        ),
    ]
