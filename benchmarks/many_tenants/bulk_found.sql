-- What slows a COPY into these tables: (statement that drops it, statement that makes it again),
-- foreign keys before the keys that they need.
SELECT format('ALTER TABLE %%I DROP CONSTRAINT %%I', table_.relname, key.conname),
       format('ALTER TABLE %%I ADD CONSTRAINT %%I %%s', table_.relname, key.conname,
              pg_get_constraintdef(key.oid)),
       CASE key.contype WHEN 'f' THEN 0 ELSE 2 END AS turn
FROM pg_constraint AS key
JOIN pg_class AS table_ ON table_.oid = key.conrelid
WHERE table_.relname = ANY (%(tables)s) AND key.contype IN ('f', 'p', 'u')
UNION ALL
SELECT format('DROP INDEX %%I', index_.relname), pg_get_indexdef(index_.oid), 1
FROM pg_index
JOIN pg_class AS table_ ON table_.oid = pg_index.indrelid
JOIN pg_class AS index_ ON index_.oid = pg_index.indexrelid
WHERE table_.relname = ANY (%(tables)s)
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = pg_index.indexrelid)
ORDER BY turn
