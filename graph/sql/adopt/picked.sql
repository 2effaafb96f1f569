-- Of several rows of a relationship, the one that the layer picks.
CREATE TEMPORARY TABLE {picked} ON COMMIT DROP AS
SELECT DISTINCT ON (hung.relationship_id) hung.*
FROM {attached_table} AS hung
JOIN {staged} AS old USING (nr)
WHERE {only}
ORDER BY hung.relationship_id, {pick}, old.id
