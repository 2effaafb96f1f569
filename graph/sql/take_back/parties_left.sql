-- The parties that the rows named.
CREATE TEMPORARY TABLE parties_left ON COMMIT DROP AS
SELECT DISTINCT party.id
FROM entity_matches AS match
CROSS JOIN LATERAL (VALUES (match.entity_id), (match.original_entity_id)) AS party (id)
WHERE match.user_id = %(user_id)s AND match.event_id IN (SELECT id FROM gone_events)
    AND party.id IS NOT NULL
