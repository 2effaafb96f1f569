-- The parties of the tenant that any event names.
SELECT id::text AS id, kind, name, keys::text AS keys
FROM normalized_entities
WHERE user_id = {user_id}
ORDER BY id
