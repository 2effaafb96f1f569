-- A page of the tenant's entities, in the order of ids: the events whose best match each is, and how
-- those spell its name.
WITH page AS (
    SELECT id, kind, name, identity, keys
    FROM normalized_entities
    WHERE user_id = {user_id} AND id > {after_id}
    ORDER BY id
    LIMIT {rows}
),
best_match AS (
    SELECT DISTINCT ON (event_id) event_id, entity_id
    FROM entity_matches
    WHERE user_id = {user_id} AND event_id IN (
        SELECT event_id
        FROM entity_matches
        WHERE user_id = {user_id} AND entity_id IN (SELECT id FROM page)
    )
    ORDER BY event_id, confidence DESC, created_at DESC, id
),
named AS (
    SELECT
        best_match.entity_id,
        count(*) AS events,
        array_agg(DISTINCT event.party_name ORDER BY event.party_name)
            FILTER (WHERE event.party_name <> '') AS spellings
    FROM best_match
    JOIN raw_events AS event ON event.user_id = {user_id} AND event.id = best_match.event_id
    GROUP BY best_match.entity_id
)
SELECT
    page.id::text AS id,
    page.kind,
    page.name,
    page.identity,
    page.keys::text AS keys,
    coalesce(named.events, 0) AS events,
    coalesce(named.spellings, '{{}}') AS spellings
FROM page
LEFT JOIN named ON named.entity_id = page.id
ORDER BY page.id
