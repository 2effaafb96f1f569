-- Tenants whose books have changed since their layers were computed: those that have been quiet
-- for so many seconds, and those that have waited a quarter of an hour.
SELECT user_id
FROM enrichments
WHERE
    (done_for IS NULL OR done_for < wanted_at)
    AND (
        wanted_at <= clock_timestamp() - make_interval(secs => %(quiet)s)
        OR coalesce(done_for, created_at) < now() - INTERVAL '15 minutes'
    )
ORDER BY wanted_at
LIMIT %(limit)s
