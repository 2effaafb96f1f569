UPDATE old_normalized_entities AS old SET identity = named.identity
FROM old_identities AS named
WHERE named.kind = old.kind AND named.name = old.name;
UPDATE old_normalized_entities SET outcome = 'name is empty'
WHERE outcome IS NULL AND identity = ''
