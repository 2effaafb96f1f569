"""What rows record and their balances; one payment, one count; cases; time zones."""

from importlib import import_module

import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import graph.models.preferences

add = import_module("graph.migrations.0002_tenants_apart").add

KEYS = [
    ("relationship_instances", "canonical_id", "relationship_instances", "SET NULL"),
    ("payment_case_rows", "case_id", "payment_cases", "CASCADE"),
    ("payment_case_rows", "relationship_id", "relationship_instances", "CASCADE"),
    ("payment_case_entries", "case_id", "payment_cases", "CASCADE"),
]

# Rows that are there already: the demo's by its own columns, the others by where they come from.
RECORDS = """
UPDATE raw_events
SET records = CASE
    WHEN source = 'finley-demo.ledger' AND data ->> 'entry_type' IN ('PI', 'PC') THEN 'obligation'
    WHEN source = 'finley-demo.ledger' THEN 'payment'
    WHEN source = 'finley-demo.bank' AND data ->> 'description'
        IN ('ACCOUNT FEE', 'PROCESSING FEE', 'INTERNATIONAL PAYMENT FEE') THEN 'fee'
    WHEN platform IN ('sales', 'invoices', 'bills') THEN 'obligation'
    WHEN platform = 'claims' THEN 'claim'
    WHEN due_on > (occurred_at AT TIME ZONE 'UTC')::date THEN 'obligation'
    ELSE 'payment'
END
WHERE kind = 'posting'
"""

# When the view of a payment that counts is taken out of the graph, the others count themselves
# until the payments are grouped again.
CANONICAL_GONE = """
CREATE FUNCTION canonical_is_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE relationship_instances SET canonical_id = NULL
    WHERE user_id = OLD.user_id AND canonical_id = OLD.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER canonical_is_gone AFTER UPDATE OF deleted_at ON relationship_instances
FOR EACH ROW WHEN (
    OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL AND NEW.edge_class = 'flow'
)
EXECUTE FUNCTION canonical_is_gone()
"""
CANONICAL_STAYS = """
DROP TRIGGER canonical_is_gone ON relationship_instances;
DROP FUNCTION canonical_is_gone()
"""

# Groups, cases and the reach of books are computed by the next enrichment of each tenant.
WANTED = """
INSERT INTO enrichments (user_id, wanted_at)
SELECT DISTINCT user_id, now() FROM raw_events
ON CONFLICT (user_id) DO UPDATE SET wanted_at = greatest(now(), enrichments.wanted_at)
"""


