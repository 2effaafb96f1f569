-- The graph's tables that changed much since they were last analyzed (autovacuum's own rule).
SELECT relname
FROM pg_stat_user_tables
WHERE relname = ANY(%s)
    AND n_mod_since_analyze > 0
    AND n_mod_since_analyze >= 50 + 0.1 * n_live_tup
