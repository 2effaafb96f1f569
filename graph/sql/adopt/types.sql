-- The types of relationships that come, with their classes.
SELECT relationship_type, edge_class, count(*)
FROM old_relationship_instances
WHERE outcome IS NULL
GROUP BY 1, 2
ORDER BY count(*) DESC, 1
