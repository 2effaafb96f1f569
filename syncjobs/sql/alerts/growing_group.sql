-- Kinds of failures that grow, as the console defines it: at least `threshold` (3) in the last 24
-- hours and more than twice the daily mean of the six days before.
WITH recent AS (
    SELECT id, fingerprint, error, function, last_failed_at
    FROM job_failures
    WHERE
        last_failed_at > now() - interval '7 days'
        AND (%(user)s::uuid IS NULL OR user_id = %(user)s)
        AND NOT (function = 'deliver' AND payload ->> 'endpoint' = %(endpoint)s)
    ORDER BY last_failed_at DESC
    LIMIT 5000
), grouped AS (
    SELECT
        fingerprint, count(*) AS week,
        count(*) FILTER (WHERE last_failed_at > now() - interval '24 hours') AS today,
        max(last_failed_at) AS newest, min(function) AS function,
        (array_agg(error ORDER BY last_failed_at DESC))[1] AS error,
        (array_agg(id ORDER BY last_failed_at DESC))[1] AS sample
    FROM recent
    GROUP BY fingerprint
)
SELECT
    fingerprint || ':' || extract(epoch FROM date_trunc('hour', newest))::bigint AS key,
    'Failures grow: ' || today || ' in 24 hours: ' || error AS title,
    jsonb_build_object(
        'last_24_hours', today, 'six_days_before', week - today, 'function', function,
        'error', error, 'group', fingerprint,
        'page', '/admin/syncjobs/jobfailure/' || sample || '/change/'
    ) AS data
FROM grouped
WHERE
    newest > %(since)s
    AND today >= coalesce(%(threshold)s, 3) AND today > 2 * (week - today) / 6.0
