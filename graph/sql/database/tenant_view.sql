-- A materialized view takes no policies. What may be asked of its rows is asked after this WHERE,
-- save for what is leakproof (uuids, texts, times and floats compared: those still use an index).
CREATE OR REPLACE VIEW tenant_relationships WITH (security_barrier) AS
SELECT * FROM view_enriched_relationships WHERE user_id = current_tenant()
