"""Entities that are one party: what was found, what people say, and where matches point since."""

from importlib import import_module

import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.datetime
from django.db import migrations, models

ENTITIES = "normalized_entities"

KEYS = [
    ("entity_resolutions", "kept_id", ENTITIES, "CASCADE"),
    ("entity_resolutions", "merged_id", ENTITIES, "CASCADE"),
    ("normalized_entities", "merged_into_id", ENTITIES, "SET NULL"),
    ("entity_matches", "original_entity_id", ENTITIES, "SET NULL"),
]

add = import_module("graph.migrations.0002_tenants_apart").add


class Migration(migrations.Migration):

    dependencies = [
        ('graph', '0002_tenants_apart'),
    ]

    operations = [
        migrations.CreateModel(
            name='EntityResolution',
            fields=[
                ('id', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False, primary_key=True, serialize=False)),
                ('user_id', models.UUIDField(verbose_name='tenant')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('confidence', models.FloatField()),
                ('reason', models.TextField()),
                ('evidence', models.JSONField(blank=True, db_default={})),
                ('decided', models.TextField(choices=[('automatic', 'merged automatically'), ('open', 'open: a person must judge'), ('merge', 'merged by a person'), ('apart', 'kept apart by a person')])),
                ('decided_by', models.TextField(blank=True, db_default='', help_text='Who, if a person did')),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'db_table': 'entity_resolutions',
            },
        ),
        migrations.RemoveConstraint(
            model_name='entitymatch',
            name='entity_matches_event_entity_key',
        ),
        migrations.AddField(
            model_name='entitymatch',
            name='original_confidence',
            field=models.FloatField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='entitymatch',
            name='original_entity',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, editable=False, help_text='Which it named before that was merged; confidence and reason were then these', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='graph.normalizedentity'),
        ),
        migrations.AddField(
            model_name='entitymatch',
            name='original_reason',
            field=models.TextField(blank=True, db_default='', editable=False),
        ),
        migrations.AddField(
            model_name='normalizedentity',
            name='merged_into',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, editable=False, help_text='The entity that stands for it: both are one party', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='graph.normalizedentity'),
        ),
        migrations.AddIndex(
            model_name='entitymatch',
            index=models.Index(condition=models.Q(('original_entity__isnull', False)), fields=['user_id', 'original_entity'], name='entity_matches_original'),
        ),
        migrations.AddIndex(
            model_name='normalizedentity',
            index=models.Index(condition=models.Q(('merged_into__isnull', False)), fields=['user_id', 'merged_into'], name='normalized_entities_merged'),
        ),
        migrations.AddConstraint(
            model_name='entitymatch',
            constraint=models.UniqueConstraint(fields=('user_id', 'event', 'entity', 'original_entity'), name='entity_matches_event_entity_key', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='entitymatch',
            constraint=models.CheckConstraint(condition=models.Q(('original_confidence__isnull', True), models.Q(('original_confidence__gte', 0), ('original_confidence__lte', 1)), _connector='OR'), name='entity_matches_original_confidence_0_1'),
        ),
        migrations.AddConstraint(
            model_name='normalizedentity',
            constraint=models.CheckConstraint(condition=models.Q(('merged_into__isnull', True), models.Q(('merged_into', models.F('id')), _negated=True), _connector='OR'), name='normalized_entities_not_into_itself'),
        ),
        migrations.AddField(
            model_name='entityresolution',
            name='kept',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='graph.normalizedentity'),
        ),
        migrations.AddField(
            model_name='entityresolution',
            name='merged',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='graph.normalizedentity'),
        ),
        migrations.AddIndex(
            model_name='entityresolution',
            index=models.Index(fields=['user_id', 'decided', 'id'], name='entity_resolutions_decided'),
        ),
        migrations.AddIndex(
            model_name='entityresolution',
            index=models.Index(fields=['user_id', 'kept'], name='entity_resolutions_kept'),
        ),
        migrations.AddIndex(
            model_name='entityresolution',
            index=models.Index(fields=['user_id', 'merged'], name='entity_resolutions_merged'),
        ),
        migrations.AddConstraint(
            model_name='entityresolution',
            constraint=models.CheckConstraint(condition=models.Q(('confidence__isnull', True), models.Q(('confidence__gte', 0), ('confidence__lte', 1)), _connector='OR'), name='entity_resolutions_confidence_0_1'),
        ),
        migrations.AddConstraint(
            model_name='entityresolution',
            constraint=models.CheckConstraint(condition=models.Q(('decided__in', ['automatic', 'open', 'merge', 'apart'])), name='entity_resolutions_decided_known'),
        ),
        migrations.AddConstraint(
            model_name='entityresolution',
            constraint=models.CheckConstraint(condition=models.Q(('kept', models.F('merged')), _negated=True), name='entity_resolutions_two_entities'),
        ),
        migrations.AddConstraint(
            model_name='entityresolution',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided__in', ['automatic', 'open']), ('decided_at__isnull', True)), models.Q(('decided__in', ['merge', 'apart']), ('decided_at__isnull', False)), _connector='OR'), name='entity_resolutions_person_when'),
        ),
        migrations.AddConstraint(
            model_name='entityresolution',
            constraint=models.UniqueConstraint(models.F('user_id'), django.db.models.functions.comparison.Least('kept', 'merged'), django.db.models.functions.comparison.Greatest('kept', 'merged'), name='entity_resolutions_pair_key'),
        ),
        *(
            migrations.RunSQL(
                add(*key), f"ALTER TABLE {key[0]} DROP CONSTRAINT {key[0]}_{key[1]}_tenant_fkey"
            )
            for key in KEYS
        ),
    ]
