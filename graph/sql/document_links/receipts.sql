-- What was withdrawn by us comes back; what people have deleted stays deleted.
INSERT INTO relationship_instances (
    user_id, source_event_id, target_event_id, relationship_type, edge_class, confidence_score,
    detection_method, reason
)
SELECT
    %(user_id)s, document.id, chosen.target_event_id, 'receipt', 'link', round(chosen.confidence * document.weight, 2),
    CASE WHEN chosen.confidence < 0.8 THEN 'document_amount' ELSE 'document_reference' END,
    format(
        CASE chosen.confidence
            WHEN 0.97 THEN '%%1$s names %%2$s and %%3$s, as %%4$s does'
            WHEN 0.95 THEN '%%1$s names %%2$s and %%3$s, which the %%7$s lines of that number'
                ' from %%4$s on add up to'
            WHEN 0.9 THEN '%%1$s of %%5$s names %%2$s, as %%4$s with %%6$s does%%8$s'
            WHEN 0.8 THEN '%%1$s names %%2$s and no amount; of all transactions only %%4$s bears it'
            ELSE '%%1$s of %%5$s names %%3$s, as only %%4$s with %%6$s does'
                ' from 10 days before to 120 days after it'
        END,
        CASE document.kind WHEN 'message' THEN 'the mail ' ELSE 'the file ' END
            || quote_literal(
                CASE WHEN length(document.description) <= 80 THEN document.description
                ELSE left(document.description, 80) || '…' END
            ),
        document.document_ref,
        stated.amount,
        'row ' || row.external_id || ' of ' || row.source,
        document.party_name,
        CASE WHEN chosen.is_payer > chosen.is_payee THEN row.payer_name ELSE row.payee_name END,
        chosen.lines,
        CASE WHEN document.amount IS NULL THEN ''
        ELSE '; the document names ' || stated.amount || ', the row ' || stated.row_amount END
    )
    || CASE document.sender
        WHEN 'failed' THEN '; the mail failed the check of its sender''s domain'
        WHEN 'unverified' THEN '; nothing proves who sent the mail'
        ELSE ''
    END
FROM chosen_rows AS chosen
JOIN unlinked_documents AS document ON document.id = chosen.document_id
JOIN candidate_rows AS row ON row.id = chosen.row_id
CROSS JOIN LATERAL (
    SELECT
        document.currency || ' ' || to_char(document.amount, 'FM999999999999999990.0099') AS amount,
        row.currency || ' ' || to_char(row.amount, 'FM999999999999999990.0099') AS row_amount
) AS stated
ON CONFLICT (user_id, source_event_id, target_event_id, relationship_type) DO UPDATE
SET deleted_at = NULL,
    confidence_score = excluded.confidence_score,
    detection_method = excluded.detection_method,
    reason = excluded.reason,
    updated_at = now()
WHERE relationship_instances.deleted_at IS NOT NULL
    AND relationship_instances.reason LIKE 'withdrawn%%'
