-- Kinds of failures that failed since the rule was made, by the hour in which they last failed. What
-- could not be delivered to this endpoint itself is left out: it would only fail, too.
WITH recent AS (
    SELECT id, fingerprint, error, function, provider, last_failed_at
    FROM job_failures
    WHERE
        last_failed_at > greatest(%(since)s, now() - interval '1 day')
        AND status = 'open'
        AND (%(user)s::uuid IS NULL OR user_id = %(user)s)
        AND NOT (function = 'deliver' AND payload ->> 'endpoint' = %(endpoint)s)
    ORDER BY last_failed_at DESC
    LIMIT 5000
)
SELECT
    fingerprint || ':' || extract(epoch FROM date_trunc('hour', last_failed_at))::bigint AS key,
    'A job failed for good: ' || (array_agg(error ORDER BY last_failed_at DESC))[1] AS title,
    jsonb_build_object(
        'failures', count(*), 'function', min(function), 'provider', min(provider),
        'error', (array_agg(error ORDER BY last_failed_at DESC))[1],
        'last_failed_at', max(last_failed_at), 'group', fingerprint,
        'page', '/admin/syncjobs/jobfailure/' || (array_agg(id ORDER BY last_failed_at DESC))[1]
            || '/change/'
    ) AS data
FROM recent
GROUP BY fingerprint, date_trunc('hour', last_failed_at)
HAVING count(*) >= coalesce(%(threshold)s, 1)
