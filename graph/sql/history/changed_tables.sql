-- The names of the tables in which the tenant's rows have changed since the moment.
SELECT DISTINCT history.table_name
FROM recorded_transactions AS transaction
JOIN row_history AS history
    ON history.user_id = {user_id} AND history.transaction_id = transaction.id
WHERE transaction.user_id = {user_id} AND transaction.recorded_at >= {moment}
