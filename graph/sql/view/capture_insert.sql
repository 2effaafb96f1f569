    INSERT INTO public.change_marks (user_id, kind, became, size, ids)
    SELECT n.user_id, {kind}, {came}, count(*), array_agg(n.{key})
    FROM new_rows AS n
    WHERE n.{key} IS NOT NULL AND {shown_new}
    GROUP BY n.user_id;
