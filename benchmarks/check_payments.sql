-- One plain hash join: each candidate with the payments of its amount and currency.
SELECT count(*)
FROM candidates
JOIN raw_events AS payee
    ON payee.amount = candidates.amount AND payee.currency = candidates.currency
WHERE payee.user_id = %(user_id)s AND payee.kind = 'posting' AND payee.posting = 2
