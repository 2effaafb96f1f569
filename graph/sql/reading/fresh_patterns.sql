-- The rows of a shared layer that some marks name, as they are now.
SELECT pattern.id, {columns}
FROM {table} AS pattern
WHERE pattern.user_id = {user_id} AND pattern.id IN (
    SELECT unnest(mark.ids)
    FROM change_marks AS mark
    WHERE mark.user_id = {user_id} AND mark.kind = {kind} AND {which}
)
