-- Runs that ended since a moment, by state, in intervals of `step` seconds that are counted from the
-- epoch. Only the index of the ends is read, from that moment on.
SELECT
    floor(extract(epoch FROM finished_at) / %(step)s)::bigint AS nth,
    count(*) FILTER (WHERE status = 'succeeded') AS succeeded,
    count(*) FILTER (WHERE status = 'failed') AS failed,
    count(*) FILTER (WHERE status = 'cancelled') AS cancelled
FROM sync_runs
WHERE finished_at >= to_timestamp(%(since)s)
GROUP BY nth
ORDER BY nth
