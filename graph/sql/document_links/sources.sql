-- The tenant's sources of documents. A source has documents or postings, never both: one look into
-- each tells, and the index is skipped through from source to source.
WITH RECURSIVE sources AS (
    (
        SELECT source, kind FROM raw_events
        WHERE user_id = %(user_id)s
        ORDER BY source, external_id, posting
        LIMIT 1
    )
    UNION ALL
    SELECT following.source, following.kind
    FROM sources
    CROSS JOIN LATERAL (
        SELECT event.source, event.kind FROM raw_events AS event
        WHERE event.user_id = %(user_id)s AND event.source > sources.source
        ORDER BY event.source, event.external_id, event.posting
        LIMIT 1
    ) AS following
)
SELECT array_agg(source) FILTER (WHERE kind <> 'posting') FROM sources
