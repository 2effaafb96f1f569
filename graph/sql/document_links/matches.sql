-- A document that a number ties to a transaction is of the party of its other side: the ledger's
-- vendor, not one that was made of a mail's sender, and somebody where a file has no sender.
INSERT INTO entity_matches (user_id, event_id, entity_id, confidence, reason)
SELECT
    %(user_id)s, document.id, party.entity_id, round(0.95 * document.weight, 2),
    'receipt: the party of its transaction'
    || CASE WHEN document.called IS NULL THEN '' ELSE ', of its name or a like one' END
FROM chosen_rows AS chosen
JOIN unlinked_documents AS document ON document.id = chosen.document_id
JOIN candidate_rows AS row ON row.id = chosen.row_id
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN chosen.target_event_id = row.payer_event_id THEN row.payee_entity_id
            ELSE row.payer_entity_id
        END AS entity_id
) AS party
WHERE chosen.confidence >= 0.9
    AND (document.called IS NULL OR greatest(chosen.is_payer, chosen.is_payee) > 0)
    AND party.entity_id IS NOT NULL
    AND party.entity_id IS DISTINCT FROM document.entity_id
ON CONFLICT DO NOTHING
