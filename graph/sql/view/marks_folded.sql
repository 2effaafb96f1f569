-- Marks that this snapshot shows and that of the last refresh did not, added to their tenants' counts.
INSERT INTO change_folds AS fold (user_id, snapshot, marks, last_xid, last_id)
SELECT user_id, %(snapshot)s::pg_snapshot, count(*),
    (array_agg(xid ORDER BY xid DESC, id DESC))[1], (array_agg(id ORDER BY xid DESC, id DESC))[1]
FROM change_marks
WHERE NOT coalesce(pg_visible_in_snapshot(xid, (
    SELECT refreshed.snapshot::pg_snapshot
    FROM view_refreshes AS refreshed
    CROSS JOIN pg_control_system() AS server
    WHERE refreshed.cluster = server.system_identifier
    ORDER BY refreshed.id DESC
    LIMIT 1
)), false)
GROUP BY user_id
ON CONFLICT (user_id) DO UPDATE SET
    snapshot = excluded.snapshot,
    marks = fold.marks + excluded.marks,
    last_xid = greatest(fold.last_xid, excluded.last_xid),
    last_id = CASE WHEN (excluded.last_xid, excluded.last_id) > (fold.last_xid, fold.last_id)
        THEN excluded.last_id ELSE fold.last_id END
