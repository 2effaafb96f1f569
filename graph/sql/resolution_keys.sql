-- The strong keys that the events state beside each entity's name.
SELECT DISTINCT
    coalesce(match.original_entity_id, match.entity_id)::text, key.key, key.value, event.source
FROM entity_matches AS match
JOIN raw_events AS event ON event.user_id = match.user_id AND event.id = match.event_id
CROSS JOIN LATERAL jsonb_each_text(event.party_keys) AS key
WHERE match.user_id = %(user_id)s
    AND event.party_keys <> '{}'
    AND coalesce(nullif(match.original_reason, ''), match.reason) NOT LIKE 'receipt:%%'
