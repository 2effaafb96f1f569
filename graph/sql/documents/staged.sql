-- Each document beside what is known of it.
DROP TABLE IF EXISTS staged_documents;
CREATE TEMPORARY TABLE staged_documents ON COMMIT DROP AS
SELECT
    incoming.*,
    coalesce(known.id, gen_random_uuid()) AS event_id,
    CASE
        WHEN known.id IS NULL THEN 'stored'
        WHEN known.content_hash <> incoming.content_hash THEN 'updated'
        ELSE 'unchanged'
    END AS outcome,
    coalesce(known.data ? 'gone_at', false) AS is_back,
    (known.party_name, known.party_keys)
        IS DISTINCT FROM (incoming.party_name, incoming.party_keys) AS is_new_party
FROM incoming_documents AS incoming
LEFT JOIN raw_events AS known
    ON known.user_id = %(user_id)s AND known.source = %(source)s
    AND known.external_id = incoming.external_id AND known.posting = 1;
ANALYZE staged_documents (external_id, event_id, outcome, is_back, is_new_party, party_normalized, party_identity)
