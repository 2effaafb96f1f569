-- One pass over the books: the rows that bear a document's number, or its amount on either side.
-- (IN becomes a hash that each row is looked up in; no join can go wrong.)
DROP TABLE IF EXISTS numbered_rows;
CREATE TEMPORARY TABLE numbered_rows ON COMMIT DROP AS
WITH named AS (
    SELECT
        received.id, received.source, received.external_id, received.amount, received.currency,
        received.occurred_at,
        upper(regexp_replace(received.document_ref, '[^[:alnum:]]', '', 'g')) AS number
    FROM raw_events AS received
    WHERE received.user_id = %(user_id)s AND received.kind = 'posting' AND received.posting = 2
), found AS (
    SELECT
        named.*,
        number IN (SELECT document.number FROM unlinked_documents AS document) IS TRUE AS by_number,
        (currency, abs(amount)) IN (
            SELECT document.currency, abs(document.amount) FROM unlinked_documents AS document
        ) IS TRUE AS by_amount
    FROM named
), counted AS (
    SELECT
        found.*,
        count(*) OVER (PARTITION BY by_number, number) AS of_number,
        count(*) OVER (PARTITION BY by_amount, currency, abs(amount)) AS of_amount
    FROM found
    WHERE by_number OR by_amount
)
SELECT
    id, source, external_id, number,
    by_number AND of_number <= %(common)s AS by_number,
    by_amount AND of_amount <= %(common)s AS by_amount
FROM counted
WHERE (by_number AND of_number <= %(common)s) OR (by_amount AND of_amount <= %(common)s);
ANALYZE numbered_rows
