-- The cross-platform layer becomes what was found: payments that several platforms have are staged,
-- all others are their own platform's alone.
WITH flow AS MATERIALIZED (
    SELECT relationship.id, event.platform
    FROM relationship_instances AS relationship
    JOIN raw_events AS event
        ON event.user_id = relationship.user_id AND event.id = relationship.target_event_id
    WHERE
        relationship.user_id = %(user_id)s AND relationship.edge_class = 'flow'
        AND relationship.deleted_at IS NULL
), known AS MATERIALIZED (
    SELECT id, relationship_id, platform_sources, evidence
    FROM cross_platform_relationships
    WHERE user_id = %(user_id)s
), gone AS (
    DELETE FROM cross_platform_relationships AS fact
    USING known
    WHERE
        fact.id = known.id
        AND NOT EXISTS (SELECT FROM flow WHERE flow.id = known.relationship_id)
    RETURNING fact.id
), given AS MATERIALIZED (
    SELECT
        flow.id, known.id AS fact_id,
        coalesce(seen.platforms, ARRAY[flow.platform]) AS platform_sources,
        coalesce(seen.evidence, '{}') AS evidence
    FROM flow
    LEFT JOIN known ON known.relationship_id = flow.id
    LEFT JOIN seen_by_several AS seen ON seen.relationship_id = flow.id
    WHERE
        known.id IS NULL OR seen.relationship_id IS NOT NULL OR known.evidence <> '{}'
        OR known.platform_sources <> ARRAY[flow.platform]
), changed AS (
    UPDATE cross_platform_relationships AS fact
    SET platform_sources = given.platform_sources, evidence = given.evidence
    FROM given
    WHERE
        fact.id = given.fact_id
        AND (fact.platform_sources, fact.evidence)
        IS DISTINCT FROM (given.platform_sources, given.evidence)
    RETURNING fact.id
), added AS (
    INSERT INTO cross_platform_relationships (
        user_id, relationship_id, platform_sources, evidence
    )
    SELECT %(user_id)s, id, platform_sources, evidence
    FROM given
    WHERE fact_id IS NULL
    RETURNING id
)
SELECT
    (SELECT count(*) FROM added), (SELECT count(*) FROM changed), (SELECT count(*) FROM gone)
