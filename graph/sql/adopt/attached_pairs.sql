-- Each duplicate beside its relationship and the original; by events: those of one type.
CREATE TEMPORARY TABLE {attached_table} ON COMMIT DROP AS
SELECT DISTINCT ON (old.nr, relationship.twin)
    old.nr, relationship.twin AS relationship_id, original.twin AS original_relationship_id
FROM {staged} AS old
JOIN old_relationship_instances AS relationship
    ON relationship.user_id = old.user_id AND relationship.twin IS NOT NULL AND {on}
JOIN old_relationship_instances AS original
    ON original.user_id = old.user_id AND original.twin IS NOT NULL AND {on_original}
WHERE old.outcome IS NULL AND relationship.twin <> original.twin
ORDER BY old.nr, relationship.twin, original.twin
