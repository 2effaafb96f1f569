-- Rows of a file that other books hold, too: each with the surest of its other sightings. The payment
-- counts once; an invoice and its payment are linked as one transaction and count both. The newest
-- `most` pairs, each with the number of all pairs.
WITH pair AS (
    SELECT DISTINCT ON (mine.id)
        mine.id AS row, twin.id AS twin, link.reason, link.confidence, payee.occurred_at
    FROM raw_events AS payee
    JOIN relationship_instances AS mine
        ON mine.user_id = payee.user_id AND mine.target_event_id = payee.id
        AND mine.edge_class = 'flow' AND mine.deleted_at IS NULL
    JOIN LATERAL (
        SELECT target_event_id AS event, reason, confidence_score AS confidence
        FROM relationship_instances
        WHERE
            user_id = %(user_id)s AND source_event_id = payee.id
            AND relationship_type = 'same_transaction' AND deleted_at IS NULL
        UNION ALL
        SELECT source_event_id, reason, confidence_score
        FROM relationship_instances
        WHERE
            user_id = %(user_id)s AND target_event_id = payee.id
            AND relationship_type = 'same_transaction' AND deleted_at IS NULL
    ) AS link ON TRUE
    JOIN relationship_instances AS twin
        ON twin.user_id = payee.user_id AND twin.target_event_id = link.event
        AND twin.edge_class = 'flow' AND twin.deleted_at IS NULL
    WHERE
        payee.user_id = %(user_id)s AND payee.source = ANY (%(sources)s)
        AND payee.provenance @> ANY (%(files)s::jsonb[])
        AND coalesce(mine.canonical_id, mine.id) = coalesce(twin.canonical_id, twin.id)
    ORDER BY mine.id, link.confidence DESC, twin.id
)
SELECT row, twin, reason, confidence, count(*) OVER () AS count
FROM pair
ORDER BY occurred_at DESC, row
LIMIT %(most)s
