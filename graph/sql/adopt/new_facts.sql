-- The rows to be, each of one relationship, and whether finley has them already.
CREATE TEMPORARY TABLE {new} ON COMMIT DROP AS
SELECT chosen.*, {id} AS id, false AS known
FROM {chosen} AS chosen
JOIN {staged} AS old USING (nr);
UPDATE {new} AS new SET known = true FROM {table} AS known WHERE known.id = new.id
