-- Those of `past_ids` that existed then, as they were. Nested loops are off, because the planner does
-- not know how many rows the tables of the past have.
SELECT set_config('enable_nestloop', 'off', true);
CREATE TEMPORARY TABLE past_relationships ON COMMIT DROP AS SELECT {columns} FROM (
{rows}
) AS live;
SELECT set_config('enable_nestloop', 'on', true);
ANALYZE past_relationships (id, user_id, occurred_at)
