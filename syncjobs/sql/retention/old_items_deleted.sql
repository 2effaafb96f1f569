DELETE FROM external_items
WHERE id IN (
    SELECT id
    FROM external_items
    WHERE deleted_at < now() - make_interval(days => %(days)s)
    LIMIT %(limit)s
)
