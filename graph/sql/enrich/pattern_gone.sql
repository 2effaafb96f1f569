-- Patterns that are no longer found.
DELETE FROM {table} AS pattern
WHERE
    pattern.user_id = %(user_id)s
    AND NOT EXISTS (SELECT FROM pattern_keys WHERE pattern_keys.key = pattern.key)
