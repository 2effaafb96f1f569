-- Deletes the history of transactions that ended so many days ago. Nothing before that is known from
-- then on.
WITH kept AS (
    SELECT clock_timestamp() - %(days)s * interval '1 day' AS since
),
old AS MATERIALIZED (
    SELECT transaction.id
    FROM recorded_transactions AS transaction
    CROSS JOIN kept
    WHERE transaction.recorded_at < kept.since
        AND transaction.user_id <> '00000000-0000-0000-0000-000000000000'
    ORDER BY transaction.recorded_at
    LIMIT %(limit)s
),
begins AS (
    INSERT INTO recorded_transactions (user_id, xid, cluster, recorded_at)
    SELECT
        '00000000-0000-0000-0000-000000000000', pg_current_xact_id(), server.system_identifier,
        kept.since
    FROM kept
    CROSS JOIN pg_control_system() AS server
    WHERE EXISTS (SELECT FROM old)
),
rows_gone AS (
    DELETE FROM row_history USING old WHERE row_history.transaction_id = old.id
)
DELETE FROM recorded_transactions USING old WHERE recorded_transactions.id = old.id
