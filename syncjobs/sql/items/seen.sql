-- Unchanged items: this full sync has seen them too; a folder that was deleted and came back had them.
UPDATE external_items
SET generation = %(generation)s, deleted_at = NULL
WHERE
    connection_id = %(connection)s AND external_id = ANY (%(ids)s)
    AND (deleted_at IS NOT NULL OR generation <> %(generation)s)
