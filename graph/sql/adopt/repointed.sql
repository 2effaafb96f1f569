-- Relationships that were there and point at no pattern.
UPDATE relationship_instances AS known SET {pointer} = old.{pointer}
FROM old_relationship_instances AS old
WHERE
    old.outcome = {already} AND known.id = old.twin AND known.user_id = old.user_id
    AND known.{pointer} IS NULL AND old.{pointer} IS NOT NULL
