    INSERT INTO public.change_marks (user_id, kind, became, size, ids)
    SELECT o.user_id, {kind}, -{came}, count(*), array_agg(o.{key})
    FROM old_rows AS o
    WHERE o.{key} IS NOT NULL AND {shown_old}
    GROUP BY o.user_id;
