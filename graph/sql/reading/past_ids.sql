-- The relationships of which the view's rows are not those of the moment that is read.
DROP TABLE IF EXISTS pg_temp.past_ids, pg_temp.past_relationships;
CREATE TEMPORARY TABLE past_ids ON COMMIT DROP AS
SELECT id FROM (
{query}
) AS changed WHERE id IS NOT NULL;
ANALYZE past_ids
