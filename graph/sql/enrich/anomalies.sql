-- What is off: paid again, taken back, of an unusual amount in its series, or late. With the words
-- that a sentence about it needs. One row each, several a relationship are possible.
WITH in_series AS MATERIALIZED (
    SELECT id, temporal_pattern_id, target_event_id
    FROM relationship_instances
    WHERE
        user_id = {user_id} AND edge_class = 'flow' AND deleted_at IS NULL
        AND temporal_pattern_id IS NOT NULL
), recurring AS MATERIALIZED (
    -- by id, here and below: most events are not needed, and they are wide
    SELECT in_series.id, in_series.temporal_pattern_id, payee.amount
    FROM in_series
    JOIN raw_events AS payee ON payee.id = in_series.target_event_id
    WHERE
        payee.user_id = {user_id} AND payee.amount IS NOT NULL
        AND payee.id = ANY (ARRAY(SELECT target_event_id FROM in_series))
), usual AS MATERIALIZED (
    SELECT
        temporal_pattern_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(amount)) AS median,
        count(*) AS size
    FROM recurring
    GROUP BY temporal_pattern_id
), spread AS MATERIALIZED (
    SELECT
        recurring.temporal_pattern_id,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(abs(recurring.amount) - usual.median)) AS mad
    FROM recurring
    JOIN usual USING (temporal_pattern_id)
    GROUP BY recurring.temporal_pattern_id
), reversed AS MATERIALIZED (
    SELECT source_event_id, target_event_id, confidence_score
    FROM relationship_instances
    WHERE user_id = {user_id} AND relationship_type = 'reversal' AND deleted_at IS NULL
), ends AS MATERIALIZED (
    SELECT relationship.id, event.id AS event_id
    FROM relationship_instances AS relationship
    CROSS JOIN LATERAL (
        VALUES (relationship.source_event_id), (relationship.target_event_id)
    ) AS event (id)
    WHERE
        relationship.user_id = {user_id} AND relationship.edge_class = 'flow'
        AND relationship.deleted_at IS NULL AND EXISTS (SELECT FROM reversed)
), off AS MATERIALIZED (
    SELECT
        fraud.relationship_id AS id, 'duplicate' AS what, fraud.duplicate_confidence AS confidence,
        fraud.original_relationship_id AS other, NULL::float8 AS usual, NULL::text AS rhythm,
        NULL::date AS since, NULL::date AS until
    FROM duplicate_transactions AS fraud
    WHERE fraud.user_id = {user_id} AND fraud.status <> 'dismissed'
    UNION ALL
    SELECT DISTINCT
        taken.id, 'reversal', reversed.confidence_score, given.id, NULL::float8, NULL, NULL::date,
        NULL::date
    FROM reversed
    JOIN ends AS taken ON taken.event_id = reversed.source_event_id
    JOIN ends AS given ON given.event_id = reversed.target_event_id
    WHERE taken.id <> given.id
    UNION ALL
    -- the modified z-score of B. Iglewicz and D. Hoaglin (1993), whose bound is 3.5
    SELECT
        recurring.id, 'amount',
        1 - 3.5 / (0.6745 * abs(abs(recurring.amount) - usual.median) / greatest(mad, usual.median / 100)),
        NULL, usual.median, temporal.recurrence_frequency, NULL, NULL
    FROM recurring
    JOIN usual USING (temporal_pattern_id)
    JOIN spread USING (temporal_pattern_id)
    JOIN temporal_patterns AS temporal
        ON temporal.user_id = {user_id} AND temporal.id = recurring.temporal_pattern_id
    WHERE
        usual.size >= 5 AND usual.median > 0
        AND 0.6745 * abs(abs(recurring.amount) - usual.median) > 3.5 * greatest(mad, usual.median / 100)
    UNION ALL
    SELECT
        prediction.relationship_id, 'late', prediction.prediction_confidence, NULL, NULL,
        temporal.recurrence_frequency, prediction.expected_from, prediction.expected_to
    FROM predicted_relationships AS prediction
    JOIN relationship_instances AS relationship
        ON relationship.user_id = {user_id} AND relationship.id = prediction.relationship_id
    LEFT JOIN temporal_patterns AS temporal
        ON temporal.user_id = {user_id} AND temporal.id = relationship.temporal_pattern_id
    WHERE prediction.user_id = {user_id} AND prediction.status = 'overdue'
), chosen AS MATERIALIZED (
    SELECT *
    FROM relationship_instances
    WHERE
        user_id = {user_id} AND edge_class = 'flow' AND deleted_at IS NULL
        AND id IN (SELECT id FROM off UNION SELECT other FROM off)
), best_match AS MATERIALIZED (
    SELECT DISTINCT ON (event_id) event_id, entity_id
    FROM entity_matches
    WHERE user_id = {user_id} AND event_id = ANY (ARRAY(SELECT target_event_id FROM chosen))
    ORDER BY event_id, confidence DESC, created_at DESC, id
), flow AS MATERIALIZED (
    SELECT
        chosen.id, chosen.source_event_id, chosen.target_event_id, payee.amount, payee.currency,
        payee.external_id, payee.source, coalesce(payee.document_ref, '') AS document,
        (payee.occurred_at AT TIME ZONE 'UTC')::date AS day, entity.name AS party
    FROM chosen
    JOIN raw_events AS payee
        ON payee.user_id = chosen.user_id AND payee.id = chosen.target_event_id
    LEFT JOIN best_match ON best_match.event_id = payee.id
    LEFT JOIN normalized_entities AS entity
        ON entity.user_id = {user_id} AND entity.id = best_match.entity_id
    WHERE
        payee.amount IS NOT NULL
        AND payee.id = ANY (ARRAY(SELECT target_event_id FROM chosen))
)
SELECT
    off.id::text AS relationship, off.what, off.confidence, off.usual, off.rhythm,
    off.since::text AS since, off.until::text AS until,
    flow.party, flow.amount::text AS amount, flow.currency, flow.day::text AS day,
    flow.external_id AS key, flow.source, flow.document,
    flow.source_event_id::text AS source_event, flow.target_event_id::text AS target_event,
    original.id::text AS other, original.amount::text AS other_amount,
    original.day::text AS other_day, original.external_id AS other_key,
    original.source AS other_source, original.document AS other_document,
    original.source_event_id::text AS other_source_event,
    original.target_event_id::text AS other_target_event
FROM off
JOIN flow ON flow.id = off.id
LEFT JOIN flow AS original ON original.id = off.other
WHERE off.other IS NULL OR original.id IS NOT NULL
ORDER BY off.confidence DESC, off.id, off.other
