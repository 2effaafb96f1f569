-- What a log says of an event outlives the relationship: it then refers to none.
UPDATE {staged} AS old SET {column} = NULL
WHERE old.outcome IS NULL AND NOT EXISTS (
    SELECT FROM {target} AS target
    WHERE target.id = old.{column}
        AND (target.twin IS NOT NULL OR target.user_id <> old.user_id)
)
