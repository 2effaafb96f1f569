-- What a row records, and its balance, as the mapping has them now: they are read off the row's own
-- columns, so a row whose columns are the same may record something else under another mapping.
WITH restated AS (
    SELECT payer_event_id, payee_event_id, records, balance
    FROM staged
    WHERE is_last AND NOT is_new_key
)
UPDATE raw_events AS event
SET records = restated.records, balance = restated.balance
FROM restated
WHERE
    event.user_id = %(user_id)s
    AND event.id IN (restated.payer_event_id, restated.payee_event_id)
    AND (event.records, event.balance) IS DISTINCT FROM (restated.records, restated.balance)
