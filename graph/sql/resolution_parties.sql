-- The tenant's parties as their sources name them, before anything was merged.
WITH named AS MATERIALIZED (
    SELECT coalesce(match.original_entity_id, match.entity_id) AS entity_id, event.source
    FROM entity_matches AS match
    JOIN raw_events AS event ON event.user_id = match.user_id AND event.id = match.event_id
    WHERE match.user_id = %(user_id)s
        AND coalesce(nullif(match.original_reason, ''), match.reason) NOT LIKE 'receipt:%%'
), counted AS (
    SELECT entity_id, count(*) AS events, array_agg(DISTINCT source) AS sources
    FROM named
    GROUP BY entity_id
)
SELECT
    entity.id::text, entity.kind, entity.name, entity.keys,
    coalesce(counted.events, 0), coalesce(counted.sources, '{}'),
    EXISTS (
        SELECT FROM normalized_entities AS other
        WHERE other.user_id = entity.user_id AND other.merged_into_id = entity.id
    )
FROM normalized_entities AS entity
LEFT JOIN counted ON counted.entity_id = entity.id
WHERE entity.user_id = %(user_id)s AND entity.kind = ANY (%(kinds)s)
