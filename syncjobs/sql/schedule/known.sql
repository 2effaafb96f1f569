-- A duty that is new is due at once.
INSERT INTO duties (name, due_at)
SELECT name, now() FROM unnest(%(names)s::text[]) AS given (name)
WHERE NOT EXISTS (SELECT FROM duties WHERE duties.name = given.name)
ON CONFLICT DO NOTHING
