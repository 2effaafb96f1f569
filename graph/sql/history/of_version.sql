-- The moment until which a version was the tenant's: when the first transaction ended that wrote change
-- records after it. `later` is the number of records after it. `last_id` is the last record before
-- the moment, in the order of versions; the version is known only if that is its own.
WITH record AS (
    SELECT mark.id, mark.xid, coalesce(transaction.recorded_at, mark.created_at) AS recorded_at
    FROM change_marks AS mark
    CROSS JOIN pg_control_system() AS server
    LEFT JOIN recorded_transactions AS transaction
        ON transaction.user_id = mark.user_id AND transaction.xid = mark.xid
        AND transaction.cluster = server.system_identifier
    WHERE mark.user_id IN (%s, '00000000-0000-0000-0000-000000000000')
),
ended AS (
    SELECT xid, max(recorded_at) AS recorded_at, count(*) AS records,
        (array_agg(id ORDER BY id DESC))[1] AS last_id
    FROM record
    GROUP BY xid
),
counted AS (
    SELECT recorded_at, sum(records) OVER (ORDER BY recorded_at DESC) AS later
    FROM ended
)
SELECT
    counted.recorded_at AS moment,
    (
        SELECT last_id FROM ended
        WHERE ended.recorded_at < counted.recorded_at
        ORDER BY xid DESC
        LIMIT 1
    ) AS last_id
FROM counted
WHERE counted.later = %s
