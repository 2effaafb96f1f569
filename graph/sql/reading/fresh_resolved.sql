UNION
SELECT relationship.id
FROM pending
JOIN relationship_instances AS relationship
    ON relationship.user_id = {user_id} AND relationship.{pointer} = pending.id
WHERE pending.kind = ANY ({kinds})
