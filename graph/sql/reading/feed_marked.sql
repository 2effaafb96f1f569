-- The relationships that some marks concern, each with what the marks say was written: the kind of
-- row, the relationship's column that points at it, and that row's columns.
WITH pending AS MATERIALIZED (
    SELECT DISTINCT mark.kind, mark.columns, named.id
    FROM change_marks AS mark
    CROSS JOIN LATERAL unnest(mark.ids) AS named (id)
    WHERE mark.user_id = {user_id} AND mark.kind = ANY ({kinds}) AND {which}
)
SELECT pending.id, pending.kind, '' AS pointer, array_to_string(pending.columns, ' ') AS columns
FROM pending
WHERE pending.kind = ANY ({by_relationship})
{resolved}
