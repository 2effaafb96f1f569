-- Each document beside each row that may be its own, and how sure that is (links.link tells).
-- How much a party is the sender: 2 the same, 1 of a like name, 0 another.
DROP TABLE IF EXISTS link_candidates;
CREATE TEMPORARY TABLE link_candidates ON COMMIT DROP AS
WITH pairs AS (
    SELECT
        document.id AS document_id, row.id AS row_id, true AS by_number,
        document.currency = row.currency AND document.amount = row.amount AS same_amount,
        count(*) OVER lines AS lines,
        document.currency = row.currency AND document.amount = sum(row.amount) OVER lines
            AS same_sum,
        row_number() OVER (lines ORDER BY row.external_id COLLATE "C") = 1 AS is_first
    FROM unlinked_documents AS document
    JOIN candidate_rows AS row ON row.number = document.number
    WHERE row.by_number
    WINDOW lines AS (
        PARTITION BY document.id, row.source, row.currency, coalesce(row.payee_called, '')
    )
    UNION ALL
    SELECT document.id, row.id, false, true, 1, false, true
    FROM unlinked_documents AS document
    JOIN candidate_rows AS row
        ON row.currency = document.currency AND abs(row.amount) = abs(document.amount)
    WHERE row.by_amount
        AND row.occurred_at BETWEEN document.occurred_at - interval '10 days'
            AND document.occurred_at + interval '120 days'
        AND (row.number IS NULL OR row.number = '' OR document.number IS NULL)
), known AS (
    SELECT
        pairs.*, row.amount AS row_amount, document.amount, document.number,
        CASE
            WHEN document.entity_id = row.payer_entity_id THEN 2
            WHEN document.called = row.payer_called THEN 2
            WHEN similarity(document.called, row.payer_called) >= 0.6 THEN 1
            ELSE 0
        END AS is_payer,
        CASE
            WHEN document.entity_id = row.payee_entity_id THEN 2
            WHEN document.called = row.payee_called THEN 2
            WHEN similarity(document.called, row.payee_called) >= 0.6 THEN 1
            ELSE 0
        END AS is_payee
    FROM pairs
    JOIN unlinked_documents AS document ON document.id = pairs.document_id
    JOIN candidate_rows AS row ON row.id = pairs.row_id
), scored AS (
    SELECT
        known.*,
        CASE
            WHEN by_number AND same_amount THEN 0.97
            WHEN by_number AND same_sum AND lines > 1 AND is_first THEN 0.95
            WHEN by_number AND greatest(is_payer, is_payee) > 0 THEN 0.9
            WHEN by_number AND amount IS NULL AND length(number) >= 4 THEN 0.8
            -- The amount is what the sender's own account gets.
            WHEN NOT by_number AND is_payee > 0 AND amount = row_amount THEN 0.75
            WHEN NOT by_number AND is_payer > 0 AND amount = -row_amount THEN 0.75
        END AS confidence
    FROM known
)
SELECT
    document_id, row_id, confidence, lines, same_amount, is_payer, is_payee,
    greatest(is_payer, is_payee) AS is_party
FROM scored
WHERE confidence IS NOT NULL;
ANALYZE link_candidates
