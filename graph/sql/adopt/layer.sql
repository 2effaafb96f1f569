INSERT INTO {table} ({columns}) SELECT {values}
FROM {new} AS new
JOIN {staged} AS old USING (nr)
WHERE NOT new.known
