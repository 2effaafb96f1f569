-- The relationships of `past_ids` as they are at the moment that is read. Nested loops are off, because
-- the planner does not know how many rows the tables of the past have.
SELECT set_config('enable_nestloop', 'off', true);
DROP TABLE IF EXISTS pg_temp.{table};
CREATE TEMPORARY TABLE {table} ON COMMIT DROP AS SELECT {columns} FROM (
{rows}
) AS live
