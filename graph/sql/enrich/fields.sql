-- What the postings' rows state, as their sources have it.
SELECT id::text AS event, {values}
FROM raw_events
WHERE user_id = {user_id} AND kind = 'posting' AND {among}
