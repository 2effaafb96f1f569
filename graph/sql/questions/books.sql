-- How far each source's books reach: its last day that is not in the future.
SELECT source, (max(occurred_at) AT TIME ZONE 'UTC')::date AS until
FROM raw_events
WHERE
    user_id = %s AND kind = 'posting'
    AND occurred_at < (%s::date + 1)::timestamp AT TIME ZONE 'UTC'
GROUP BY source
ORDER BY source
