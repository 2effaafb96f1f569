-- What is to be linked: documents that name something, are still at their provider, and have no
-- receipt. One that was withdrawn by us may be linked again, one that people deleted may not.
DROP TABLE IF EXISTS unlinked_documents;
CREATE TEMPORARY TABLE unlinked_documents ON COMMIT DROP AS
SELECT
    document.id, document.kind, document.occurred_at, document.amount, document.currency,
    document.document_ref, document.party_name, document.description,
    -- What a mail claims weighs less where its sender was not verified; files are the tenant's own.
    CASE document.provenance -> 0 ->> 'sender'
        WHEN 'failed' THEN 0.5
        WHEN 'unverified' THEN 0.8
        ELSE 1
    END AS weight,
    document.provenance -> 0 ->> 'sender' AS sender,
    nullif(upper(regexp_replace(document.document_ref, '[^[:alnum:]]', '', 'g')), '') AS number,
    nullif(btrim(regexp_replace(
        lower(document.party_name),
        '\m(ltd|limited|llp|plc|inc|llc|co|gmbh|ag|bv|nv|sa|sas|sarl|srl|spa|oy|ab)\M\.?', '', 'g'
    )), '') AS called,
    (
        SELECT match.entity_id FROM entity_matches AS match
        WHERE match.user_id = %(user_id)s AND match.event_id = document.id
        ORDER BY match.confidence DESC, match.created_at DESC, match.id
        LIMIT 1
    ) AS entity_id
FROM raw_events AS document
WHERE document.user_id = %(user_id)s
    AND document.source = ANY (%(sources)s)
    AND document.kind <> 'posting'
    AND (%(events)s::uuid[] IS NULL OR document.id = ANY (%(events)s::uuid[]))
    AND (document.document_ref IS NOT NULL OR document.amount IS NOT NULL)
    AND NOT document.data ? 'gone_at'
    AND NOT EXISTS (
        SELECT FROM relationship_instances AS receipt
        WHERE receipt.user_id = %(user_id)s
            AND receipt.source_event_id = document.id
            AND receipt.relationship_type = 'receipt'
            AND (receipt.deleted_at IS NULL OR receipt.reason NOT LIKE 'withdrawn%%')
    );
ANALYZE unlinked_documents
