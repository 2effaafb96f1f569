-- Entities whose equal payments end where another's begin: the same source, currency, amount and
-- words (without digits), the same distance in time, and nothing of the first after that. No
-- employees: who is hired when somebody leaves may earn the same.
WITH paid AS (
    SELECT
        coalesce(match.original_entity_id, match.entity_id) AS entity, event.source, event.currency,
        abs(event.amount) AS amount, event.occurred_at::date AS day, event.description
    FROM entity_matches AS match
    JOIN raw_events AS event ON event.user_id = match.user_id AND event.id = match.event_id
    JOIN normalized_entities AS entity
        ON entity.user_id = match.user_id
        AND entity.id = coalesce(match.original_entity_id, match.entity_id)
        AND entity.kind IN ('vendor', 'customer')
    WHERE match.user_id = %(user_id)s AND event.amount <> 0
        AND coalesce(nullif(match.original_reason, ''), match.reason) NOT LIKE 'receipt:%%'
),
spans AS (
    SELECT entity, source, min(day) AS first, max(day) AS last FROM paid GROUP BY 1, 2
),
often AS (
    SELECT entity, source, currency, amount FROM paid GROUP BY 1, 2, 3, 4 HAVING count(*) >= %(least)s
),
worded AS (
    SELECT
        paid.entity, paid.source, paid.currency, paid.amount, paid.day,
        regexp_replace(coalesce(paid.description, ''), '\d+', '', 'g') AS words
    FROM paid
    JOIN often USING (entity, source, currency, amount)
),
equal AS (
    SELECT
        worded.entity, worded.source, currency, amount, words, min(day) AS begin, max(day) AS done,
        (max(day) - min(day))::float / (count(DISTINCT day) - 1) AS period,
        spans.first, spans.last
    FROM worded
    JOIN spans ON spans.entity = worded.entity AND spans.source = worded.source
    GROUP BY worded.entity, worded.source, currency, amount, words, spans.first, spans.last
    HAVING count(DISTINCT day) >= %(least)s
),
alone AS (
    SELECT source, currency, amount, words FROM equal GROUP BY 1, 2, 3, 4 HAVING count(*) = 2
)
SELECT one.entity::text, other.entity::text, one.amount::float, one.done, other.begin
FROM alone
JOIN equal AS one USING (source, currency, amount, words)
JOIN equal AS other USING (source, currency, amount, words)
WHERE one.last < other.first AND other.begin - one.done <= 1.5 * one.period
    AND other.period BETWEEN 0.8 * one.period AND 1.25 * one.period
ORDER BY 1, 2
