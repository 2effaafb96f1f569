-- Two relationships are one pair, whichever of them is called the original: the surest row tells.
CREATE TEMPORARY TABLE {picked} ON COMMIT DROP AS
SELECT DISTINCT ON (
    least(hung.relationship_id, hung.original_relationship_id),
    greatest(hung.relationship_id, hung.original_relationship_id)
) hung.*
FROM {attached_table} AS hung
JOIN {staged} AS old USING (nr)
ORDER BY
    least(hung.relationship_id, hung.original_relationship_id),
    greatest(hung.relationship_id, hung.original_relationship_id),
    (NOT {only}), {pick}, old.id, hung.relationship_id
