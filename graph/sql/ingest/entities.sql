INSERT INTO normalized_entities (user_id, kind, name, identity, keys)
SELECT DISTINCT ON (party.kind, party.identity)
    %(user_id)s, party.kind, party.name, party.identity, party.keys
FROM staged
CROSS JOIN LATERAL (VALUES
    (payer_kind, payer_name, payer_identity, payer_keys),
    (payee_kind, payee_name, payee_identity, payee_keys)
) AS party (kind, name, identity, keys)
WHERE outcome <> 'unchanged'
ORDER BY party.kind, party.identity, staged.line
ON CONFLICT (user_id, kind, identity) DO NOTHING
