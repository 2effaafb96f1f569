-- New and changed items; one that comes back is no longer deleted. A reading that fails is counted
-- for as long as the item stays what it was; after so many times the item is quarantined.
INSERT INTO external_items AS item (
    user_id, connection_id, external_id, kind, name, parent_id, modified_at, metadata,
    content_hash, generation, used_as, note, failures
)
SELECT
    %(user_id)s, %(connection)s, external_id, kind, name, parent_id, modified_at, metadata,
    content_hash, %(generation)s, used_as, note, failed::int
FROM jsonb_to_recordset(%(items)s::jsonb) AS given (
    external_id text, kind text, name text, parent_id text, modified_at timestamptz,
    metadata jsonb, content_hash text, used_as text, note text, failed boolean
)
ON CONFLICT (connection_id, external_id) DO UPDATE
SET
    kind = excluded.kind, name = excluded.name, parent_id = excluded.parent_id,
    modified_at = excluded.modified_at, metadata = excluded.metadata,
    content_hash = excluded.content_hash,
    generation = coalesce(nullif(excluded.generation, ''), item.generation),
    used_as = CASE
        WHEN excluded.failures > 0 AND item.content_hash = excluded.content_hash
            AND item.failures + 1 >= %(tries)s THEN 'quarantined'
        ELSE excluded.used_as
    END,
    note = excluded.note,
    failures = CASE
        WHEN excluded.failures > 0 AND item.content_hash = excluded.content_hash
            THEN item.failures + 1
        ELSE excluded.failures
    END,
    revision = item.revision + (item.content_hash <> excluded.content_hash)::int,
    updated_at = now(), deleted_at = NULL
