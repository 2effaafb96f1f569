-- The postings that one import holds. `others` are the places in other imports where the row stands,
-- too; a row without any is gone when the import is taken back. An upload is known by its key; a file
-- that a program imported, by its name, also with the name of a table behind it.
CREATE TEMPORARY TABLE held ON COMMIT DROP AS
WITH seen AS (
    SELECT
        event.id, event.source, event.external_id, event.posting, place.entry, place.number,
        CASE WHEN %(upload)s <> '' THEN coalesce(place.entry ->> 'upload' = %(upload)s, false)
        ELSE NOT place.entry ? 'upload' AND (
            place.entry ->> 'file' = %(file)s
            OR left(place.entry ->> 'file', length(%(file)s) + 2) = %(file)s || ' ['
        ) END AS is_here
    FROM raw_events AS event
    CROSS JOIN LATERAL jsonb_array_elements(event.provenance)
        WITH ORDINALITY AS place (entry, number)
    WHERE event.user_id = %(user_id)s AND event.kind = 'posting'
)
SELECT
    id, source, external_id, posting,
    coalesce(jsonb_agg(entry ORDER BY number) FILTER (WHERE NOT is_here), '[]') AS others
FROM seen
GROUP BY id, source, external_id, posting
HAVING bool_or(is_here);
ANALYZE held;
CREATE TEMPORARY TABLE gone_events ON COMMIT DROP AS
SELECT id, source, external_id FROM held WHERE others = '[]';
ANALYZE gone_events;
CREATE TEMPORARY TABLE gone_flows ON COMMIT DROP AS
SELECT flow.id, coalesce(flow.canonical_id, flow.id) AS payment_group
FROM gone_events
JOIN relationship_instances AS flow
    ON flow.user_id = %(user_id)s AND flow.target_event_id = gone_events.id
    AND flow.edge_class = 'flow' AND flow.deleted_at IS NULL;
ANALYZE gone_flows
