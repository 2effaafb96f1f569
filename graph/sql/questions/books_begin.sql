-- The first day of all books.
SELECT (min(occurred_at) AT TIME ZONE 'UTC')::date AS day
FROM raw_events
WHERE user_id = %(user_id)s AND kind = 'posting'
