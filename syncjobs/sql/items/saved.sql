-- New and changed items; one that comes back is no longer deleted.
INSERT INTO external_items AS item (
    user_id, connection_id, external_id, kind, name, parent_id, modified_at, metadata,
    content_hash, generation, used_as, note
)
SELECT
    %(user_id)s, %(connection)s, external_id, kind, name, parent_id, modified_at, metadata,
    content_hash, %(generation)s, used_as, note
FROM jsonb_to_recordset(%(items)s::jsonb) AS given (
    external_id text, kind text, name text, parent_id text, modified_at timestamptz,
    metadata jsonb, content_hash text, used_as text, note text
)
ON CONFLICT (connection_id, external_id) DO UPDATE
SET
    kind = excluded.kind, name = excluded.name, parent_id = excluded.parent_id,
    modified_at = excluded.modified_at, metadata = excluded.metadata,
    content_hash = excluded.content_hash, generation = excluded.generation,
    used_as = excluded.used_as, note = excluded.note,
    revision = item.revision + 1, updated_at = now(), deleted_at = NULL
