-- Groups of the newest failures of the last seven days, that need somebody. `days` counts failures
-- by the 24 hours in which they failed last, the oldest first. A group is new if all of its failures
-- first happened in the last 24 hours. It grows if it has at least three in the last 24 hours and
-- more than twice its daily mean of the six days before.
WITH newest AS (
    SELECT id, fingerprint, status, first_failed_at, last_failed_at
    FROM job_failures
    WHERE last_failed_at > now() - interval '7 days'
    ORDER BY last_failed_at DESC
    LIMIT %(limit)s
), read AS (
    SELECT count(*) AS failures, min(last_failed_at) AS since FROM newest
), grouped AS (
    SELECT
        fingerprint,
        array_agg(6 - least(6, greatest(
            0, floor(extract(epoch FROM now() - last_failed_at) / 86400)
        ))::int) AS days,
        count(*) AS week,
        count(*) FILTER (WHERE last_failed_at > now() - interval '24 hours') AS today,
        min(first_failed_at) AS oldest,
        max(last_failed_at) AS newest,
        (array_agg(id ORDER BY last_failed_at DESC, id))[1] AS sample_id
    FROM newest
    GROUP BY fingerprint
    HAVING count(*) FILTER (WHERE status IN ('open', 'replaying')) > 0
), judged AS (
    SELECT
        grouped.*,
        oldest > now() - interval '24 hours' AND NOT EXISTS (
            SELECT FROM job_failures AS earlier
            WHERE
                earlier.fingerprint = grouped.fingerprint
                AND earlier.last_failed_at <= now() - interval '24 hours'
        ) AS is_new,
        today >= 3 AND today > 2 * (week - today) / 6.0 AS grows
    FROM grouped
)
SELECT
    judged.fingerprint, judged.days, judged.today, judged.is_new, judged.newest, judged.sample_id,
    sample.error, sample.error_class, sample.function,
    read.failures, read.since,
    count(*) OVER () AS total
FROM judged
CROSS JOIN read
JOIN job_failures AS sample ON sample.id = judged.sample_id
-- Where more failed than was read, the days before are not complete, and nothing can be said to grow.
WHERE judged.is_new OR judged.grows AND read.failures < %(limit)s
ORDER BY judged.today DESC, judged.newest DESC, judged.fingerprint
LIMIT %(shown)s
