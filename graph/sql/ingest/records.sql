-- What a row records, and its balance, as the mapping has them now: they are read off the row's own
-- columns, so a row whose columns are the same may record something else under another mapping.
UPDATE raw_events AS event
SET records = staged.records, balance = staged.balance
FROM staged
WHERE
    event.user_id = %(user_id)s AND event.source = %(source)s
    AND event.external_id = staged.external_id AND staged.is_last AND NOT staged.is_new_key
    AND (event.records, event.balance) IS DISTINCT FROM (staged.records, staged.balance)
