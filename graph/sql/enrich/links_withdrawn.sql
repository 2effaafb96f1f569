-- What the method linked and does not find any more.
UPDATE relationship_instances AS link
SET deleted_at = now(), reason = 'withdrawn: ' || link.reason, updated_at = now()
WHERE
    link.user_id = %(user_id)s AND link.edge_class = 'link' AND link.deleted_at IS NULL
    AND link.detection_method = %(method)s
    AND NOT EXISTS (
        SELECT FROM found_links AS found
        WHERE
            found.source_event_id = link.source_event_id
            AND found.target_event_id = link.target_event_id
            AND found.relationship_type = link.relationship_type
    )
