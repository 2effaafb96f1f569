-- The tenant's own accounts that a statement, or a person, has given an IBAN.
SELECT DISTINCT keys ->> 'iban'
FROM normalized_entities
WHERE user_id = %(user_id)s AND kind = 'account' AND keys ? 'iban'
