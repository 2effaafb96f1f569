-- Two relationships are one pair, whichever of them is called the original: the surest row tells.
CREATE TEMPORARY TABLE {picked} ON COMMIT DROP AS
SELECT DISTINCT ON (
    least(attached.relationship_id, attached.original_relationship_id),
    greatest(attached.relationship_id, attached.original_relationship_id)
) attached.*
FROM {attached_table} AS attached
JOIN {staged} AS old USING (nr)
ORDER BY
    least(attached.relationship_id, attached.original_relationship_id),
    greatest(attached.relationship_id, attached.original_relationship_id),
    (NOT {only}), {pick}, old.id, attached.relationship_id
