-- What taking the import back removes, and what depends on it: rows, rows that stay, payments that
-- other rows still count, decided and open cases of possible double payments, links that people took
-- apart, and rows that one source published twice and that people keep as two.
SELECT
    (SELECT count(*) FROM gone_flows),
    (SELECT count(DISTINCT (source, external_id)) FROM held WHERE others <> '[]'),
    (
        SELECT count(DISTINCT gone.payment_group)
        FROM gone_flows AS gone
        JOIN relationship_instances AS flow
            ON flow.user_id = %(user_id)s AND flow.deleted_at IS NULL
            AND (flow.canonical_id = gone.payment_group OR flow.id = gone.payment_group)
        WHERE flow.id NOT IN (SELECT id FROM gone_flows)
    ),
    (
        SELECT count(DISTINCT payment_case.id)
        FROM payment_case_rows AS row
        JOIN payment_cases AS payment_case
            ON payment_case.user_id = row.user_id AND payment_case.id = row.case_id
        WHERE row.user_id = %(user_id)s AND payment_case.state <> 'open'
            AND row.relationship_id IN (SELECT id FROM gone_flows)
    ),
    (
        SELECT count(DISTINCT payment_case.id)
        FROM payment_case_rows AS row
        JOIN payment_cases AS payment_case
            ON payment_case.user_id = row.user_id AND payment_case.id = row.case_id
        WHERE row.user_id = %(user_id)s AND payment_case.state = 'open'
            AND row.relationship_id IN (SELECT id FROM gone_flows)
    ),
    (
        SELECT count(*)
        FROM relationship_instances AS link
        WHERE link.user_id = %(user_id)s AND link.edge_class = 'link'
            AND link.deleted_at IS NOT NULL AND link.reason NOT LIKE 'withdrawn%%'
            AND (
                link.source_event_id IN (SELECT id FROM gone_events)
                OR link.target_event_id IN (SELECT id FROM gone_events)
            )
    ) + (
        SELECT count(*)
        FROM duplicate_transactions AS pair
        WHERE pair.user_id = %(user_id)s AND pair.status = 'dismissed'
            AND pair.evidence ->> 'kind' = 'republished'
            AND (
                pair.relationship_id IN (SELECT id FROM gone_flows)
                OR pair.original_relationship_id IN (SELECT id FROM gone_flows)
            )
    )
