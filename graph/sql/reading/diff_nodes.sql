-- The tenant's entities that have changed since the moment `since`, as they are at the moment that is
-- read; NULLs for one that did not exist then.
SELECT named.id, entity.kind, entity.name, entity.merged_into_id
FROM (
    SELECT DISTINCT changed.id
    FROM public.recorded_transactions AS transaction
    JOIN public.row_history AS history
        ON history.user_id = {user_id} AND history.table_name = 'normalized_entities'
        AND history.transaction_id = transaction.id
    CROSS JOIN LATERAL unnest(coalesce(history.inserted, ARRAY[history.row_id])) AS changed (id)
    WHERE transaction.user_id = {user_id} AND transaction.recorded_at >= {since}
    LIMIT {limit}
) AS named
LEFT JOIN normalized_entities AS entity ON entity.user_id = {user_id} AND entity.id = named.id
