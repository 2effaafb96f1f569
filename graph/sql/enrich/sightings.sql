-- Flows that are views of one payment, in pairs: linked as such, or published twice.
WITH pairs AS (
    SELECT one.id AS one, other.id AS other
    FROM relationship_instances AS link
    JOIN relationship_instances AS one
        ON one.user_id = link.user_id AND one.target_event_id = link.source_event_id
    JOIN relationship_instances AS other
        ON other.user_id = link.user_id AND other.target_event_id = link.target_event_id
    WHERE
        link.user_id = {user_id} AND link.relationship_type = 'same_transaction'
        AND link.deleted_at IS NULL
    UNION
    SELECT relationship_id, original_relationship_id
    FROM duplicate_transactions
    WHERE
        user_id = {user_id} AND status <> 'dismissed' AND evidence ->> 'kind' = 'republished'
)
SELECT
    one.id::text AS one, other.id::text AS other,
    one_payee.platform AS one_platform, other_payee.platform AS other_platform,
    coalesce(one_payee.records, 'payment') AS one_kind,
    coalesce(other_payee.records, 'payment') AS other_kind,
    one_payee.platform = 'bank' OR (one_payer.party_kind = 'account') <> (one_payee.party_kind = 'account')
        AS one_statement,
    other_payee.platform = 'bank'
        OR (other_payer.party_kind = 'account') <> (other_payee.party_kind = 'account')
        AS other_statement,
    (one_payee.occurred_at AT TIME ZONE 'UTC')::date::text AS one_day,
    (other_payee.occurred_at AT TIME ZONE 'UTC')::date::text AS other_day
FROM pairs
JOIN relationship_instances AS one
    ON one.user_id = {user_id} AND one.id = pairs.one
    AND one.edge_class = 'flow' AND one.deleted_at IS NULL
JOIN relationship_instances AS other
    ON other.user_id = {user_id} AND other.id = pairs.other
    AND other.edge_class = 'flow' AND other.deleted_at IS NULL
JOIN raw_events AS one_payee
    ON one_payee.user_id = {user_id} AND one_payee.id = one.target_event_id
JOIN raw_events AS other_payee
    ON other_payee.user_id = {user_id} AND other_payee.id = other.target_event_id
JOIN raw_events AS one_payer
    ON one_payer.user_id = {user_id} AND one_payer.id = one.source_event_id
JOIN raw_events AS other_payer
    ON other_payer.user_id = {user_id} AND other_payer.id = other.source_event_id
ORDER BY one.id, other.id
