-- Groups that are no longer there are forgotten, those just searched are kept.
WITH present AS MATERIALIZED (
    SELECT key FROM jsonb_array_elements_text(%(present)s::jsonb) AS key
), gone AS (
    DELETE FROM searched_groups AS known
    WHERE
        known.user_id = %(user_id)s
        AND NOT EXISTS (SELECT FROM present WHERE present.key = known.key)
)
INSERT INTO searched_groups (user_id, key, digest, found)
SELECT %(user_id)s, given.key, given.digest, given.found
FROM jsonb_to_recordset(%(searched)s::jsonb) AS given (
    key text, digest text, found jsonb
)
ON CONFLICT (user_id, key) DO UPDATE
SET digest = excluded.digest, found = excluded.found
