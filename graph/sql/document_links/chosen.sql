-- The surest row of each document; with the sender himself before one of a like name, in the books
-- before a card or bank feed that saw the same payment. Rows of one transaction are one choice,
-- two transactions are none.
DROP TABLE IF EXISTS chosen_rows;
CREATE TEMPORARY TABLE chosen_rows ON COMMIT DROP AS
WITH ranked AS (
    SELECT
        candidate.*, row.source, row.external_id, row.transaction_ref,
        rank() OVER (
            PARTITION BY candidate.document_id
            ORDER BY candidate.confidence DESC, candidate.is_party DESC, row.is_ledger DESC
        ) AS place
    FROM link_candidates AS candidate
    JOIN candidate_rows AS row ON row.id = candidate.row_id
), best AS (
    SELECT
        ranked.*,
        row_number() OVER (PARTITION BY document_id ORDER BY external_id COLLATE "C") AS line,
        min(source || ' ' || transaction_ref) OVER documents AS one_transaction,
        max(source || ' ' || transaction_ref) OVER documents AS other_transaction
    FROM ranked
    WHERE place = 1
    WINDOW documents AS (PARTITION BY document_id)
)
SELECT
    best.document_id, best.row_id, best.confidence, best.lines, best.same_amount,
    best.is_payer, best.is_payee,
    -- The other side than the sender's, who is the payee (also of what a credit note takes back)
    -- unless he is known to be the payer: his own posting would join him with himself.
    CASE WHEN best.is_payer > best.is_payee THEN row.payee_event_id ELSE row.payer_event_id END
        AS target_event_id
FROM best
JOIN candidate_rows AS row ON row.id = best.row_id
WHERE best.line = 1 AND best.one_transaction = best.other_transaction;
ANALYZE chosen_rows
