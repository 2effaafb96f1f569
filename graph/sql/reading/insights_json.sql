-- The rows of one layer that these relationships have, with their evidence, as relationships_json
-- writes relationships. A branch for each layer; only those that are asked for are planned.
CREATE OR REPLACE FUNCTION insights_json(tenant uuid, ids uuid[], day date, layer text)
RETURNS text
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
{branches}
    RAISE 'There is no layer %', layer;
END
$$
