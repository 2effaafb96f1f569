-- A changed document is linked anew; a link that people made is theirs.
UPDATE relationship_instances AS receipt
SET deleted_at = now(),
    reason = 'withdrawn (changed): ' || receipt.reason,
    updated_at = now()
FROM staged_documents AS document
WHERE document.outcome = 'updated'
    AND receipt.user_id = %(user_id)s
    AND receipt.source_event_id = document.event_id
    AND receipt.relationship_type = 'receipt'
    AND receipt.detection_method IN ('document_reference', 'document_amount')
    AND receipt.deleted_at IS NULL
