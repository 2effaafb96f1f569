-- A seeded tenant of {edges} payments between {entities} parties, with rows in all nine layers.
-- Ids and values follow from md5 of the seed and a counter, so that every run has the same books.
CREATE OR REPLACE FUNCTION pg_temp.uuid_of(kind text, n bigint) RETURNS uuid
    LANGUAGE sql IMMUTABLE AS $$ SELECT md5('{seed} ' || kind || ' ' || n)::uuid $$;
CREATE OR REPLACE FUNCTION pg_temp.part(kind text, n bigint) RETURNS double precision
    LANGUAGE sql IMMUTABLE AS
    $$ SELECT (hashtextextended('{seed} ' || kind || ' ' || n, 0) & 1048575) / 1048576.0 $$;

INSERT INTO normalized_entities (id, user_id, kind, name, identity)
SELECT pg_temp.uuid_of('entity', n), {user}, CASE WHEN n % 20 = 0 THEN 'department' ELSE 'vendor' END,
       'Party ' || n, 'party ' || n
FROM generate_series(0, {entities} - 1) AS n;

INSERT INTO raw_events (id, user_id, source, platform, external_id, posting, transaction_ref,
                        occurred_at, amount, currency, party_kind, party_name)
SELECT pg_temp.uuid_of('event', 2 * n + side), {user}, 'benchmark', 'ledger', n::text, side + 1,
       n::text, timestamptz '2020-01-01' + n % 1500 * interval '1 day',
       (2 * side - 1) * round((1 + 9999 * pg_temp.part('amount', n))::numeric, 2), 'GBP', 'vendor', ''
FROM generate_series(0, {edges} - 1) AS n, generate_series(0, 1) AS side;

INSERT INTO entity_matches (id, user_id, event_id, entity_id, confidence)
SELECT pg_temp.uuid_of('match', 2 * n + side), {user}, pg_temp.uuid_of('event', 2 * n + side),
       pg_temp.uuid_of('entity', floor({entities} * pg_temp.part('end' || side, n) ^ 2)::bigint), 1
FROM generate_series(0, {edges} - 1) AS n, generate_series(0, 1) AS side;

INSERT INTO temporal_patterns (id, user_id, key, recurrence_score, recurrence_frequency,
                               last_occurrence, next_predicted_occurrence)
SELECT pg_temp.uuid_of('temporal', n), {user}, n::text, pg_temp.part('recurrence', n),
       (array['weekly', 'monthly', 'quarterly', 'yearly'])[1 + n % 4],
       date '2024-01-01' + n::int % 300, date '2024-02-01' + n::int % 300
FROM generate_series(0, greatest({edges} / 20, 1)) AS n;
INSERT INTO seasonal_patterns (id, user_id, key, seasonal_strength, seasonal_months)
SELECT pg_temp.uuid_of('seasonal', n), {user}, n::text, pg_temp.part('season', n),
       array[1 + n % 12, 1 + (n + 1) % 12]::smallint[]
FROM generate_series(0, greatest({edges} / 50, 1)) AS n;
INSERT INTO relationship_patterns (id, user_id, key, pattern_name, pattern_confidence)
SELECT pg_temp.uuid_of('pattern', n), {user}, n::text, 'Pattern ' || n, pg_temp.part('fit', n)
FROM generate_series(0, 99) AS n;

INSERT INTO relationship_instances (id, user_id, source_event_id, target_event_id,
    relationship_type, edge_class, confidence_score, detection_method, reason,
    temporal_pattern_id, seasonal_pattern_id, pattern_id)
SELECT pg_temp.uuid_of('relationship', n), {user}, pg_temp.uuid_of('event', 2 * n),
       pg_temp.uuid_of('event', 2 * n + 1), 'payment', 'flow', pg_temp.part('confidence', n),
       'benchmark', 'made for measuring',
       CASE WHEN n % 2 = 0 THEN pg_temp.uuid_of('temporal', n % greatest({edges} / 20, 1)) END,
       CASE WHEN n % 3 = 0 THEN pg_temp.uuid_of('seasonal', n % greatest({edges} / 50, 1)) END,
       CASE WHEN n % 4 <> 0 THEN pg_temp.uuid_of('pattern', n % 100) END
FROM generate_series(0, {edges} - 1) AS n;

INSERT INTO causal_relationships (id, user_id, relationship_id, causal_score, causal_direction)
SELECT pg_temp.uuid_of('causal', n), {user}, pg_temp.uuid_of('relationship', n),
       pg_temp.part('cause', n), 'forward'
FROM generate_series(0, {edges} - 1) AS n WHERE n % 5 <> 0;
INSERT INTO cross_platform_relationships (id, user_id, relationship_id, platform_sources)
SELECT pg_temp.uuid_of('cross', n), {user}, pg_temp.uuid_of('relationship', n),
       CASE WHEN n % 2 = 0 THEN array['ledger'] ELSE array['card', 'ledger'] END
FROM generate_series(0, {edges} - 1) AS n;
INSERT INTO predicted_relationships (id, user_id, relationship_id, prediction_confidence,
    prediction_reason, expected_from, expected_to, amount_low, amount_high, currency)
SELECT pg_temp.uuid_of('predicted' || version, n), {user}, pg_temp.uuid_of('relationship', n),
       pg_temp.part('prediction', n), 'monthly so far', date '2024-02-01', date '2024-02-08',
       90, 110, 'GBP'
FROM generate_series(0, {edges} - 1) AS n, generate_series(1, 2) AS version WHERE n % 10 = 0;
INSERT INTO root_cause_analyses (id, user_id, relationship_id, root_cause_analysis, confidence)
SELECT pg_temp.uuid_of('root', n), {user}, pg_temp.uuid_of('relationship', n),
       'It began with an order that was changed late.', pg_temp.part('root', n)
FROM generate_series(0, {edges} - 1) AS n WHERE n % 20 = 0;
INSERT INTO event_delta_logs (id, user_id, relationship_id, event_key, change_type)
SELECT pg_temp.uuid_of('delta', n), {user}, pg_temp.uuid_of('relationship', n), n::text, 'modified'
FROM generate_series(0, {edges} - 1) AS n WHERE n % 25 = 0;
INSERT INTO duplicate_transactions (id, user_id, relationship_id, original_relationship_id,
                                    duplicate_confidence)
SELECT pg_temp.uuid_of('duplicate', n), {user}, pg_temp.uuid_of('relationship', n),
       pg_temp.uuid_of('relationship', n - 1), pg_temp.part('duplicate', n)
FROM generate_series(1, {edges} - 1) AS n WHERE n % 30 = 0;
