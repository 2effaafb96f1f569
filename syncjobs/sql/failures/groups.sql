-- The failures of a query that Django writes, by fingerprint: one page of the groups in an order of
-- ours.
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
    ORDER BY {order}, fingerprint
    LIMIT %s OFFSET %s
)
SELECT
    grouped.fingerprint, grouped.failures, grouped.open, grouped.newest, grouped.oldest,
    coalesce(grouped.providers, ARRAY[]::text[]), grouped.sample_id,
    sample.error, sample.error_class, sample.function, sample.location,
    grouped.total
FROM grouped
JOIN job_failures AS sample ON sample.id = grouped.sample_id
ORDER BY grouped.{order}, grouped.fingerprint
