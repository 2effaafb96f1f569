-- The columns of the old tables (or views) of a schema, with the types that they are read as.
SELECT
    class.relname, attribute.attname,
    CASE type.typtype
        WHEN 'e' THEN 'text'
        WHEN 'd' THEN format_type(type.typbasetype, NULL)
        ELSE format_type(type.oid, NULL)
    END
FROM pg_class AS class
JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
JOIN pg_attribute AS attribute ON attribute.attrelid = class.oid
JOIN pg_type AS type ON type.oid = attribute.atttypid
WHERE
    namespace.nspname = %(schema)s AND class.relname = ANY(%(tables)s)
    AND class.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND attribute.attnum > 0 AND NOT attribute.attisdropped
ORDER BY class.relname, attribute.attnum
