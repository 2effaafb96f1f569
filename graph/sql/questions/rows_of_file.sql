-- The relationships of a file's rows, the newest first: `most` of them after the first `start`.
SELECT flow.id
FROM raw_events AS payee
JOIN relationship_instances AS flow
    ON flow.user_id = payee.user_id AND flow.target_event_id = payee.id
    AND flow.edge_class = 'flow' AND flow.deleted_at IS NULL
WHERE
    payee.user_id = %(user_id)s AND payee.source = ANY (%(sources)s)
    AND payee.provenance @> ANY (%(files)s::jsonb[])
ORDER BY payee.occurred_at DESC, flow.id
LIMIT %(most)s OFFSET %(start)s
