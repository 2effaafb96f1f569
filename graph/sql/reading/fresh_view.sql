-- The rows of the tenant's view as they are now, or as they were in the past: the view's own but for some
-- ids, and these anew.
    SELECT {columns} FROM {view} WHERE user_id = {user_id} AND id <> ALL ({ids}::uuid[])
    UNION ALL
    SELECT {columns} FROM (
{now}
    ) AS anew
