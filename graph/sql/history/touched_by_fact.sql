UNION
SELECT (before ->> 'relationship_id')::uuid FROM change
WHERE table_name = {name} AND before ->> 'relationship_id' IS NOT NULL
UNION
SELECT present.relationship_id
FROM change
JOIN public.{table} AS present ON present.user_id = {user_id} AND present.id = change.id
WHERE change.table_name = {name}
