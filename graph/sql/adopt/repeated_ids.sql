-- An id names one row: the best one by its other values, then the newest.
WITH ranked AS (
    SELECT nr, row_number() OVER (PARTITION BY id ORDER BY outcome NULLS FIRST, created_at DESC, nr)
        AS place
    FROM {staged}
    WHERE id IS NOT NULL
)
UPDATE {staged} AS old SET outcome = 'its id is another row''s, too'
FROM ranked
WHERE ranked.nr = old.nr AND ranked.place > 1 AND old.outcome IS NULL
