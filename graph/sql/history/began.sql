-- From when on the tenant's past is known exactly; NULL if it is not known at all.
SELECT max(recorded_at) AS began
FROM recorded_transactions
WHERE user_id = '00000000-0000-0000-0000-000000000000'
