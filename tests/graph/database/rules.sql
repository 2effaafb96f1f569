-- Each rule that the database keeps, as a line of text and the statement that takes it away.
-- NOT NULL is left out: later versions of PostgreSQL list it, earlier ones do not.
SELECT
    format('policy %%s: %%s for %%s using %%s check %%s', policyname, tablename, cmd, qual, with_check),
    format('DROP POLICY %%I ON %%I', policyname, tablename)
FROM pg_policies
WHERE schemaname = 'public'
UNION ALL
SELECT
    format('row security: %%s', relname),
    format('ALTER TABLE %%I DISABLE ROW LEVEL SECURITY', relname)
FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relrowsecurity
UNION ALL
SELECT
    format('grant: %%s on %%s', acl.privilege_type, relname),
    format('REVOKE %%s ON %%I FROM %%I', acl.privilege_type, relname, %(role)s)
FROM pg_class, aclexplode(relacl) AS acl
WHERE relnamespace = 'public'::regnamespace AND acl.grantee = %(role)s::regrole
UNION ALL
SELECT
    format('grant: EXECUTE on %%s', proname),
    format('REVOKE EXECUTE ON FUNCTION %%I FROM %%I', proname, %(role)s)
FROM pg_proc, aclexplode(proacl) AS acl
WHERE pronamespace = 'public'::regnamespace AND acl.grantee = %(role)s::regrole
UNION ALL
SELECT
    format('constraint: %%s of %%s: %%s', conname, conrelid::regclass, pg_get_constraintdef(oid)),
    format('ALTER TABLE %%s DROP CONSTRAINT %%I CASCADE', conrelid::regclass, conname)
FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f', 'p', 'u', 'x') AND conrelid <> 0
UNION ALL
SELECT
    format('unique: %%s', pg_get_indexdef(indexrelid)),
    format('DROP INDEX %%s', indexrelid::regclass)
FROM pg_index
JOIN pg_class ON pg_class.oid = indexrelid
WHERE
    relnamespace = 'public'::regnamespace AND indisunique
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
UNION ALL
SELECT
    format('trigger: %%s', pg_get_triggerdef(oid)),
    format('DROP TRIGGER %%I ON %%s', tgname, tgrelid::regclass)
FROM pg_trigger
WHERE NOT tgisinternal
ORDER BY 1
