-- What changed, field by field, beside the old and the new value. A key that changes twice in one
-- file has its last change as its newest.
WITH changed AS (
    SELECT
        staged.external_id, staged.line, staged.content AS new_content,
        staged.payer_event_id, staged.payee_event_id,
        coalesce(staged.previous_content, known.content) AS old_content
    FROM staged
    LEFT JOIN known_content AS known ON known.external_id = staged.external_id
    WHERE staged.outcome = 'updated'
), differing AS (
    -- A field that a column of the file has the name of is told once: as it was understood.
    SELECT DISTINCT ON (changed.external_id, changed.line, field)
        changed.external_id, changed.line, field,
        old_content -> part -> field AS old_value, new_content -> part -> field AS new_value
    FROM changed
    CROSS JOIN LATERAL (VALUES ('stated'), ('columns')) AS parts (part)
    CROSS JOIN LATERAL jsonb_object_keys((new_content -> part) || (old_content -> part)) AS field
    WHERE new_content -> part -> field IS DISTINCT FROM old_content -> part -> field
    ORDER BY changed.external_id, changed.line, field, part DESC
), fields AS (
    SELECT
        external_id, line,
        array_agg(field ORDER BY field) AS names,
        jsonb_object_agg(field, old_value) AS old_values,
        jsonb_object_agg(field, new_value) AS new_values
    FROM differing
    GROUP BY external_id, line
)
INSERT INTO event_delta_logs (
    user_id, relationship_id, event_key, change_type, changed_fields, old_values, new_values,
    created_at
)
SELECT
    %(user_id)s, coalesce(paid.id, refunded.id), %(source)s::text || ' ' || changed.external_id,
    'modified',
    fields.names, fields.old_values, fields.new_values,
    now() + row_number() OVER (ORDER BY changed.line) * interval '1 microsecond'
FROM changed
JOIN fields USING (external_id, line)
LEFT JOIN relationship_instances AS paid
    ON paid.user_id = %(user_id)s AND paid.relationship_type = 'payment'
    AND paid.source_event_id = changed.payer_event_id
    AND paid.target_event_id = changed.payee_event_id
LEFT JOIN relationship_instances AS refunded
    ON refunded.user_id = %(user_id)s AND refunded.relationship_type = 'payment'
    AND refunded.source_event_id = changed.payee_event_id
    AND refunded.target_event_id = changed.payer_event_id
ORDER BY changed.line
