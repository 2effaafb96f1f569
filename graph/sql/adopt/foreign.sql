UPDATE {staged} AS old SET outcome = 'its id is another tenant''s in finley'
FROM {table} AS known
WHERE old.outcome IS NULL AND known.id = old.id AND known.user_id <> old.user_id
