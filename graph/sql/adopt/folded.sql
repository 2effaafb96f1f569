-- Rows of one key are one row to finley: the best stands for the others.
WITH ranked AS (
    SELECT
        nr, row_number() OVER best AS place, first_value(id) OVER best AS kept
    FROM {staged}
    WHERE outcome IS NULL
    WINDOW best AS (PARTITION BY user_id, {key} ORDER BY {best}, id)
)
UPDATE {staged} AS old SET outcome = {reason}, twin = ranked.kept
FROM ranked
WHERE ranked.nr = old.nr AND ranked.place > 1
