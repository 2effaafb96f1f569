-- Relationships whose pointer leads to no pattern that comes.
SELECT FROM old_relationship_instances AS relationship
WHERE
    relationship.outcome IS NULL AND relationship.{pointer} IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM {picked} AS picked WHERE picked.relationship_id = relationship.twin
    )
