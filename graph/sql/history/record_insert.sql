    INSERT INTO public.row_history (user_id, table_name, transaction_id, inserted)
    SELECT n.user_id, {table}, public.recorded_transaction(n.user_id), array_agg(n.id)
    FROM new_rows AS n
    GROUP BY n.user_id;
