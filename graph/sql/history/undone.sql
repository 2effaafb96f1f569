-- The rows of the table that the tenant's transactions have changed from the moment `finley.as_of` on, each
-- as it was before the first of these changes; NULL if it was inserted after that moment. In the
-- order of `id`, because statements that change one row wait for each other.
CREATE FUNCTION as_of.undone(of_table text) RETURNS TABLE (id uuid, before jsonb)
LANGUAGE plpgsql STABLE ROWS 100
AS $$
#variable_conflict use_column
DECLARE
    tenant CONSTANT uuid := public.current_tenant();
    moment CONSTANT timestamptz := current_setting('finley.as_of')::timestamptz;
BEGIN
    RETURN QUERY
    SELECT DISTINCT ON (change.id) change.id, change.before
    FROM (
        SELECT transaction.id FROM public.recorded_transactions AS transaction
        WHERE transaction.user_id = tenant AND transaction.recorded_at >= moment
    ) AS later
    JOIN public.row_history AS history
        ON history.user_id = tenant AND history.table_name = of_table
        AND history.transaction_id = later.id
    CROSS JOIN LATERAL (
        SELECT history.row_id AS id, history.before WHERE history.row_id IS NOT NULL
        UNION ALL
        SELECT unnest(history.inserted), NULL
    ) AS change
    ORDER BY change.id, history.id;
END
$$
