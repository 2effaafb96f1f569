-- Each row of a layer beside the relationships (as finley has them) that it is about.
CREATE TEMPORARY TABLE {attached_table} ON COMMIT DROP AS
SELECT DISTINCT old.nr, relationship.twin AS relationship_id
FROM {staged} AS old
JOIN old_relationship_instances AS relationship
    ON relationship.user_id = old.user_id AND relationship.twin IS NOT NULL AND {on}
WHERE old.outcome IS NULL
