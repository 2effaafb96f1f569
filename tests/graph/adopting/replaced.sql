-- The replaced system's tables as its programs left them: no keys, no tenants in the joins, times
-- without a zone, columns of its own. {schema} is theirs.
CREATE SCHEMA IF NOT EXISTS {schema};
SET LOCAL search_path = {schema};
CREATE TABLE raw_events (
    id uuid, user_id uuid, source varchar(64), external_id varchar(255), event_type varchar(32),
    occurred_at timestamp, amount numeric, currency char(3), description text, metadata jsonb,
    created_at timestamp
);
CREATE TABLE normalized_entities (
    id uuid, user_id uuid, kind varchar(32), name varchar(255), logo varchar(255),
    created_at timestamp
);
CREATE TABLE entity_matches (
    id uuid, user_id uuid, event_id uuid, entity_id uuid, confidence real, created_at timestamp
);
CREATE TABLE relationship_instances (
    id uuid, user_id uuid, source_event_id uuid, target_event_id uuid,
    relationship_type varchar(64), confidence_score double precision, detection_method varchar(64),
    reason text, created_at timestamp, deleted_at timestamp
);
CREATE TABLE causal_relationships (
    id uuid, user_id uuid, relationship_id uuid, causal_score double precision,
    causal_direction varchar(16), model varchar(16), created_at timestamp
);
CREATE TABLE temporal_patterns (
    id uuid, user_id uuid, relationship_type varchar(64), recurrence_score double precision,
    recurrence_frequency varchar(16), last_occurrence timestamp,
    next_predicted_occurrence timestamp, created_at timestamp
);
CREATE TABLE seasonal_patterns (
    id uuid, user_id uuid, relationship_id uuid, seasonal_strength double precision,
    seasonal_months integer[], created_at timestamp
);
CREATE TABLE relationship_patterns (
    id uuid, user_id uuid, relationship_type varchar(64), pattern_name varchar(64),
    pattern_confidence double precision, created_at timestamp
);
CREATE TABLE cross_platform_relationships (
    id uuid, user_id uuid, relationship_id uuid, platform_sources jsonb, created_at timestamp
);
CREATE TABLE predicted_relationships (
    id uuid, user_id uuid, source_event_id uuid, prediction_confidence double precision,
    prediction_reason text, status varchar(16), created_at timestamp
);
CREATE TABLE root_cause_analyses (
    id uuid, user_id uuid, source_event_id uuid, root_cause_analysis text,
    confidence double precision, created_at timestamp
);
CREATE TABLE event_delta_logs (
    id uuid, user_id uuid, event_id uuid, change_type varchar(16), old_values json,
    created_at timestamp
);
CREATE TABLE duplicate_transactions (
    id uuid, user_id uuid, event_id uuid, original_event_id uuid,
    duplicate_confidence double precision, status varchar(16), created_at timestamp
);
SET LOCAL search_path TO DEFAULT
