-- Uploaded files that were imported.
SELECT
    id::text AS key,
    'Imported: ' || name AS title,
    jsonb_build_object('upload', id, 'name', name) AS data
FROM uploads
WHERE user_id = listening.user_id AND state = 'done' AND updated_at > listening.since
