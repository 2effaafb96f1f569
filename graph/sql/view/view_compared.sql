SELECT
    count(*) FILTER (WHERE before.id IS NULL),
    count(*) FILTER (WHERE before.content <> hashtextextended(v::text, 0)),
    count(*) FILTER (WHERE v.id IS NULL)
FROM view_before AS before
FULL JOIN view_enriched_relationships AS v ON v.id = before.id
