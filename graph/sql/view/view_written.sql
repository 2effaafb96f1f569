-- Rows that this transaction has inserted into and deleted from the view.
SELECT
    pg_stat_get_xact_tuples_inserted('view_enriched_relationships'::regclass),
    pg_stat_get_xact_tuples_deleted('view_enriched_relationships'::regclass)
