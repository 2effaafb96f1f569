-- What finley has already, by its id.
UPDATE {staged} AS old SET outcome = {already}, twin = known.id
FROM {table} AS known
WHERE old.outcome IS NULL AND known.id = old.id
