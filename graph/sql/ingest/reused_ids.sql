-- An id that a row of another day, amount and party has already: the source gives its ids again.
UPDATE incoming
SET external_id = incoming.external_id
    || to_char(incoming.occurred_at, ' "@"YYYY-MM-DD') || ' ' || incoming.amount
FROM raw_events AS paid
JOIN raw_events AS received
    ON received.user_id = paid.user_id AND received.source = paid.source
    AND received.external_id = paid.external_id AND received.posting = 2
WHERE paid.user_id = %(user_id)s AND paid.source = %(source)s AND paid.posting = 1
    AND paid.external_id = incoming.external_id
    AND paid.occurred_at <> incoming.occurred_at
    AND received.amount <> incoming.amount
    AND received.party_name <> incoming.payee_name
