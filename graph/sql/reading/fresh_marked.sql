-- The relationships that some marks concern. Marks name rows; which relationships those concern is
-- found here, by whoever reads.
WITH pending AS MATERIALIZED (
    SELECT DISTINCT mark.kind, named.id
    FROM change_marks AS mark
    CROSS JOIN LATERAL unnest(mark.ids) AS named (id)
    WHERE mark.user_id = {user_id} AND mark.kind = ANY ({kinds}) AND {which}
)
SELECT pending.id FROM pending WHERE pending.kind = ANY ({by_relationship})
{resolved}
