-- The failures of a query that Django writes, by fingerprint: the groups that failed last first,
-- one page of them.
WITH failures AS (
    {failures}
), grouped AS (
    SELECT
        fingerprint,
        count(*) AS failures,
        count(*) FILTER (WHERE status = 'open') AS open,
        max(last_failed_at) AS newest,
        min(first_failed_at) AS oldest,
        array_agg(DISTINCT provider) FILTER (WHERE provider <> '') AS providers,
        (array_agg(id ORDER BY last_failed_at DESC, id))[1] AS sample_id,
        count(*) OVER () AS total
    FROM failures
    GROUP BY fingerprint
    ORDER BY newest DESC, fingerprint
    LIMIT %s OFFSET %s
)
SELECT
    grouped.fingerprint, grouped.failures, grouped.open, grouped.newest, grouped.oldest,
    coalesce(grouped.providers, ARRAY[]::text[]), grouped.sample_id,
    sample.error, sample.error_class, sample.function, sample.location,
    grouped.total
FROM grouped
JOIN job_failures AS sample ON sample.id = grouped.sample_id
ORDER BY grouped.newest DESC, grouped.fingerprint