class Migration(migrations.Migration):

    dependencies = [
        ('graph', '0012_frequencies'),
    ]

    operations = [
        migrations.CreateModel(
            name='PaymentCase',
            fields=[
                ('id', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False, primary_key=True, serialize=False)),
                ('user_id', models.UUIDField(verbose_name='tenant')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('kind', models.TextField(help_text='Of its strongest pair, e.g. paid_twice')),
                ('reason', models.TextField(help_text='The strongest reason, in words')),
                ('confidence', models.FloatField(help_text='Of its strongest pair')),
                ('party', models.TextField(help_text="The party's name, as entities are resolved")),
                ('amount_at_risk', models.DecimalField(decimal_places=4, help_text='What was paid or entered too often, once', max_digits=20)),
                ('currency', models.TextField()),
                ('extra_payments', models.PositiveIntegerField(help_text='Rows beyond the original, once')),
                ('first_day', models.DateField()),
                ('last_day', models.DateField()),
                ('evidence', models.JSONField(blank=True, db_default={}, help_text='Reasons for and against')),
                ('row_keys', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), help_text="The sources' own keys of its rows")),
                ('found', models.BooleanField(db_default=True, help_text='False: only a decision is left of it')),
                ('state', models.TextField(choices=[('open', 'Open'), ('confirmed', 'Confirmed'), ('dismissed', 'Dismissed'), ('recovered', 'Recovered')], db_default='open')),
                ('owner', models.TextField(blank=True, db_default='', help_text='Who looks after it')),
                ('note', models.TextField(blank=True, db_default='')),
                ('amount_recovered', models.DecimalField(db_default=0, decimal_places=4, max_digits=20)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'db_table': 'payment_cases',
            },
        ),
        migrations.CreateModel(
            name='PaymentCaseEntry',
            fields=[
                ('id', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False, primary_key=True, serialize=False)),
                ('user_id', models.UUIDField(verbose_name='tenant')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('action', models.TextField(choices=[('found', 'Found'), ('confirm', 'Confirm'), ('dismiss', 'Dismiss'), ('recover', 'Recover'), ('reopen', 'Reopen'), ('assign', 'Assign'), ('note', 'Note'), ('merge', 'merge: another case turned out to be about the same payment')])),
                ('by', models.TextField(help_text='Who, or the program')),
                ('state', models.TextField(choices=[('open', 'Open'), ('confirmed', 'Confirmed'), ('dismissed', 'Dismissed'), ('recovered', 'Recovered')], help_text='Of the case afterwards')),
                ('owner', models.TextField(blank=True, db_default='')),
                ('note', models.TextField(blank=True, db_default='')),
                ('amount_recovered', models.DecimalField(blank=True, decimal_places=4, max_digits=20, null=True)),
            ],
            options={
                'verbose_name_plural': 'payment case entries',
                'db_table': 'payment_case_entries',
            },
        ),
        migrations.CreateModel(
            name='PaymentCaseRow',
            fields=[
                ('id', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False, primary_key=True, serialize=False)),
                ('user_id', models.UUIDField(verbose_name='tenant')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('role', models.TextField(choices=[('original', 'Original'), ('extra', 'extra: it repeats the original'), ('view', "view: another source's row of the original or of an extra")])),
            ],
            options={
                'db_table': 'payment_case_rows',
            },
        ),
        migrations.CreateModel(
            name='TenantPreference',
            fields=[
                ('id', models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False, primary_key=True, serialize=False)),
                ('user_id', models.UUIDField(verbose_name='tenant')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('time_zone', models.TextField(help_text="IANA name; today is its calendar's", validators=[graph.models.preferences.known_zone])),
            ],
            options={
                'db_table': 'tenant_preferences',
            },
        ),
        migrations.AddField(
            model_name='predictedrelationship',
            name='books_until',
            field=models.DateField(blank=True, help_text="The last day of its source's books, when it was computed", null=True),
        ),
        migrations.AddField(
            model_name='predictedrelationship',
            name='stale_from',
            field=models.DateField(blank=True, help_text="Two periods after its source's books ended", null=True),
        ),
        migrations.AddField(
            model_name='rawevent',
            name='balance',
            field=models.DecimalField(blank=True, decimal_places=4, help_text='Of the account after this row, as its statement states it', max_digits=20, null=True),
        ),
        migrations.AddField(
            model_name='rawevent',
            name='records',
            field=models.TextField(blank=True, choices=[('payment', 'payment: money moved'), ('obligation', 'obligation: an invoice, a bill, a credit note: money is owed'), ('order', 'order: something was ordered, nothing is owed yet'), ('transfer', 'transfer: money moved between own accounts'), ('claim', 'claim: somebody claims money back, an expense'), ('fee', 'fee: a charge that was taken')], help_text='What the row records; a posting that does not state it counts as a payment', null=True),
        ),
        migrations.AddField(
            model_name='relationshipinstance',
            name='canonical',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, editable=False, help_text='Another view of the same payment, which counts in its place', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='graph.relationshipinstance'),
        ),
        migrations.AddIndex(
            model_name='rawevent',
            index=models.Index(condition=models.Q(('balance__isnull', False)), fields=['user_id', 'source', 'occurred_at'], name='raw_events_balance'),
        ),
        migrations.AddIndex(
            model_name='relationshipinstance',
            index=models.Index(condition=models.Q(('canonical__isnull', False)), fields=['user_id', 'canonical'], name='relationship_canonical'),
        ),
        migrations.AddConstraint(
            model_name='rawevent',
            constraint=models.CheckConstraint(condition=models.Q(('records__in', ['payment', 'obligation', 'order', 'transfer', 'claim', 'fee'])), name='raw_events_records_known'),
        ),
        migrations.AddConstraint(
            model_name='rawevent',
            constraint=models.CheckConstraint(condition=models.Q(('balance__isnull', True), ('balance__lt', 10000000000000000), _connector='OR'), name='raw_events_balance_finite'),
        ),
        migrations.AddConstraint(
            model_name='relationshipinstance',
            constraint=models.CheckConstraint(condition=models.Q(('canonical__isnull', True), models.Q(('canonical', models.F('id')), _negated=True), _connector='OR'), name='relationship_instances_not_its_own_canonical'),
        ),
        migrations.AddIndex(
            model_name='paymentcase',
            index=models.Index(fields=['user_id', 'state', 'id'], name='payment_cases_state'),
        ),
        migrations.AddConstraint(
            model_name='paymentcase',
            constraint=models.UniqueConstraint(fields=('user_id', 'id'), name='payment_cases_tenant_key'),
        ),
        migrations.AddConstraint(
            model_name='paymentcase',
            constraint=models.CheckConstraint(condition=models.Q(('confidence__isnull', True), models.Q(('confidence__gte', 0), ('confidence__lte', 1)), _connector='OR'), name='payment_cases_confidence_0_1'),
        ),
        migrations.AddConstraint(
            model_name='paymentcase',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['open', 'confirmed', 'dismissed', 'recovered'])), name='payment_cases_state_known'),
        ),
        migrations.AddConstraint(
            model_name='paymentcase',
            constraint=models.CheckConstraint(condition=models.Q(('currency__isnull', True), ('currency__regex', '^[A-Z]{3}$'), _connector='OR'), name='payment_cases_currency_iso'),
        ),
        migrations.AddConstraint(
            model_name='paymentcase',
            constraint=models.CheckConstraint(condition=models.Q(('amount_at_risk__gte', 0), ('amount_at_risk__lt', 10000000000000000)), name='payment_cases_at_risk'),
        ),
        migrations.AddConstraint(
            model_name='paymentcase',
            constraint=models.CheckConstraint(condition=models.Q(('amount_recovered__gte', 0), ('amount_recovered__lt', 10000000000000000)), name='payment_cases_recovered'),
        ),
        migrations.AddConstraint(
            model_name='paymentcase',
            constraint=models.CheckConstraint(condition=models.Q(('row_keys__len__gte', 1)), name='payment_cases_keys_stated'),
        ),
        migrations.AddField(
            model_name='paymentcaseentry',
            name='case',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='graph.paymentcase'),
        ),
        migrations.AddField(
            model_name='paymentcaserow',
            name='case',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='graph.paymentcase'),
        ),
        migrations.AddField(
            model_name='paymentcaserow',
            name='relationship',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='graph.relationshipinstance'),
        ),
        migrations.AddConstraint(
            model_name='tenantpreference',
            constraint=models.UniqueConstraint(fields=('user_id',), name='tenant_preferences_user_key'),
        ),
        migrations.AddIndex(
            model_name='paymentcaseentry',
            index=models.Index(fields=['user_id', 'case', 'created_at'], name='payment_case_entries_of'),
        ),
        migrations.AddConstraint(
            model_name='paymentcaseentry',
            constraint=models.CheckConstraint(condition=models.Q(('action__in', ['found', 'confirm', 'dismiss', 'recover', 'reopen', 'assign', 'note', 'merge'])), name='payment_case_entries_action_known'),
        ),
        migrations.AddConstraint(
            model_name='paymentcaseentry',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['open', 'confirmed', 'dismissed', 'recovered'])), name='payment_case_entries_state_known'),
        ),
        migrations.AddIndex(
            model_name='paymentcaserow',
            index=models.Index(fields=['user_id', 'relationship'], name='payment_case_rows_of'),
        ),
        migrations.AddConstraint(
            model_name='paymentcaserow',
            constraint=models.CheckConstraint(condition=models.Q(('role__in', ['original', 'extra', 'view'])), name='payment_case_rows_role_known'),
        ),
        migrations.AddConstraint(
            model_name='paymentcaserow',
            constraint=models.UniqueConstraint(fields=('user_id', 'case', 'relationship'), name='payment_case_rows_key'),
        ),
        migrations.AddField(
            model_name='relationshipinstance',
            name='allocated',
            field=models.DecimalField(blank=True, decimal_places=4, editable=False, help_text='Of a settles link: how much of the invoice the payment settles', max_digits=20, null=True),
        ),
        migrations.AddConstraint(
            model_name='relationshipinstance',
            constraint=models.CheckConstraint(condition=models.Q(('allocated__isnull', True), models.Q(('allocated__gte', 0), ('allocated__lt', 10000000000000000)), _connector='OR'), name='relationship_instances_allocated_finite'),
        ),
        *(
            migrations.RunSQL(
                add(*key), f"ALTER TABLE {key[0]} DROP CONSTRAINT {key[0]}_{key[1]}_tenant_fkey"
            )
            for key in KEYS
        ),
        migrations.RunSQL(CANONICAL_GONE, CANONICAL_STAYS),
        migrations.RunSQL(RECORDS, migrations.RunSQL.noop),
        migrations.RunSQL(WANTED, migrations.RunSQL.noop),
    ]
