UPDATE old_relationship_instances SET {pointer} = NULL WHERE {pointer} IS NOT NULL
