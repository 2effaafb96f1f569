    WITH tenant AS MATERIALIZED (
        SELECT user_id, public.recorded_transaction(user_id) AS transaction_id
        FROM (SELECT DISTINCT user_id FROM old_rows) AS old
    )
    INSERT INTO public.row_history (user_id, table_name, transaction_id, row_id, before)
    SELECT o.user_id, {table}, tenant.transaction_id, o.id, to_jsonb(o)
    FROM old_rows AS o JOIN tenant USING (user_id);
