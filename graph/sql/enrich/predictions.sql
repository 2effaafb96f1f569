-- Predictions as staged: each known one (id) gets its state, each new one is added. What people or
-- other layers hang on a prediction stays, since no row is ever written twice or deleted.
WITH given AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (
        id uuid, relationship_id uuid, prediction_confidence float8, prediction_reason text,
        expected_from date, expected_to date, amount_low numeric, amount_high numeric,
        currency text, status text, books_until date, stale_from date,
        fulfilled_by_event_id uuid, evidence jsonb
    )
), changed AS (
    UPDATE predicted_relationships AS prediction
    SET
        relationship_id = given.relationship_id,
        prediction_confidence = given.prediction_confidence,
        prediction_reason = given.prediction_reason, expected_from = given.expected_from,
        expected_to = given.expected_to, amount_low = given.amount_low,
        amount_high = given.amount_high, currency = given.currency, status = given.status,
        books_until = given.books_until, stale_from = given.stale_from,
        fulfilled_by_event_id = given.fulfilled_by_event_id, evidence = given.evidence
    FROM given
    WHERE
        prediction.user_id = %(user_id)s AND prediction.id = given.id
        AND (
            prediction.relationship_id, prediction.prediction_confidence,
            prediction.prediction_reason, prediction.expected_from, prediction.expected_to,
            prediction.amount_low, prediction.amount_high, prediction.currency, prediction.status,
            prediction.fulfilled_by_event_id, prediction.evidence, prediction.books_until,
            prediction.stale_from
        ) IS DISTINCT FROM (
            given.relationship_id, given.prediction_confidence, given.prediction_reason,
            given.expected_from, given.expected_to, given.amount_low, given.amount_high,
            given.currency, given.status, given.fulfilled_by_event_id, given.evidence,
            given.books_until, given.stale_from
        )
    RETURNING prediction.status
), added AS (
    INSERT INTO predicted_relationships (
        user_id, relationship_id, prediction_confidence, prediction_reason, expected_from,
        expected_to, amount_low, amount_high, currency, status, books_until, stale_from,
        fulfilled_by_event_id, evidence
    )
    SELECT
        %(user_id)s, relationship_id, prediction_confidence, prediction_reason, expected_from,
        expected_to, amount_low, amount_high, currency, status, books_until, stale_from,
        fulfilled_by_event_id, evidence
    FROM given
    WHERE id IS NULL
    RETURNING id
)
SELECT
    (SELECT count(*) FROM added),
    (SELECT count(*) FROM changed WHERE status <> 'cancelled'),
    (SELECT count(*) FROM changed WHERE status = 'cancelled')
