"""The view of one tenant's relationships: its state only, as the database has it from graph.database.row_security."""
import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('graph', '0004_marks_of_changes'),
    ]

    operations = [
        migrations.CreateModel(
            name='TenantRelationship',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('user_id', models.UUIDField()),
                ('relationship_type', models.TextField()),
                ('edge_class', models.TextField()),
                ('confidence_score', models.FloatField()),
                ('detection_method', models.TextField()),
                ('reason', models.TextField()),
                ('source_event_id', models.UUIDField()),
                ('target_event_id', models.UUIDField()),
                ('source_entity_id', models.UUIDField(null=True)),
                ('target_entity_id', models.UUIDField(null=True)),
                ('occurred_at', models.DateTimeField()),
                ('amount', models.DecimalField(decimal_places=4, max_digits=20, null=True)),
                ('currency', models.TextField(null=True)),
                ('document_ref', models.TextField(null=True)),
                ('transaction_ref', models.TextField()),
                ('causal_relationship_id', models.UUIDField(null=True)),
                ('causal_score', models.FloatField(null=True)),
                ('causal_direction', models.TextField(null=True)),
                ('temporal_pattern_id', models.UUIDField(null=True)),
                ('recurrence_score', models.FloatField(null=True)),
                ('recurrence_frequency', models.TextField(null=True)),
                ('last_occurrence', models.DateField(null=True)),
                ('next_predicted_occurrence', models.DateField(null=True)),
                ('seasonal_pattern_id', models.UUIDField(null=True)),
                ('seasonal_strength', models.FloatField(null=True)),
                ('seasonal_months', django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(), null=True)),
                ('pattern_id', models.UUIDField(null=True)),
                ('pattern_name', models.TextField(null=True)),
                ('pattern_confidence', models.FloatField(null=True)),
                ('cross_platform_relationship_id', models.UUIDField(null=True)),
                ('platform_sources', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), null=True)),
                ('predicted_relationship_id', models.UUIDField(null=True)),
                ('prediction_confidence', models.FloatField(null=True)),
                ('prediction_reason', models.TextField(null=True)),
                ('expected_from', models.DateField(null=True)),
                ('expected_to', models.DateField(null=True)),
                ('amount_low', models.DecimalField(decimal_places=4, max_digits=20, null=True)),
                ('amount_high', models.DecimalField(decimal_places=4, max_digits=20, null=True)),
                ('status', models.TextField(null=True)),
                ('root_cause_analysis_id', models.UUIDField(null=True)),
                ('root_cause_analysis', models.TextField(null=True)),
                ('event_delta_log_id', models.UUIDField(null=True)),
                ('change_type', models.TextField(null=True)),
                ('duplicate_transaction_id', models.UUIDField(null=True)),
                ('is_duplicate', models.BooleanField()),
                ('duplicate_confidence', models.FloatField(null=True)),
                ('original_relationship_id', models.UUIDField(null=True)),
            ],
            options={
                'db_table': 'tenant_relationships',
                'managed': False,
            },
        ),
    ]
