-- The reason tells our own deletions from people's, which nothing revives.
UPDATE relationship_instances AS receipt
SET deleted_at = now(),
    reason = 'withdrawn (gone): ' || receipt.reason,
    updated_at = now()
FROM raw_events AS document
WHERE document.user_id = %(user_id)s AND document.source = %(source)s
    AND document.external_id = ANY (%(external_ids)s) AND document.kind <> 'posting'
    AND receipt.user_id = %(user_id)s
    AND receipt.source_event_id = document.id
    AND receipt.relationship_type = 'receipt'
    AND receipt.deleted_at IS NULL
