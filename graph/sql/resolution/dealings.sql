-- With whom these entities deal, by source, under the names that they had before any merge, and the
-- mean logarithm of the amounts.
WITH named AS (
    SELECT coalesce(original_entity_id, entity_id) AS entity, event_id
    FROM entity_matches
    WHERE user_id = %(user_id)s
        AND (
            original_entity_id = ANY (%(entities)s::uuid[])
            OR (original_entity_id IS NULL AND entity_id = ANY (%(entities)s::uuid[]))
        )
        AND coalesce(nullif(original_reason, ''), reason) NOT LIKE 'receipt:%%'
)
SELECT
    named.entity::text, event.source, array_agg(DISTINCT other.party_name),
    avg(ln(abs(event.amount)))::float
FROM named
JOIN raw_events AS event ON event.user_id = %(user_id)s AND event.id = named.event_id
JOIN raw_events AS other
    ON other.user_id = event.user_id AND other.source = event.source
    AND other.external_id = event.external_id AND other.posting = 3 - event.posting
WHERE event.amount <> 0
GROUP BY 1, 2
ORDER BY 1, 2
