-- The tenant's parties, before anything was merged; whether others are merged into each now.
SELECT
    entity.id::text, entity.kind, entity.name, entity.keys::text,
    EXISTS (
        SELECT FROM normalized_entities AS other
        WHERE other.user_id = entity.user_id AND other.merged_into_id = entity.id
    )
FROM normalized_entities AS entity
WHERE entity.user_id = %(user_id)s AND entity.kind = ANY (%(kinds)s)
