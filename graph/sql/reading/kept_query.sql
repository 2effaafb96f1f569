-- A question whose plan takes longer to make than the caller should wait for each time: a function's
-- plan is kept. The caller's rights apply.
CREATE OR REPLACE FUNCTION {name}({arguments}) RETURNS TABLE ({columns})
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
{settings}
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
{query};
END
$$
