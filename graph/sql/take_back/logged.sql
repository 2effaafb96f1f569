-- Each row that goes, as it was, in the log of changes.
INSERT INTO event_delta_logs (user_id, relationship_id, event_key, change_type, old_values)
SELECT
    flow.user_id, flow.id, payee.source || ' ' || payee.external_id, 'deleted',
    jsonb_build_object(
        'amount', payee.amount, 'currency', payee.currency, 'occurred_at', payee.occurred_at,
        'party', payee.party_name, 'payer', payer.party_name, 'payee', payee.party_name,
        'document_ref', payee.document_ref, 'due_on', payee.due_on, 'records', payee.records,
        'description', payee.description, 'columns', payee.data, 'provenance', payee.provenance,
        'taken_back_by', %(by)s::text
    )
FROM gone_flows AS gone
JOIN relationship_instances AS flow ON flow.user_id = %(user_id)s AND flow.id = gone.id
JOIN raw_events AS payee ON payee.user_id = flow.user_id AND payee.id = flow.target_event_id
JOIN raw_events AS payer ON payer.user_id = flow.user_id AND payer.id = flow.source_event_id
