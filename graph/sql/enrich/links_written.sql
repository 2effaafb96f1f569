-- New links, changed ones, and those that come back; whether each is in the graph for the first
-- time (or again).
WITH source AS MATERIALIZED (
    -- by id, as the target: most events are in no link, and they are wide
    SELECT id
    FROM raw_events
    WHERE user_id = %(user_id)s AND id = ANY (ARRAY(SELECT source_event_id FROM found_links))
), target AS MATERIALIZED (
    SELECT id
    FROM raw_events
    WHERE user_id = %(user_id)s AND id = ANY (ARRAY(SELECT target_event_id FROM found_links))
), found AS MATERIALIZED (
    SELECT found.*, known.id, known.deleted_at, known.detection_method, known.reason AS known_reason
    FROM found_links AS found
    JOIN source ON source.id = found.source_event_id
    JOIN target ON target.id = found.target_event_id
    LEFT JOIN relationship_instances AS known
        ON known.user_id = %(user_id)s
        AND known.source_event_id = found.source_event_id
        AND known.target_event_id = found.target_event_id
        AND known.relationship_type = found.relationship_type
), changed AS (
    UPDATE relationship_instances AS link
    SET deleted_at = NULL,
        confidence_score = found.confidence_score,
        detection_method = %(method)s,
        reason = found.reason,
        allocated = found.allocated,
        updated_at = now()
    FROM found
    WHERE
        link.id = found.id
        AND CASE
            WHEN link.deleted_at IS NOT NULL THEN link.reason LIKE 'withdrawn%%'
            ELSE link.detection_method = %(method)s
                AND (link.confidence_score, link.reason, link.allocated)
                IS DISTINCT FROM (found.confidence_score, found.reason, found.allocated)
        END
    RETURNING found.deleted_at IS NOT NULL AS is_new
), added AS (
    INSERT INTO relationship_instances (
        user_id, source_event_id, target_event_id, relationship_type, edge_class,
        confidence_score, detection_method, reason, allocated
    )
    SELECT
        %(user_id)s, source_event_id, target_event_id, relationship_type, 'link',
        confidence_score, %(method)s, reason, allocated
    FROM found
    WHERE id IS NULL
    RETURNING true AS is_new
)
SELECT is_new FROM changed
UNION ALL
SELECT is_new FROM added
