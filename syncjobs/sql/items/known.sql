-- What is stored of these ids, and still there.
SELECT external_id, content_hash
FROM external_items
WHERE connection_id = %(connection)s AND external_id = ANY (%(ids)s) AND deleted_at IS NULL
