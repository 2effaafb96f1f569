import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.datetime
import django_pgviews.db.migrations.operations
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        TrigramExtension(),
        migrations.CreateModel(
            name='EnrichedRelationship',
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
                'verbose_name': 'enriched relationship',
                'db_table': 'view_enriched_relationships',
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='CausalRelationship',
            fields=[
                ('id', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False, primary_key=True, serialize=False)),
                ('user_id', models.UUIDField(verbose_name='tenant')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('evidence', models.JSONField(blank=True, db_default={})),
                ('causal_score', models.FloatField(blank=True, help_text='Mean of the criteria that are known', null=True)),
                ('causal_direction', models.TextField(choices=[('forward', 'Forward'), ('backward', 'Backward'), ('both', 'Both')])),
                ('temporal_precedence', models.FloatField(blank=True, null=True)),
                ('strength', models.FloatField(blank=True, null=True)),
                ('consistency', models.FloatField(blank=True, null=True)),
                ('specificity', models.FloatField(blank=True, null=True)),
                ('dose_response', models.FloatField(blank=True, null=True)),
                ('plausibility', models.FloatField(blank=True, null=True)),
            ],
            options={
                'db_table': 'causal_relationships',
            },
        ),
        migrations.CreateModel(
            name='CrossPlatformRelationship',
            fields=[
                ('id', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False, primary_key=True, serialize=False)),
                ('user_id', models.UUIDField(verbose_name='tenant')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('evidence', models.JSONField(blank=True, db_default={})),
                ('platform_sources', django.contrib.postgres.fields.ArrayField(base_field=models.TextField())),
            ],
            options={
                'db_table': 'cross_platform_relationships',
            },
        ),
        migrations.CreateModel(
            name='DuplicateTransaction',
            fields=[
                ('id', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False, primary_key=True, serialize=False)),
                ('user_id', models.UUIDField(verbose_name='tenant')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('evidence', models.JSONField(blank=True, db_default={})),
                ('duplicate_confidence', models.FloatField()),
                ('status', models.TextField(choices=[('open', 'Open'), ('confirmed', 'Confirmed'), ('dismissed', 'Dismissed')], db_default='open')),
                ('relationship_key', models.TextField(blank=True, db_default='')),
                ('original_key', models.TextField(blank=True, db_default='')),
            ],
            options={
                'db_table': 'duplicate_transactions',
            },
        ),
        migrations.CreateModel(
            name='EntityMatch',
            fields=[
                ('id', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False, primary_key=True, serialize=False)),
                ('user_id', models.UUIDField(verbose_name='tenant')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('confidence', models.FloatField()),
                ('reason', models.TextField(blank=True, db_default='')),
            ],
            options={
                'verbose_name_plural': 'entity matches',
                'db_table': 'entity_matches',
            },
        ),
        migrations.CreateModel(
            name='EventDeltaLog',
            fields=[
                ('id', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False, primary_key=True, serialize=False)),
                ('user_id', models.UUIDField(verbose_name='tenant')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('event_key', models.TextField(help_text="source and the row's own key in it")),
                ('change_type', models.TextField(choices=[('created', 'Created'), ('modified', 'Modified'), ('deleted', 'Deleted')])),
                ('changed_fields', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), db_default=[])),
                ('old_values', models.JSONField(blank=True, db_default={})),
                ('new_values', models.JSONField(blank=True, db_default={})),
            ],
            options={
                'db_table': 'event_delta_logs',
            },
        ),
        migrations.CreateModel(
            name='NormalizedEntity',
            fields=[
                ('id', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False, primary_key=True, serialize=False)),
                ('user_id', models.UUIDField(verbose_name='tenant')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('kind', models.TextField(choices=[('vendor', 'Vendor'), ('department', 'Department'), ('account', 'Account'), ('employee', 'Employee'), ('customer', 'Customer'), ('project', 'Project'), ('clearing', 'Clearing')])),
                ('name', models.TextField()),
                ('identity', models.TextField(help_text='What makes it this party: its name, its strong keys')),
                ('keys', models.JSONField(blank=True, db_default={}, help_text='Strong keys, by kind of key')),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'verbose_name_plural': 'normalized entities',
                'db_table': 'normalized_entities',
            },
        ),
        migrations.CreateModel(
            name='PredictedRelationship',
            fields=[
                ('id', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False, primary_key=True, serialize=False)),
                ('user_id', models.UUIDField(verbose_name='tenant')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('evidence', models.JSONField(blank=True, db_default={})),
                ('prediction_confidence', models.FloatField()),
                ('prediction_reason', models.TextField()),
                ('expected_from', models.DateField(blank=True, null=True)),
                ('expected_to', models.DateField(blank=True, null=True)),
                ('amount_low', models.DecimalField(blank=True, decimal_places=4, max_digits=20, null=True)),
                ('amount_high', models.DecimalField(blank=True, decimal_places=4, max_digits=20, null=True)),
                ('currency', models.TextField(blank=True, null=True)),
                ('status', models.TextField(choices=[('pending', 'Pending'), ('fulfilled', 'Fulfilled'), ('overdue', 'Overdue'), ('cancelled', 'Cancelled')], db_default='pending')),
            ],
            options={
                'db_table': 'predicted_relationships',
            },
        ),
        migrations.CreateModel(
            name='RawEvent',
            fields=[
                ('id', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False, primary_key=True, serialize=False)),
                ('user_id', models.UUIDField(verbose_name='tenant')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('kind', models.TextField(choices=[('posting', 'Posting'), ('message', 'Message'), ('file', 'File')], db_default='posting')),
                ('source', models.TextField(help_text='The books it came from, e.g. calderdale.ledger')),
                ('platform', models.TextField(help_text='Which system saw it: ledger, card, bank, gmail, …')),
                ('external_id', models.TextField(help_text="The row's own key in its source")),
                ('posting', models.SmallIntegerField(db_default=1, help_text='1 pays, 2 receives')),
                ('transaction_ref', models.TextField(help_text='Ties the postings of one transaction')),
                ('occurred_at', models.DateTimeField()),
                ('precision', models.TextField(choices=[('second', 'Second'), ('day', 'Day'), ('month', 'Month'), ('quarter', 'Quarter')], db_default='day', help_text='How exactly occurred_at is known')),
                ('amount', models.DecimalField(blank=True, decimal_places=4, help_text="On the party's account", max_digits=20, null=True)),
                ('currency', models.TextField(blank=True, null=True)),
                ('document_ref', models.TextField(blank=True, null=True)),
                ('due_on', models.DateField(blank=True, null=True)),
                ('party_kind', models.TextField(blank=True, db_default='')),
                ('party_name', models.TextField(blank=True, db_default='')),
                ('party_keys', models.JSONField(blank=True, db_default={})),
                ('description', models.TextField(blank=True, db_default='')),
                ('data', models.JSONField(blank=True, db_default={}, help_text='The row as its source states it')),
                ('provenance', models.JSONField(blank=True, db_default=[], help_text='Where it was read: file, publication, line')),
                ('content_hash', models.TextField(blank=True, db_default='')),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'db_table': 'raw_events',
            },
        ),
        migrations.CreateModel(
            name='RelationshipInstance',
            fields=[
                ('id', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False, primary_key=True, serialize=False)),
                ('user_id', models.UUIDField(verbose_name='tenant')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('relationship_type', models.TextField()),
                ('edge_class', models.TextField(choices=[('flow', 'flow: money moved'), ('link', 'link: they have to do with each other')])),
                ('confidence_score', models.FloatField()),
                ('detection_method', models.TextField()),
                ('reason', models.TextField(blank=True, db_default='')),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, help_text='Soft deletion', null=True)),
            ],
            options={
                'db_table': 'relationship_instances',
            },
        ),
        migrations.CreateModel(
            name='RelationshipPattern',
            fields=[
                ('id', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False, primary_key=True, serialize=False)),
                ('user_id', models.UUIDField(verbose_name='tenant')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('key', models.TextField(help_text='What the pattern is of, stable over recomputation')),
                ('evidence', models.JSONField(blank=True, db_default={})),
                ('pattern_name', models.TextField()),
                ('pattern_confidence', models.FloatField()),
            ],
            options={
                'db_table': 'relationship_patterns',
            },
        ),
        migrations.CreateModel(
            name='RootCauseAnalysis',
            fields=[
                ('id', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False, primary_key=True, serialize=False)),
                ('user_id', models.UUIDField(verbose_name='tenant')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('evidence', models.JSONField(blank=True, db_default={})),
                ('root_cause_analysis', models.TextField()),
                ('confidence', models.FloatField()),
                ('chain', models.JSONField(blank=True, db_default=[])),
            ],
            options={
                'verbose_name_plural': 'root cause analyses',
                'db_table': 'root_cause_analyses',
            },
        ),
        migrations.CreateModel(
            name='SeasonalPattern',
            fields=[
                ('id', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False, primary_key=True, serialize=False)),
                ('user_id', models.UUIDField(verbose_name='tenant')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('key', models.TextField(help_text='What the pattern is of, stable over recomputation')),
                ('evidence', models.JSONField(blank=True, db_default={})),
                ('seasonal_strength', models.FloatField()),
                ('seasonal_months', django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(12)]))),
            ],
            options={
                'db_table': 'seasonal_patterns',
            },
        ),
        migrations.CreateModel(
            name='TemporalPattern',
            fields=[
                ('id', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False, primary_key=True, serialize=False)),
                ('user_id', models.UUIDField(verbose_name='tenant')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('key', models.TextField(help_text='What the pattern is of, stable over recomputation')),
                ('evidence', models.JSONField(blank=True, db_default={})),
                ('recurrence_score', models.FloatField()),
                ('recurrence_frequency', models.TextField(choices=[('weekly', 'Weekly'), ('fortnightly', 'Fortnightly'), ('four_weekly', 'Four Weekly'), ('monthly', 'Monthly'), ('quarterly', 'Quarterly'), ('yearly', 'Yearly')])),
                ('last_occurrence', models.DateField()),
                ('next_predicted_occurrence', models.DateField(blank=True, null=True)),
                ('interval_mean_days', models.FloatField(blank=True, null=True)),
                ('interval_spread_days', models.FloatField(blank=True, null=True)),
                ('occurrences', models.PositiveIntegerField(db_default=0)),
                ('active', models.BooleanField(db_default=True, help_text='Not ended')),
            ],
            options={
                'db_table': 'temporal_patterns',
            },
        ),
        migrations.CreateModel(
            name='ViewRefresh',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('started_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('seconds', models.FloatField()),
                ('rows', models.BigIntegerField()),
                ('added', models.BigIntegerField()),
                ('changed', models.BigIntegerField()),
                ('removed', models.BigIntegerField()),
                ('size_bytes', models.BigIntegerField()),
                ('concurrently', models.BooleanField()),
                ('snapshot', models.TextField(help_text='pg_current_snapshot() of the refreshing transaction')),
            ],
            options={
                'db_table': 'view_refreshes',
                'get_latest_by': 'id',
            },
        ),
        django_pgviews.db.migrations.operations.RegisterViewOperation(
            name='EnrichedRelationship',
            materialized=True,
            db_name='view_enriched_relationships',
        ),
        migrations.AddIndex(
            model_name='normalizedentity',
            index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(models.F('name'), name='gin_trgm_ops'), name='normalized_entities_name_trgm'),
        ),
        migrations.AddConstraint(
            model_name='normalizedentity',
            constraint=models.UniqueConstraint(fields=('user_id', 'id'), name='normalized_entities_tenant_key'),
        ),
        migrations.AddConstraint(
            model_name='normalizedentity',
            constraint=models.UniqueConstraint(fields=('user_id', 'kind', 'identity'), name='normalized_entities_identity_key'),
        ),
        migrations.AddConstraint(
            model_name='normalizedentity',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['vendor', 'department', 'account', 'employee', 'customer', 'project', 'clearing'])), name='normalized_entities_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='normalizedentity',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('name', ''), _negated=True), models.Q(('identity', ''), _negated=True)), name='normalized_entities_named'),
        ),
        migrations.AddField(
            model_name='entitymatch',
            name='entity',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='graph.normalizedentity'),
        ),
        migrations.AddIndex(
            model_name='rawevent',
            index=models.Index(fields=['user_id', 'transaction_ref'], name='raw_events_transaction'),
        ),
        migrations.AddIndex(
            model_name='rawevent',
            index=models.Index(condition=models.Q(('document_ref__isnull', False)), fields=['user_id', 'document_ref'], name='raw_events_document'),
        ),
        migrations.AddConstraint(
            model_name='rawevent',
            constraint=models.UniqueConstraint(fields=('user_id', 'id'), name='raw_events_tenant_key'),
        ),
        migrations.AddConstraint(
            model_name='rawevent',
            constraint=models.UniqueConstraint(fields=('user_id', 'source', 'external_id', 'posting'), name='raw_events_source_key'),
        ),
        migrations.AddConstraint(
            model_name='rawevent',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['posting', 'message', 'file'])), name='raw_events_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='rawevent',
            constraint=models.CheckConstraint(condition=models.Q(('precision__in', ['second', 'day', 'month', 'quarter'])), name='raw_events_precision_known'),
        ),
        migrations.AddConstraint(
            model_name='rawevent',
            constraint=models.CheckConstraint(condition=models.Q(('currency__isnull', True), ('currency__regex', '^[A-Z]{3}$'), _connector='OR'), name='raw_events_currency_iso'),
        ),
        migrations.AddConstraint(
            model_name='rawevent',
            constraint=models.CheckConstraint(condition=models.Q(('amount__isnull', True), ('currency__isnull', False), _connector='OR'), name='raw_events_amount_has_currency'),
        ),
        migrations.AddConstraint(
            model_name='rawevent',
            constraint=models.CheckConstraint(condition=models.Q(('amount__isnull', True), ('amount__lt', 10000000000000000), _connector='OR'), name='raw_events_amount_finite'),
        ),
        migrations.AddConstraint(
            model_name='rawevent',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('external_id', ''), _negated=True), models.Q(('source', ''), _negated=True)), name='raw_events_key_stated'),
        ),
        migrations.AddField(
            model_name='predictedrelationship',
            name='fulfilled_by_event',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='graph.rawevent'),
        ),
        migrations.AddField(
            model_name='entitymatch',
            name='event',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='graph.rawevent'),
        ),
        migrations.AddField(
            model_name='relationshipinstance',
            name='source_event',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='graph.rawevent'),
        ),
        migrations.AddField(
            model_name='relationshipinstance',
            name='target_event',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='graph.rawevent'),
        ),
        migrations.AddField(
            model_name='predictedrelationship',
            name='relationship',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='graph.relationshipinstance'),
        ),
        migrations.AddField(
            model_name='eventdeltalog',
            name='relationship',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='graph.relationshipinstance'),
        ),
        migrations.AddField(
            model_name='duplicatetransaction',
            name='original_relationship',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='graph.relationshipinstance'),
        ),
        migrations.AddField(
            model_name='duplicatetransaction',
            name='relationship',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='graph.relationshipinstance'),
        ),
        migrations.AddField(
            model_name='crossplatformrelationship',
            name='relationship',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='graph.relationshipinstance'),
        ),
        migrations.AddField(
            model_name='causalrelationship',
            name='relationship',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='graph.relationshipinstance'),
        ),
        migrations.AddConstraint(
            model_name='relationshippattern',
            constraint=models.UniqueConstraint(fields=('user_id', 'id'), name='relationship_patterns_tenant_key'),
        ),
        migrations.AddConstraint(
            model_name='relationshippattern',
            constraint=models.UniqueConstraint(fields=('user_id', 'key'), name='relationship_patterns_key_key'),
        ),
        migrations.AddConstraint(
            model_name='relationshippattern',
            constraint=models.CheckConstraint(condition=models.Q(('pattern_confidence__isnull', True), models.Q(('pattern_confidence__gte', 0), ('pattern_confidence__lte', 1)), _connector='OR'), name='relationship_patterns_pattern_confidence_0_1'),
        ),
        migrations.AddConstraint(
            model_name='relationshippattern',
            constraint=models.CheckConstraint(condition=models.Q(('pattern_name', ''), _negated=True), name='relationship_patterns_named'),
        ),
        migrations.AddField(
            model_name='relationshipinstance',
            name='pattern',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='graph.relationshippattern'),
        ),
        migrations.AddField(
            model_name='rootcauseanalysis',
            name='relationship',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='graph.relationshipinstance'),
        ),
        migrations.AddConstraint(
            model_name='seasonalpattern',
            constraint=models.UniqueConstraint(fields=('user_id', 'id'), name='seasonal_patterns_tenant_key'),
        ),
        migrations.AddConstraint(
            model_name='seasonalpattern',
            constraint=models.UniqueConstraint(fields=('user_id', 'key'), name='seasonal_patterns_key_key'),
        ),
        migrations.AddConstraint(
            model_name='seasonalpattern',
            constraint=models.CheckConstraint(condition=models.Q(('seasonal_strength__isnull', True), models.Q(('seasonal_strength__gte', 0), ('seasonal_strength__lte', 1)), _connector='OR'), name='seasonal_patterns_seasonal_strength_0_1'),
        ),
        migrations.AddConstraint(
            model_name='seasonalpattern',
            constraint=models.CheckConstraint(condition=models.Q(('seasonal_months__contained_by', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])), name='seasonal_patterns_months_1_12'),
        ),
        migrations.AddConstraint(
            model_name='seasonalpattern',
            constraint=models.CheckConstraint(condition=models.Q(('seasonal_months__len__gte', 1)), name='seasonal_patterns_months_stated'),
        ),
        migrations.AddField(
            model_name='relationshipinstance',
            name='seasonal_pattern',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='graph.seasonalpattern'),
        ),
        migrations.AddConstraint(
            model_name='temporalpattern',
            constraint=models.UniqueConstraint(fields=('user_id', 'id'), name='temporal_patterns_tenant_key'),
        ),
        migrations.AddConstraint(
            model_name='temporalpattern',
            constraint=models.UniqueConstraint(fields=('user_id', 'key'), name='temporal_patterns_key_key'),
        ),
        migrations.AddConstraint(
            model_name='temporalpattern',
            constraint=models.CheckConstraint(condition=models.Q(('recurrence_score__isnull', True), models.Q(('recurrence_score__gte', 0), ('recurrence_score__lte', 1)), _connector='OR'), name='temporal_patterns_recurrence_score_0_1'),
        ),
        migrations.AddConstraint(
            model_name='temporalpattern',
            constraint=models.CheckConstraint(condition=models.Q(('recurrence_frequency__in', ['weekly', 'fortnightly', 'four_weekly', 'monthly', 'quarterly', 'yearly'])), name='temporal_patterns_recurrence_frequency_known'),
        ),
        migrations.AddField(
            model_name='relationshipinstance',
            name='temporal_pattern',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='graph.temporalpattern'),
        ),
        migrations.AddIndex(
            model_name='entitymatch',
            index=models.Index(fields=['user_id', 'entity'], name='entity_matches_entity'),
        ),
        migrations.AddConstraint(
            model_name='entitymatch',
            constraint=models.UniqueConstraint(fields=('user_id', 'event', 'entity'), name='entity_matches_event_entity_key'),
        ),
        migrations.AddConstraint(
            model_name='entitymatch',
            constraint=models.CheckConstraint(condition=models.Q(('confidence__isnull', True), models.Q(('confidence__gte', 0), ('confidence__lte', 1)), _connector='OR'), name='entity_matches_confidence_0_1'),
        ),
        migrations.AddIndex(
            model_name='predictedrelationship',
            index=models.Index(fields=['user_id', 'relationship'], name='predicted_relationships_of'),
        ),
        migrations.AddConstraint(
            model_name='predictedrelationship',
            constraint=models.CheckConstraint(condition=models.Q(('prediction_confidence__isnull', True), models.Q(('prediction_confidence__gte', 0), ('prediction_confidence__lte', 1)), _connector='OR'), name='predicted_relationships_prediction_confidence_0_1'),
        ),
        migrations.AddConstraint(
            model_name='predictedrelationship',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'fulfilled', 'overdue', 'cancelled'])), name='predicted_relationships_status_known'),
        ),
        migrations.AddConstraint(
            model_name='predictedrelationship',
            constraint=models.CheckConstraint(condition=models.Q(('currency__isnull', True), ('currency__regex', '^[A-Z]{3}$'), _connector='OR'), name='predicted_relationships_currency_iso'),
        ),
        migrations.AddConstraint(
            model_name='predictedrelationship',
            constraint=models.CheckConstraint(condition=models.Q(('expected_from__isnull', True), ('expected_to__isnull', True), ('expected_from__lte', models.F('expected_to')), _connector='OR'), name='predicted_relationships_days_ordered'),
        ),
        migrations.AddConstraint(
            model_name='predictedrelationship',
            constraint=models.CheckConstraint(condition=models.Q(('amount_low__isnull', True), ('amount_high__isnull', True), ('amount_low__lte', models.F('amount_high')), _connector='OR'), name='predicted_relationships_amounts_ordered'),
        ),
        migrations.AddConstraint(
            model_name='predictedrelationship',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('amount_low__isnull', True), ('amount_low__lt', 10000000000000000), _connector='OR'), models.Q(('amount_high__isnull', True), ('amount_high__lt', 10000000000000000), _connector='OR')), name='predicted_relationships_amounts_finite'),
        ),
        migrations.AddConstraint(
            model_name='predictedrelationship',
            constraint=models.CheckConstraint(condition=models.Q(('currency__isnull', False), models.Q(('amount_high__isnull', True), ('amount_low__isnull', True)), _connector='OR'), name='predicted_relationships_amounts_have_currency'),
        ),
        migrations.AddIndex(
            model_name='eventdeltalog',
            index=models.Index(fields=['user_id', 'relationship'], name='event_delta_logs_of'),
        ),
        migrations.AddConstraint(
            model_name='eventdeltalog',
            constraint=models.CheckConstraint(condition=models.Q(('change_type__in', ['created', 'modified', 'deleted'])), name='event_delta_logs_change_type_known'),
        ),
        migrations.AddIndex(
            model_name='duplicatetransaction',
            index=models.Index(fields=['user_id', 'relationship'], name='duplicate_transactions_of'),
        ),
        migrations.AddIndex(
            model_name='duplicatetransaction',
            index=models.Index(fields=['user_id', 'original_relationship'], name='duplicate_transactions_orig'),
        ),
        migrations.AddConstraint(
            model_name='duplicatetransaction',
            constraint=models.CheckConstraint(condition=models.Q(('duplicate_confidence__isnull', True), models.Q(('duplicate_confidence__gte', 0), ('duplicate_confidence__lte', 1)), _connector='OR'), name='duplicate_transactions_duplicate_confidence_0_1'),
        ),
        migrations.AddConstraint(
            model_name='duplicatetransaction',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['open', 'confirmed', 'dismissed'])), name='duplicate_transactions_status_known'),
        ),
        migrations.AddConstraint(
            model_name='duplicatetransaction',
            constraint=models.CheckConstraint(condition=models.Q(('relationship', models.F('original_relationship')), _negated=True), name='duplicate_transactions_two_ends'),
        ),
        migrations.AddConstraint(
            model_name='duplicatetransaction',
            constraint=models.UniqueConstraint(models.F('user_id'), django.db.models.functions.comparison.Least('relationship', 'original_relationship'), django.db.models.functions.comparison.Greatest('relationship', 'original_relationship'), name='duplicate_transactions_pair_key'),
        ),
        migrations.AddConstraint(
            model_name='crossplatformrelationship',
            constraint=models.UniqueConstraint(fields=('user_id', 'relationship'), name='cross_platform_one_each'),
        ),
        migrations.AddConstraint(
            model_name='crossplatformrelationship',
            constraint=models.CheckConstraint(condition=models.Q(('platform_sources__len__gte', 1)), name='cross_platform_sources_stated'),
        ),
        migrations.AddConstraint(
            model_name='causalrelationship',
            constraint=models.UniqueConstraint(fields=('user_id', 'relationship'), name='causal_relationships_one_each'),
        ),
        migrations.AddConstraint(
            model_name='causalrelationship',
            constraint=models.CheckConstraint(condition=models.Q(('causal_score__isnull', True), models.Q(('causal_score__gte', 0), ('causal_score__lte', 1)), _connector='OR'), name='causal_relationships_causal_score_0_1'),
        ),
        migrations.AddConstraint(
            model_name='causalrelationship',
            constraint=models.CheckConstraint(condition=models.Q(('temporal_precedence__isnull', True), models.Q(('temporal_precedence__gte', 0), ('temporal_precedence__lte', 1)), _connector='OR'), name='causal_relationships_temporal_precedence_0_1'),
        ),
        migrations.AddConstraint(
            model_name='causalrelationship',
            constraint=models.CheckConstraint(condition=models.Q(('strength__isnull', True), models.Q(('strength__gte', 0), ('strength__lte', 1)), _connector='OR'), name='causal_relationships_strength_0_1'),
        ),
        migrations.AddConstraint(
            model_name='causalrelationship',
            constraint=models.CheckConstraint(condition=models.Q(('consistency__isnull', True), models.Q(('consistency__gte', 0), ('consistency__lte', 1)), _connector='OR'), name='causal_relationships_consistency_0_1'),
        ),
        migrations.AddConstraint(
            model_name='causalrelationship',
            constraint=models.CheckConstraint(condition=models.Q(('specificity__isnull', True), models.Q(('specificity__gte', 0), ('specificity__lte', 1)), _connector='OR'), name='causal_relationships_specificity_0_1'),
        ),
        migrations.AddConstraint(
            model_name='causalrelationship',
            constraint=models.CheckConstraint(condition=models.Q(('dose_response__isnull', True), models.Q(('dose_response__gte', 0), ('dose_response__lte', 1)), _connector='OR'), name='causal_relationships_dose_response_0_1'),
        ),
        migrations.AddConstraint(
            model_name='causalrelationship',
            constraint=models.CheckConstraint(condition=models.Q(('plausibility__isnull', True), models.Q(('plausibility__gte', 0), ('plausibility__lte', 1)), _connector='OR'), name='causal_relationships_plausibility_0_1'),
        ),
        migrations.AddConstraint(
            model_name='causalrelationship',
            constraint=models.CheckConstraint(condition=models.Q(('causal_direction__in', ['forward', 'backward', 'both'])), name='causal_relationships_causal_direction_known'),
        ),
        migrations.AddIndex(
            model_name='rootcauseanalysis',
            index=models.Index(fields=['user_id', 'relationship'], name='root_cause_analyses_of'),
        ),
        migrations.AddConstraint(
            model_name='rootcauseanalysis',
            constraint=models.CheckConstraint(condition=models.Q(('confidence__isnull', True), models.Q(('confidence__gte', 0), ('confidence__lte', 1)), _connector='OR'), name='root_cause_analyses_confidence_0_1'),
        ),
        migrations.AddIndex(
            model_name='relationshipinstance',
            index=models.Index(fields=['user_id', 'target_event'], name='relationship_instances_target'),
        ),
        migrations.AddIndex(
            model_name='relationshipinstance',
            index=models.Index(condition=models.Q(('temporal_pattern__isnull', False)), fields=['user_id', 'temporal_pattern'], name='relationship_temporal_pattern'),
        ),
        migrations.AddIndex(
            model_name='relationshipinstance',
            index=models.Index(condition=models.Q(('seasonal_pattern__isnull', False)), fields=['user_id', 'seasonal_pattern'], name='relationship_seasonal_pattern'),
        ),
        migrations.AddIndex(
            model_name='relationshipinstance',
            index=models.Index(condition=models.Q(('pattern__isnull', False)), fields=['user_id', 'pattern'], name='relationship_pattern'),
        ),
        migrations.AddConstraint(
            model_name='relationshipinstance',
            constraint=models.UniqueConstraint(fields=('user_id', 'id'), name='relationship_instances_tenant_key'),
        ),
        migrations.AddConstraint(
            model_name='relationshipinstance',
            constraint=models.UniqueConstraint(fields=('user_id', 'source_event', 'target_event', 'relationship_type'), name='relationship_instances_ends_key'),
        ),
        migrations.AddConstraint(
            model_name='relationshipinstance',
            constraint=models.CheckConstraint(condition=models.Q(('edge_class__in', ['flow', 'link'])), name='relationship_instances_edge_class_known'),
        ),
        migrations.AddConstraint(
            model_name='relationshipinstance',
            constraint=models.CheckConstraint(condition=models.Q(('confidence_score__isnull', True), models.Q(('confidence_score__gte', 0), ('confidence_score__lte', 1)), _connector='OR'), name='relationship_instances_confidence_score_0_1'),
        ),
        migrations.AddConstraint(
            model_name='relationshipinstance',
            constraint=models.CheckConstraint(condition=models.Q(('relationship_type', ''), _negated=True), name='relationship_instances_type_stated'),
        ),
    ]
