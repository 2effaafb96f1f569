-- Pointers lead to the rows as finley has them.
UPDATE {staged} AS old SET {column} = target.twin
FROM {target} AS target
WHERE
    old.outcome IS NULL AND target.id = old.{column} AND target.user_id = old.user_id
    AND target.twin <> target.id
