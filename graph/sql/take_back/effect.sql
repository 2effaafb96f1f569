-- What taking the import back removes, and what depends on it: rows, rows that stay, payments that
-- other rows still count, decided and open cases of possible double payments.
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
    )
