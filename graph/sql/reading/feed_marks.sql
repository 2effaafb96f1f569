-- The marks that a tenant has and had not at a version, which names the last mark that it saw (or none)
-- and how many there were. Those of a transaction that was late to commit may have smaller ids than the
-- last; `at_least` bounds them. `from_xid` is NULL where that cannot be told any more.
WITH party (user_id) AS (VALUES ({user_id}::uuid), ({everybody}::uuid)),
last AS (
    SELECT mark.xid, mark.at_least FROM change_marks AS mark
    WHERE mark.id = {last_id}::uuid AND mark.user_id IN (SELECT user_id FROM party)
    UNION ALL
    SELECT '0'::xid8, '0'::xid8 WHERE {last_id}::uuid IS NULL
),
later AS (
    SELECT count(*) AS marks
    FROM change_marks AS mark
    WHERE mark.user_id IN (SELECT user_id FROM party) AND mark.xid > (SELECT xid FROM last)
),
bound AS (
    SELECT CASE
        WHEN later.marks = {marks_since} THEN (last.xid::text::bigint + 1)::text::xid8
        WHEN {last_id}::uuid IS NOT NULL THEN last.at_least
    END AS from_xid
    FROM last CROSS JOIN later
)
SELECT
    bound.from_xid::text AS from_xid,
    coalesce(sum(mark.size), 0)::bigint AS named,
    coalesce(bool_or(mark.kind = {everything}), false) AS unknown
FROM bound
LEFT JOIN change_marks AS mark
    ON mark.user_id IN (SELECT user_id FROM party) AND mark.xid >= bound.from_xid
GROUP BY bound.from_xid
