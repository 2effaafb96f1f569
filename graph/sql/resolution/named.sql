-- How many events name each entity, by source and by the strong keys that they state beside its name.
SELECT
    coalesce(match.original_entity_id, match.entity_id)::text, event.source,
    event.party_keys::text, count(*)
FROM entity_matches AS match
JOIN raw_events AS event ON event.user_id = match.user_id AND event.id = match.event_id
WHERE match.user_id = %(user_id)s
    AND coalesce(nullif(match.original_reason, ''), match.reason) NOT LIKE 'receipt:%%'
GROUP BY 1, 2, 3
