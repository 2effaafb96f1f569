-- The postings themselves, so that the file's rows are new when it is imported again.
DELETE FROM entity_matches
WHERE user_id = %(user_id)s AND event_id IN (SELECT id FROM gone_events);
DELETE FROM raw_events
WHERE user_id = %(user_id)s AND id IN (SELECT id FROM gone_events);
UPDATE raw_events AS event
SET provenance = held.others, updated_at = now()
FROM held
WHERE event.user_id = %(user_id)s AND event.id = held.id AND held.others <> '[]'
