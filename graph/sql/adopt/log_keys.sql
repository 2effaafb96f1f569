-- The key of the event that a log is about, where the log did not say it.
UPDATE old_event_delta_logs AS old SET event_key = event.source || ' ' || event.external_id
FROM old_raw_events AS event
WHERE
    old.outcome IS NULL AND old.event_key = 'adopted ' || old.id::text
    AND event.user_id = old.user_id AND event.twin = old.{column}
    AND (event.outcome IS NULL OR event.outcome = {already})
