    WITH changed AS MATERIALIZED (
        SELECT o.user_id AS old_tenant, o.id AS old_id, n.user_id AS new_tenant, n.id AS new_id,
            CASE WHEN o.id IS NOT NULL THEN to_jsonb(o) END AS before
        FROM old_rows AS o
        FULL JOIN new_rows AS n ON n.user_id = o.user_id AND n.id = o.id
        WHERE o IS DISTINCT FROM n
    ),
    tenant AS MATERIALIZED (
        SELECT user_id, public.recorded_transaction(user_id) AS transaction_id
        FROM (
            SELECT old_tenant AS user_id FROM changed WHERE old_tenant IS NOT NULL
            UNION
            SELECT new_tenant FROM changed WHERE new_tenant IS NOT NULL
        ) AS named
    )
    INSERT INTO public.row_history (user_id, table_name, transaction_id, row_id, before, inserted)
    SELECT tenant.user_id, {table}, tenant.transaction_id, changed.old_id, changed.before, NULL
    FROM changed JOIN tenant ON tenant.user_id = changed.old_tenant
    UNION ALL
    SELECT tenant.user_id, {table}, tenant.transaction_id, NULL, NULL, ARRAY[changed.new_id]
    FROM changed JOIN tenant ON tenant.user_id = changed.new_tenant
    WHERE changed.old_id IS NULL;
