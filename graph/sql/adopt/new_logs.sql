-- What a log says of an event is kept, also where no relationship picks it.
INSERT INTO {new} (nr, id, known)
SELECT old.nr, old.id, EXISTS (SELECT FROM event_delta_logs AS known WHERE known.id = old.id)
FROM {staged} AS old
WHERE old.outcome IS NULL AND NOT EXISTS (SELECT FROM {new} AS new WHERE new.nr = old.nr)
