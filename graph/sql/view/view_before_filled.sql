CREATE TEMPORARY TABLE view_before ON COMMIT DROP AS
SELECT id, hashtextextended(v::text, 0) AS content FROM view_enriched_relationships AS v
