-- The ids of the relationships that differ between the two moments, and how.
SELECT
    coalesce(after.id, before.id) AS id,
    CASE WHEN before.id IS NULL THEN 'added' WHEN after.id IS NULL THEN 'removed' ELSE 'changed' END
        AS change
FROM diff_before AS before
FULL JOIN diff_after AS after ON after.id = before.id
WHERE before IS DISTINCT FROM after
ORDER BY id
