-- The receipts of documents that are back, as they were before these were gone.
UPDATE relationship_instances AS receipt
SET deleted_at = NULL,
    reason = regexp_replace(receipt.reason, '^withdrawn \(gone\): ', ''),
    updated_at = now()
FROM staged_documents AS document
WHERE document.is_back
    AND receipt.user_id = %(user_id)s
    AND receipt.source_event_id = document.event_id
    AND receipt.relationship_type = 'receipt'
    AND receipt.deleted_at IS NOT NULL
    AND receipt.reason LIKE 'withdrawn (gone): %%'
