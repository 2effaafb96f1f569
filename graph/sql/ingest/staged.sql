-- Each row beside what is known of its key. A file may state a key several times (a month published
-- twice): the last one is the row's state from now on. What is compared is the file's own columns
-- beside what was made of them: a mapping may call a field as the file calls another column.
CREATE TEMPORARY TABLE staged ON COMMIT DROP AS
WITH stated AS (
    SELECT
        incoming.*,
        jsonb_build_object('columns', data, 'stated', jsonb_build_object(
            'occurred_at', occurred_at, 'precision', precision, 'amount', amount,
            'currency', currency,
            'payer', payer_name, 'payer_kind', payer_kind, 'payer_keys', payer_keys,
            'payee', payee_name, 'payee_kind', payee_kind, 'payee_keys', payee_keys,
            'transaction_ref', transaction_ref, 'document_ref', document_ref, 'due_on', due_on,
            'description', description
        )) AS content
    FROM incoming
), hashed AS (
    SELECT
        stated.*,
        md5(content::text) AS content_hash,
        gen_random_uuid() AS payer_uuid,
        gen_random_uuid() AS payee_uuid
    FROM stated
), versioned AS (
    SELECT
        hashed.*,
        lag(content_hash) OVER key_rows AS previous_hash,
        lag(content) OVER key_rows AS previous_content,
        first_value(payer_uuid) OVER key_rows AS new_payer_event_id,
        first_value(payee_uuid) OVER key_rows AS new_payee_event_id,
        row_number() OVER key_rows = 1 AS is_first,
        lead(line) OVER key_rows IS NULL AS is_last,
        last_value(content_hash) OVER (
            key_rows ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS last_hash
    FROM hashed
    WINDOW key_rows AS (PARTITION BY external_id ORDER BY line)
)
SELECT
    versioned.*,
    paid.id IS NULL OR received.id IS NULL AS is_new_key,
    coalesce(paid.content_hash, received.content_hash) AS known_hash,
    (paid.party_kind, paid.party_name, paid.party_keys)
        IS DISTINCT FROM (payer_kind, payer_name, payer_keys) AS is_new_payer,
    (received.party_kind, received.party_name, received.party_keys)
        IS DISTINCT FROM (payee_kind, payee_name, payee_keys) AS is_new_payee,
    coalesce(paid.id, new_payer_event_id) AS payer_event_id,
    coalesce(received.id, new_payee_event_id) AS payee_event_id,
    CASE
        WHEN is_first AND (paid.id IS NULL OR received.id IS NULL) THEN 'stored'
        WHEN last_hash = paid.content_hash THEN 'unchanged'  -- the file ends where we are
        WHEN coalesce(previous_hash, paid.content_hash) = versioned.content_hash THEN 'unchanged'
        ELSE 'updated'
    END AS outcome
FROM versioned
LEFT JOIN raw_events AS paid
    ON paid.user_id = %(user_id)s AND paid.source = %(source)s
    AND paid.external_id = versioned.external_id AND paid.posting = 1
LEFT JOIN raw_events AS received
    ON received.user_id = %(user_id)s AND received.source = %(source)s
    AND received.external_id = versioned.external_id AND received.posting = 2;
ANALYZE staged (external_id, is_last, is_new_key, outcome, payer_kind, payer_identity, payee_kind, payee_identity)
