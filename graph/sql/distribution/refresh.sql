-- Computes the view anew. Each shard's rows come from the same shard of the tables. Readers see the
-- old rows until the transaction has ended.
CREATE OR REPLACE PROCEDURE refresh_enriched_shards() LANGUAGE plpgsql AS $refresh$
BEGIN
    DELETE FROM {view};
    INSERT INTO {view}
    {query};
END
$refresh$
