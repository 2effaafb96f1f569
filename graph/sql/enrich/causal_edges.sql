-- Links with a cause and an effect, as the causal layer has it: from the effect's event back, with
-- one more posting of the cause's transaction. Read once each: nothing here is looked up in a loop.
WITH edge AS MATERIALIZED (
    SELECT
        link.id, link.relationship_type, link.reason, causal.causal_score,
        CASE WHEN causal.causal_direction = 'backward'
            THEN link.source_event_id ELSE link.target_event_id END AS effect,
        CASE WHEN causal.causal_direction = 'backward'
            THEN link.target_event_id ELSE link.source_event_id END AS cause
    FROM causal_relationships AS causal
    JOIN relationship_instances AS link
        ON link.user_id = causal.user_id AND link.id = causal.relationship_id
        AND link.deleted_at IS NULL
    WHERE causal.user_id = {user_id} AND causal.causal_score IS NOT NULL
), posted AS MATERIALIZED (
    SELECT source, transaction_ref, (array_agg(id ORDER BY id))[1:2] AS ids
    FROM raw_events
    WHERE
        user_id = {user_id} AND transaction_ref IS NOT NULL AND EXISTS (SELECT FROM edge)
    GROUP BY source, transaction_ref
)
SELECT
    edge.id::text AS relationship, edge.relationship_type AS type, edge.reason,
    edge.effect::text AS effect, edge.cause::text AS cause, edge.causal_score AS score,
    event.kind, event.external_id AS key, event.source,
    coalesce(event.document_ref, '') AS document, event.amount::text AS amount, event.currency,
    (event.occurred_at AT TIME ZONE 'UTC')::date::text AS day, event.description,
    CASE WHEN posted.ids[1] = event.id THEN posted.ids[2] ELSE posted.ids[1] END::text AS sibling
FROM edge
JOIN raw_events AS event ON event.user_id = {user_id} AND event.id = edge.cause AND EXISTS (SELECT FROM edge)
LEFT JOIN posted
    ON posted.source = event.source AND posted.transaction_ref = event.transaction_ref
ORDER BY edge.causal_score DESC, edge.id
