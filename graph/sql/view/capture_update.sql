    INSERT INTO public.change_marks (user_id, kind, became, size, ids, columns)
    SELECT touched.user_id, {kind}, touched.became, count(*), array_agg(touched.key),
        touched.columns
    FROM (
        SELECT DISTINCT side.user_id, side.key,
            CASE WHEN o.user_id = n.user_id THEN {live_new}::int - {live_old}::int
                 WHEN side.is_new THEN {live_new}::int ELSE -{live_old}::int END AS became,
            array_remove(ARRAY[{written}], NULL) AS columns
        FROM old_rows AS o
        FULL JOIN new_rows AS n ON n.user_id = o.user_id AND n.id = o.id
        CROSS JOIN LATERAL (
            VALUES (o.user_id, o.{key}, false), (n.user_id, n.{key}, true)
        ) AS side (user_id, key, is_new)
        WHERE side.key IS NOT NULL
            AND ({shown_old} OR {shown_new})
            AND ({columns_old}) IS DISTINCT FROM ({columns_new})
    ) AS touched
    GROUP BY touched.user_id, touched.became, touched.columns;
