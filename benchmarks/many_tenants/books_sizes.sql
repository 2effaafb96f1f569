-- Bytes of tables and of the materialized view, largest first, and their rows as VACUUM counted them.
SELECT
    relname,
    relkind = 'm' AS is_view,
    reltuples::bigint AS row_count,
    pg_table_size(oid) AS data_bytes,
    pg_indexes_size(oid) AS index_bytes
FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'm') AND relname = ANY (%s)
ORDER BY pg_total_relation_size(oid) DESC
