-- What finley has already under another id.
UPDATE {staged} AS old SET outcome = {already}, twin = known.id
FROM {table} AS known
WHERE
    old.outcome IS NULL AND known.user_id = old.user_id AND ({known_key}) = ({old_key})
