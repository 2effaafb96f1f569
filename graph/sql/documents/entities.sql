-- A sender whose name nobody bears yet, made as a ledger's vendor is; once for each name.
INSERT INTO normalized_entities (user_id, kind, name, identity, keys)
SELECT DISTINCT ON (party_normalized)
    %(user_id)s, 'vendor', party_name, party_identity, party_keys
FROM staged_documents AS document
WHERE is_new_party AND party_name <> ''
    AND NOT EXISTS (
        SELECT FROM normalized_entities AS known
        WHERE known.user_id = %(user_id)s
            AND known.kind IN ('vendor', 'customer', 'employee')
            AND split_part(known.identity, ' [', 1) = document.party_normalized
    )
ORDER BY party_normalized, occurred_at, external_id
ON CONFLICT (user_id, kind, identity) DO NOTHING
