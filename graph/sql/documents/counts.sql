SELECT
    count(*) FILTER (WHERE outcome = 'stored'),
    count(*) FILTER (WHERE outcome = 'updated'),
    count(*) FILTER (WHERE outcome = 'unchanged'),
    (
        SELECT count(*)
        FROM relationship_instances AS receipt
        JOIN staged_documents AS document ON document.event_id = receipt.source_event_id
        WHERE document.is_back AND document.outcome = 'unchanged'
            AND receipt.relationship_type = 'receipt' AND receipt.deleted_at IS NULL
    ),
    array_agg(event_id) FILTER (WHERE outcome <> 'unchanged' OR is_back)
FROM staged_documents
