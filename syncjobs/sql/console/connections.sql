-- Connections by state.
SELECT state, count(*) AS connections FROM sync_connections GROUP BY state ORDER BY state
