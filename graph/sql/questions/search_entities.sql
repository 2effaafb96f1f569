-- A tenant's entities by name, typos forgiven: a page of them, and of which kinds all are.
-- LIKE and trigrams are not leakproof, so behind a policy they would lose their index; here they have
-- it, because the function runs as its owner. So it asks for the tenant itself, and for no other.
CREATE OR REPLACE FUNCTION search_entities(
    wanted text, pattern text, of_kind text, most int,
    after_likeness real, after_name text, after_id uuid,
    OUT entities jsonb, OUT kinds jsonb
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = public, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
BEGIN
    -- of a word's trigrams: two letters swapped in nine leave 0.5
    PERFORM set_config('pg_trgm.word_similarity_threshold', '0.4', true);
    IF wanted = '' THEN
        WITH named AS MATERIALIZED (
            SELECT id, kind, name, keys, 1::real AS likeness, lower(name) AS sorted
            FROM normalized_entities
            WHERE user_id = current_tenant() AND merged_into_id IS NULL
        ),
        page AS (
            SELECT * FROM named
            WHERE (of_kind IS NULL OR kind = of_kind)
                AND (after_id IS NULL OR (sorted, id) > (after_name, after_id))
            ORDER BY sorted, id LIMIT most
        )
        SELECT
            (SELECT coalesce(jsonb_agg(to_jsonb(page) ORDER BY sorted, id), '[]') FROM page),
            (SELECT jsonb_object_agg(kind, n) FROM (
                SELECT kind, count(*) AS n FROM named GROUP BY kind) AS facet)
        INTO entities, kinds;
        RETURN;
    END IF;
    WITH spelled AS MATERIALIZED (
        SELECT coalesce(merged_into_id, id) AS standing, id, name,
            word_similarity(wanted, name) AS likeness
        FROM normalized_entities
        WHERE user_id = current_tenant() AND (name ILIKE pattern OR wanted <% name)
    ),
    best AS ( -- one that is merged into another is found as that one
        SELECT DISTINCT ON (standing) standing, likeness
        FROM spelled ORDER BY standing, likeness DESC, lower(name), id
    ),
    named AS MATERIALIZED (
        SELECT entity.id, entity.kind, entity.name, entity.keys, best.likeness,
            lower(entity.name) AS sorted
        FROM best
        JOIN normalized_entities AS entity
            ON entity.user_id = current_tenant() AND entity.id = best.standing
    ),
    page AS (
        SELECT * FROM named
        WHERE (of_kind IS NULL OR kind = of_kind)
            AND (after_id IS NULL
                OR (-likeness, sorted, id) > (-after_likeness, after_name, after_id))
        ORDER BY likeness DESC, sorted, id LIMIT most
    )
    SELECT
        (SELECT coalesce(jsonb_agg(to_jsonb(page) ORDER BY likeness DESC, sorted, id), '[]')
            FROM page),
        (SELECT jsonb_object_agg(kind, n) FROM (
            SELECT kind, count(*) AS n FROM named GROUP BY kind) AS facet)
    INTO entities, kinds;
END
$$;
REVOKE ALL ON FUNCTION search_entities(text, text, text, int, real, text, uuid) FROM PUBLIC
