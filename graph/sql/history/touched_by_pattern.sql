UNION
SELECT relationship.id
FROM change
JOIN public.relationship_instances AS relationship
    ON relationship.user_id = {user_id} AND relationship.{pointer} = change.id
WHERE change.table_name = {name}
