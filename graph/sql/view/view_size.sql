SELECT
    (SELECT count(*) FROM view_enriched_relationships),
    pg_total_relation_size('view_enriched_relationships')
