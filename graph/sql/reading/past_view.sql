-- The rows of the tenant's view as they were.
    SELECT {columns} FROM {view} WHERE user_id = {user_id} AND id NOT IN (SELECT id FROM past_ids)
    UNION ALL
    SELECT {columns} FROM past_relationships
