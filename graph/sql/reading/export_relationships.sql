-- A page of the tenant's rows of the view, in the order of (occurred_at, id), with the file in which
-- each event was first read and its own key there. An event that is gone since leaves them NULL.
SELECT
    page.id::text AS relationship_id,
    page.relationship_type,
    page.edge_class,
    page.confidence_score,
    page.detection_method,
    source_event.provenance -> 0 ->> 'file' AS source_file,
    source_event.external_id AS source_key,
    target_event.provenance -> 0 ->> 'file' AS target_file,
    target_event.external_id AS target_key,
    page.source_entity_id::text AS source_entity_id,
    source_entity.name AS source_entity,
    page.target_entity_id::text AS target_entity_id,
    target_entity.name AS target_entity,
    page.occurred_at,
    page.amount::text AS amount,
    page.currency,
    page.kind,
    page.payment_group_id::text AS payment_group_id,
    {layers}
FROM (
    SELECT *
    FROM tenant_relationships
    WHERE user_id = {user_id} AND (occurred_at, id) > ({after_day}, {after_id})
        AND occurred_at <= coalesce(
            -- asked once: as a mere function it is asked of every row where the index is not taken
            (SELECT relationships_nth({after_day}, {after_id}, {within}, true)), 'infinity'
        )
    ORDER BY occurred_at, id
    LIMIT {rows}
) AS page
LEFT JOIN raw_events AS source_event
    ON source_event.user_id = page.user_id AND source_event.id = page.source_event_id
LEFT JOIN raw_events AS target_event
    ON target_event.user_id = page.user_id AND target_event.id = page.target_event_id
LEFT JOIN normalized_entities AS source_entity
    ON source_entity.user_id = page.user_id AND source_entity.id = page.source_entity_id
LEFT JOIN normalized_entities AS target_entity
    ON target_entity.user_id = page.user_id AND target_entity.id = page.target_entity_id
ORDER BY page.occurred_at, page.id
