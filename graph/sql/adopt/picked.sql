-- Of several rows of a relationship, the one that the layer picks.
CREATE TEMPORARY TABLE {picked} ON COMMIT DROP AS
SELECT DISTINCT ON (attached.relationship_id) attached.*
FROM {attached_table} AS attached
JOIN {staged} AS old USING (nr)
WHERE {only}
ORDER BY attached.relationship_id, {pick}, old.id
