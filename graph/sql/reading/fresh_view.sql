-- The name of the tenant's view stands for its rows as they are now, in the query that follows.
WITH {view} AS NOT MATERIALIZED (
    SELECT {columns} FROM {view} WHERE user_id = {user_id} AND id <> ALL ({ids}::uuid[])
    UNION ALL
    SELECT {columns} FROM (
{now}
    ) AS anew
)
