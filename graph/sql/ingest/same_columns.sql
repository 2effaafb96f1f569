-- A row whose key is new takes the key of a known row with the very same columns: keys were once
-- made by another rule, and importing again must not count such a row twice.
WITH fresh AS (
    SELECT
        line, md5(data::text) AS columns, payer_name,
        row_number() OVER (
            PARTITION BY publication, payer_name, md5(data::text) ORDER BY line
        ) AS nth
    FROM incoming
    WHERE NOT EXISTS (
        SELECT FROM raw_events AS known
        WHERE known.user_id = %(user_id)s AND known.source = %(source)s
            AND known.external_id = incoming.external_id
    )
), known AS (
    SELECT
        external_id, md5(data::text) AS columns, party_name AS payer_name,
        row_number() OVER (
            PARTITION BY party_name, md5(data::text) ORDER BY external_id
        ) AS nth
    FROM raw_events AS event
    WHERE user_id = %(user_id)s AND source = %(source)s AND posting = 1
        AND NOT EXISTS (SELECT FROM incoming WHERE incoming.external_id = event.external_id)
        AND EXISTS (SELECT FROM fresh)
)
UPDATE incoming
SET external_id = known.external_id
FROM fresh
JOIN known USING (columns, payer_name, nth)
WHERE incoming.line = fresh.line
