-- Links that may be of cause and effect, with both ends' party, day and amount, and how many events
-- of each end's party and source there are to choose from.
WITH link AS MATERIALIZED (
    SELECT id, source_event_id, target_event_id, relationship_type, confidence_score
    FROM relationship_instances
    WHERE
        user_id = {user_id} AND deleted_at IS NULL
        AND relationship_type IN ('settles', 'fee_of', 'reversal', 'receipt', 'ordered_by')
), best_match AS MATERIALIZED (
    SELECT DISTINCT ON (event_id) event_id, entity_id
    FROM entity_matches
    WHERE user_id = {user_id} AND EXISTS (SELECT FROM link)
    ORDER BY event_id, confidence DESC, created_at DESC, id
), named AS MATERIALIZED (
    SELECT
        event.id, event.source, best_match.entity_id,
        (event.occurred_at AT TIME ZONE 'UTC')::date - DATE '1970-01-01' AS day,
        event.amount::float8 AS amount, event.kind
    FROM raw_events AS event
    JOIN best_match ON best_match.event_id = event.id
    WHERE event.user_id = {user_id} AND EXISTS (SELECT FROM link)
), population AS MATERIALIZED (
    SELECT entity_id, source, count(*) AS events, max(day) - min(day) + 1 AS days
    FROM named
    GROUP BY entity_id, source
)
SELECT
    link.id::text AS relationship, link.relationship_type AS type,
    cause.entity_id::text AS cause, effect.entity_id::text AS effect,
    cause.day AS cause_day, effect.day AS effect_day,
    coalesce(abs(cause.amount), 0) AS cause_amount,
    coalesce(abs(effect.amount), 0) AS effect_amount,
    link.confidence_score AS confidence,
    causes.events AS causes, effects.events AS effects,
    causes.days AS cause_days, effects.days AS effect_days,
    link.source_event_id::text AS cause_event, link.target_event_id::text AS effect_event
FROM link
JOIN named AS cause ON cause.id = link.source_event_id
JOIN named AS effect ON effect.id = link.target_event_id
JOIN population AS causes
    ON causes.entity_id = cause.entity_id AND causes.source = cause.source
JOIN population AS effects
    ON effects.entity_id = effect.entity_id AND effects.source = effect.source
ORDER BY link.id
