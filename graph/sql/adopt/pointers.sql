-- Each relationship points at the pattern picked for it, or at none.
UPDATE old_relationship_instances AS relationship SET {pointer} = wanted.id
FROM (
    SELECT old.nr, pattern.id
    FROM old_relationship_instances AS old
    LEFT JOIN {picked} AS picked ON picked.relationship_id = old.twin
    LEFT JOIN {staged} AS pattern ON pattern.nr = picked.nr
) AS wanted
WHERE wanted.nr = relationship.nr AND relationship.{pointer} IS DISTINCT FROM wanted.id
