-- Items whose reading failed, the longest waiting first. What is quarantined waits for a person.
SELECT external_id, kind, name, modified_at, metadata::text, nullif(parent_id, ''), content_hash
FROM external_items
WHERE
    connection_id = %(connection)s AND used_as = 'unreadable' AND failures > 0
    AND deleted_at IS NULL
ORDER BY updated_at
LIMIT %(limit)s
