-- The keys by which a person's word on a pair outlives its rows.
UPDATE duplicate_transactions AS pair
SET
    relationship_key = later.source || ' ' || later.external_id,
    original_key = first.source || ' ' || first.external_id
FROM {new} AS new
JOIN relationship_instances AS relationship ON relationship.id = new.relationship_id
JOIN relationship_instances AS original ON original.id = new.original_relationship_id
JOIN raw_events AS later ON later.id = relationship.target_event_id
JOIN raw_events AS first ON first.id = original.target_event_id
WHERE NOT new.known AND pair.id = new.id
