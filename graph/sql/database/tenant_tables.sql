-- Every table with a tenant's rows, and whether a policy keeps them apart already.
SELECT
    class.relname,
    class.relrowsecurity AND EXISTS (
        SELECT FROM pg_policy WHERE polrelid = class.oid AND polname = 'tenants_apart'
    ) AS apart
FROM pg_class AS class
JOIN pg_attribute AS attribute
    ON attribute.attrelid = class.oid AND attribute.attname = 'user_id'
    AND NOT attribute.attisdropped
WHERE
    class.relnamespace = 'public'::regnamespace AND class.relkind IN ('r', 'p')
    AND class.relname <> ALL (%(of_users)s)
ORDER BY class.relname
