-- Every table of finley, and the tables to which its foreign keys refer.
SELECT
    class.relname,
    array(
        SELECT target.relname::text
        FROM pg_constraint
        JOIN pg_class AS target ON target.oid = confrelid
        WHERE conrelid = class.oid AND contype = 'f' AND confrelid <> class.oid
        ORDER BY target.relname
    ) AS refers_to
FROM pg_class AS class
WHERE class.relnamespace = 'public'::regnamespace AND class.relkind IN ('r', 'p')
ORDER BY class.relname
