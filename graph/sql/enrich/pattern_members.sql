-- Each relationship points at the pattern that it is staged with, or at none.
WITH wanted AS (
    SELECT
        relationship.id, pattern.id AS pattern_id
    FROM relationship_instances AS relationship
    LEFT JOIN pattern_members AS member ON member.relationship_id = relationship.id
    LEFT JOIN {table} AS pattern
        ON pattern.user_id = relationship.user_id AND pattern.key = member.key
    WHERE
        relationship.user_id = %(user_id)s
        AND (relationship.{pointer} IS NOT NULL OR pattern.id IS NOT NULL)
        AND relationship.{pointer} IS DISTINCT FROM pattern.id
)
UPDATE relationship_instances AS relationship
SET {pointer} = wanted.pattern_id
FROM wanted
WHERE relationship.user_id = %(user_id)s AND relationship.id = wanted.id
