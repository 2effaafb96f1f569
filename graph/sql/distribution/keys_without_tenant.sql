-- Keys of tenants' tables that one shard alone cannot keep: unique keys and foreign keys without
-- user_id, and foreign keys that set columns to NULL, which Citus refuses on distributed tables.
WITH tenants AS (
    SELECT class.oid, class.relname, attribute.attnum
    FROM pg_class AS class
    JOIN pg_attribute AS attribute
        ON attribute.attrelid = class.oid AND attribute.attname = 'user_id'
        AND NOT attribute.attisdropped
    WHERE class.relnamespace = 'public'::regnamespace AND class.relname = ANY (%(tables)s)
)
SELECT
    tenants.relname AS of_table,
    class.relname AS name,
    CASE WHEN index.indisprimary THEN 'primary key' ELSE 'unique key' END AS kind
FROM tenants
JOIN pg_index AS index ON index.indrelid = tenants.oid
JOIN pg_class AS class ON class.oid = index.indexrelid
WHERE index.indisunique AND tenants.attnum <> ALL (index.indkey::smallint[])
UNION ALL
SELECT
    tenants.relname,
    conname,
    CASE WHEN tenants.attnum = ANY (conkey) THEN 'set null' ELSE 'foreign key' END
FROM tenants
JOIN pg_constraint ON conrelid = tenants.oid AND contype = 'f'
WHERE tenants.attnum <> ALL (conkey) OR confdeltype IN ('n', 'd')
ORDER BY 1, 2
