-- A page of the tenant's relationships with these columns, in the order of (occurred_at, id).
SELECT {columns}
FROM tenant_relationships
WHERE user_id = {user_id} AND (occurred_at, id) > ({after_day}, {after_id})
    AND occurred_at <= coalesce(
        -- asked once: as a mere function it is asked of every row where the index is not taken
        (SELECT relationships_nth({after_day}, {after_id}, {within}, true)), 'infinity'
    )
ORDER BY occurred_at, id
LIMIT {rows}
