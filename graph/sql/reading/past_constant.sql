-- Some relationships as they were, as one text. Nested loops are off, because the planner does not know
-- how many rows the tables of the past have.
SELECT set_config('enable_nestloop', 'off', true);
SELECT coalesce(jsonb_agg(to_jsonb(live)), '[]')::text, set_config('enable_nestloop', 'on', true)
FROM (SELECT {columns} FROM (
{rows}
) AS rows_then) AS live
