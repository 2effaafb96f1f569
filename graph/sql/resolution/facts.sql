-- What the books know of each entity under the name that it had before any merge.
WITH named AS (
    SELECT coalesce(match.original_entity_id, match.entity_id) AS entity_id, event.*
    FROM entity_matches AS match
    JOIN raw_events AS event ON event.user_id = match.user_id AND event.id = match.event_id
    WHERE match.user_id = %(user_id)s
        AND (
            match.entity_id = ANY (%(entities)s::uuid[])
            OR match.original_entity_id = ANY (%(entities)s::uuid[])
        )
), chosen AS (
    SELECT * FROM named WHERE entity_id = ANY (%(entities)s::uuid[])
), sums AS (
    SELECT entity_id, string_agg(currency || ' ' || total, ', ' ORDER BY currency) AS sums
    FROM (
        SELECT entity_id, currency, to_char(sum(amount), 'FM999999999999999990.00') AS total
        FROM chosen
        WHERE amount IS NOT NULL
        GROUP BY entity_id, currency
    ) AS of_currency
    GROUP BY entity_id
), keys AS (
    SELECT entity_id, string_agg(DISTINCT key.key || ' ' || key.value, ', ') AS keys
    FROM chosen
    CROSS JOIN LATERAL jsonb_each_text(party_keys) AS key
    GROUP BY entity_id
)
SELECT
    chosen.entity_id,
    count(*) FILTER (WHERE chosen.amount IS NOT NULL),
    coalesce(min(sums.sums), '-'),
    min(chosen.occurred_at AT TIME ZONE 'UTC')::date,
    max(chosen.occurred_at AT TIME ZONE 'UTC')::date,
    array_to_string((array_agg(DISTINCT chosen.party_name))[1:5], ' · '),
    coalesce(min(keys.keys), '-'),
    array_to_string((array_agg(DISTINCT nullif(left(chosen.description, 80), '')))[1:5], ' · ')
FROM chosen
LEFT JOIN sums ON sums.entity_id = chosen.entity_id
LEFT JOIN keys ON keys.entity_id = chosen.entity_id
GROUP BY chosen.entity_id
