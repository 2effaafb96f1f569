-- Rows whose pointer leads to no row that comes or is there, of their own tenant.
UPDATE {staged} AS old SET outcome = {name} || CASE
    WHEN old.{column} IS NULL THEN ' is missing or no UUID'
    WHEN EXISTS (
        SELECT FROM {target} AS target
        WHERE target.id = old.{column} AND target.user_id = old.user_id
    ) THEN ' names a skipped row of ' || {table}
    WHEN EXISTS (SELECT FROM {target} AS target WHERE target.id = old.{column})
        THEN ' names another tenant''s row of ' || {table}
    ELSE ' names no row of ' || {table}
END
WHERE
    old.outcome IS NULL AND {asked}
    AND NOT EXISTS (
        SELECT FROM {target} AS target
        WHERE target.id = old.{column} AND target.user_id = old.user_id AND target.twin IS NOT NULL
    )
