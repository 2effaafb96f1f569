-- Drops the functions of this name that have as many parameters, of other types: calls would be
-- ambiguous.
DO $drop$
DECLARE
    kept CONSTANT regprocedure := {signature};
    former regprocedure;
BEGIN
    FOR former IN
        SELECT other.oid::regprocedure
        FROM pg_proc AS ours
        JOIN pg_proc AS other USING (proname, pronamespace, pronargs)
        WHERE ours.oid = kept AND other.oid <> kept
    LOOP
        EXECUTE format('DROP FUNCTION %s', former);
    END LOOP;
END
$drop$
