-- How often each of these rows came into the graph or left it: odd, and it was not as it is now.
SELECT named.id, count(*) AS turns
FROM change_marks AS mark
CROSS JOIN LATERAL unnest(mark.ids) AS named (id)
WHERE mark.user_id = {user_id} AND mark.kind = {kind} AND mark.became <> 0 AND {which}
GROUP BY named.id
