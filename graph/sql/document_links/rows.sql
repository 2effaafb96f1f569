-- Those rows with both their postings and the entities on either side.
DROP TABLE IF EXISTS candidate_rows;
CREATE TEMPORARY TABLE candidate_rows ON COMMIT DROP AS
WITH sides AS (
    SELECT
        event.*,
        nullif(btrim(regexp_replace(
            lower(event.party_name),
            '\m(ltd|limited|llp|plc|inc|llc|co|gmbh|ag|bv|nv|sa|sas|sarl|srl|spa|oy|ab)\M\.?', '', 'g'
        )), '') AS called
    FROM numbered_rows AS row
    JOIN raw_events AS event
        ON event.user_id = %(user_id)s AND event.source = row.source
        AND event.external_id = row.external_id AND event.kind = 'posting'
), best_match AS (
    SELECT DISTINCT ON (match.event_id) match.event_id, match.entity_id
    FROM sides
    JOIN entity_matches AS match ON match.user_id = %(user_id)s AND match.event_id = sides.id
    ORDER BY match.event_id, match.confidence DESC, match.created_at DESC, match.id
)
SELECT
    row.id, row.source, row.external_id, row.number, row.by_number, row.by_amount,
    received.platform = 'ledger' AS is_ledger,
    received.transaction_ref, received.occurred_at, received.amount, received.currency,
    received.document_ref,
    paid.id AS payer_event_id, paid.called AS payer_called, paid.party_name AS payer_name,
    payer.entity_id AS payer_entity_id,
    received.id AS payee_event_id, received.called AS payee_called,
    received.party_name AS payee_name, payee.entity_id AS payee_entity_id
FROM numbered_rows AS row
JOIN sides AS received ON received.id = row.id
JOIN sides AS paid
    ON paid.source = row.source AND paid.external_id = row.external_id AND paid.posting = 1
LEFT JOIN best_match AS payer ON payer.event_id = paid.id
LEFT JOIN best_match AS payee ON payee.event_id = received.id;
ANALYZE candidate_rows
