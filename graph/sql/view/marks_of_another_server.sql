-- A restored database brings marks whose transaction ids are another server's. The view that is now
-- computed shows what they said; nothing can be counted from them on.
WITH restored AS (
    SELECT FROM (SELECT cluster FROM view_refreshes ORDER BY id DESC LIMIT 1) AS refreshed
    CROSS JOIN pg_control_system() AS server
    WHERE refreshed.cluster IS DISTINCT FROM server.system_identifier
),
folds AS (DELETE FROM change_folds WHERE EXISTS (SELECT FROM restored))
DELETE FROM change_marks WHERE EXISTS (SELECT FROM restored)
