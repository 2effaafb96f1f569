-- The lines of the accounts whose statements give a running balance: what each changed on the
-- account, and the balance after it. The account's posting is the one of kind account, or else the
-- payer's. `line` is where the row stands in the file that stated it last.
WITH source AS MATERIALIZED (
    SELECT DISTINCT source FROM raw_events WHERE user_id = %(user_id)s AND balance IS NOT NULL
),
posting AS (
    SELECT DISTINCT ON (event.source, event.external_id)
        event.source, event.external_id, event.party_name, event.currency, event.amount,
        event.balance, event.occurred_at, event.provenance -> -1 ->> 'file' AS file,
        (event.provenance -> -1 ->> 'line')::bigint AS line
    FROM raw_events AS event
    JOIN source ON source.source = event.source
    WHERE
        event.user_id = %(user_id)s AND event.kind = 'posting' AND event.amount IS NOT NULL
        AND event.posting IN (1, 2)
    ORDER BY event.source, event.external_id, event.party_kind = 'account' DESC, event.posting
)
SELECT
    source, party_name AS account, currency, external_id AS key, file, line,
    (occurred_at AT TIME ZONE 'UTC')::date AS day, amount, balance
FROM posting
ORDER BY source, party_name, currency, occurred_at, file, line, external_id
