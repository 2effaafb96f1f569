-- The ids that this transaction has inserted: their rows carry its (32-bit) transaction id.
SELECT id FROM view_enriched_relationships
WHERE xmin::text::bigint = pg_current_xact_id()::text::bigint & 4294967295
