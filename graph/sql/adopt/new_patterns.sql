-- The patterns that a relationship is to point at, and whether finley has them already.
CREATE TEMPORARY TABLE {new} ON COMMIT DROP AS
SELECT DISTINCT
    old.nr, old.id, EXISTS (SELECT FROM {table} AS known WHERE known.id = old.id) AS known
FROM {picked} AS picked
JOIN {staged} AS old USING (nr)
