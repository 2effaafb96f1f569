-- The names of entities that come, each once.
SELECT DISTINCT kind, name FROM old_normalized_entities WHERE outcome IS NULL
