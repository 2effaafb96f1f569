-- The relationships that may have been different at the moment: they, their events, these events'
-- matches or rows of layers have changed since. Where a relationship pointed elsewhere then, it has changed itself.
WITH change AS MATERIALIZED (
    SELECT history.table_name, history.before, named.id
    FROM recorded_transactions AS transaction
    JOIN row_history AS history
        ON history.user_id = {user_id} AND history.transaction_id = transaction.id
    CROSS JOIN LATERAL unnest(coalesce(history.inserted, ARRAY[history.row_id])) AS named (id)
    WHERE transaction.user_id = {user_id} AND transaction.recorded_at >= {moment}
),
event AS (
    SELECT id FROM change WHERE table_name = 'raw_events'
    UNION
    SELECT (before ->> 'event_id')::uuid FROM change WHERE table_name = 'entity_matches'
    UNION
    SELECT present.event_id
    FROM change
    JOIN public.entity_matches AS present ON present.user_id = {user_id} AND present.id = change.id
    WHERE change.table_name = 'entity_matches'
)
SELECT id FROM change WHERE table_name = 'relationship_instances'
UNION
SELECT relationship.id
FROM event
JOIN public.relationship_instances AS relationship
    ON relationship.user_id = {user_id} AND relationship.source_event_id = event.id
UNION
SELECT relationship.id
FROM event
JOIN public.relationship_instances AS relationship
    ON relationship.user_id = {user_id} AND relationship.target_event_id = event.id
{layers}
