-- Flows that are views of one payment, in pairs: linked as such, or published twice.
WITH pairs AS MATERIALIZED (
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
), flows AS MATERIALIZED (
    SELECT id, source_event_id, target_event_id
    FROM relationship_instances
    WHERE
        user_id = {user_id} AND edge_class = 'flow' AND deleted_at IS NULL
        AND id = ANY (ARRAY(SELECT one FROM pairs UNION SELECT other FROM pairs))
), events AS MATERIALIZED (
    -- by id: the pairs are few, and a tenant's events are wide
    SELECT id, platform, coalesce(records, 'payment') AS records, party_kind, occurred_at
    FROM raw_events
    WHERE
        user_id = {user_id}
        AND id = ANY (
            ARRAY(SELECT source_event_id FROM flows UNION SELECT target_event_id FROM flows)
        )
), views AS MATERIALIZED (
    SELECT
        flows.id, payee.platform, payee.records AS kind,
        payee.platform = 'bank' OR (payer.party_kind = 'account') <> (payee.party_kind = 'account')
            AS statement,
        (payee.occurred_at AT TIME ZONE 'UTC')::date::text AS day
    FROM flows
    JOIN events AS payer ON payer.id = flows.source_event_id
    JOIN events AS payee ON payee.id = flows.target_event_id
)
SELECT
    one.id::text AS one, other.id::text AS other,
    one.platform AS one_platform, other.platform AS other_platform,
    one.kind AS one_kind, other.kind AS other_kind,
    one.statement AS one_statement, other.statement AS other_statement,
    one.day AS one_day, other.day AS other_day
FROM pairs
JOIN views AS one ON one.id = pairs.one
JOIN views AS other ON other.id = pairs.other
ORDER BY one.id, other.id
