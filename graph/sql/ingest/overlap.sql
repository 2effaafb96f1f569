-- The known rows of the file's period and what the file has of them. `renamed` pairs a known row that
-- the file lacks with a new row of the file that can be the same one, described otherwise: same
-- moment, amount, currency and payer; in books that are no account's, also the same payee or document.
CREATE TEMPORARY TABLE overlap ON COMMIT DROP AS
WITH period AS (
    SELECT min(occurred_at) AS first, max(occurred_at) AS last FROM incoming
), known AS MATERIALIZED (
    SELECT
        paid.external_id, paid.occurred_at, received.amount, paid.currency,
        paid.party_name AS payer_name,
        CASE WHEN %(is_account)s THEN '' ELSE received.party_name END AS payee_name,
        CASE WHEN %(is_account)s THEN '' ELSE coalesce(paid.document_ref, '') END AS document_ref,
        paid.provenance,
        EXISTS (SELECT FROM incoming WHERE incoming.external_id = paid.external_id) AS is_here
    FROM period
    JOIN raw_events AS paid
        ON paid.user_id = %(user_id)s AND paid.source = %(source)s AND paid.posting = 1
        AND paid.occurred_at BETWEEN period.first AND period.last
    JOIN raw_events AS received
        ON received.user_id = paid.user_id AND received.source = paid.source
        AND received.external_id = paid.external_id AND received.posting = 2
    WHERE paid.party_name IN (SELECT payer_name FROM incoming)
), gone AS (
    SELECT
        known.*,
        row_number() OVER (
            PARTITION BY occurred_at, amount, currency, payer_name, payee_name, document_ref
            ORDER BY external_id
        ) AS nth
    FROM known
    WHERE NOT is_here
), fresh AS (
    SELECT
        line, external_id, occurred_at, amount, currency, payer_name,
        CASE WHEN %(is_account)s THEN '' ELSE payee_name END AS payee_name,
        CASE WHEN %(is_account)s THEN '' ELSE coalesce(document_ref, '') END AS document_ref
    FROM incoming
    WHERE NOT EXISTS (
        SELECT FROM raw_events AS event
        WHERE event.user_id = %(user_id)s AND event.source = %(source)s
            AND event.external_id = incoming.external_id
    )
), numbered AS (
    SELECT
        fresh.*,
        row_number() OVER (
            PARTITION BY occurred_at, amount, currency, payer_name, payee_name, document_ref
            ORDER BY line
        ) AS nth
    FROM fresh
)
SELECT
    known.external_id, known.is_here, numbered.line AS renamed_line,
    NOT known.provenance @> jsonb_build_array(jsonb_build_object('file', %(file)s::text)) AS is_elsewhere,
    known.provenance -> 0 ->> 'file' AS file,
    (SELECT count(*) FROM fresh) AS fresh,
    (
        SELECT count(*) FROM fresh
        WHERE fresh.occurred_at BETWEEN (SELECT min(occurred_at) FROM known)
            AND (SELECT max(occurred_at) FROM known)
    ) AS fresh_within
FROM known
LEFT JOIN gone ON gone.external_id = known.external_id
LEFT JOIN numbered
    ON numbered.occurred_at = gone.occurred_at AND numbered.amount = gone.amount
    AND numbered.currency = gone.currency AND numbered.payer_name = gone.payer_name
    AND numbered.payee_name = gone.payee_name AND numbered.document_ref = gone.document_ref
    AND numbered.nth = gone.nth
