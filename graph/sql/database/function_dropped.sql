-- CREATE OR REPLACE changes neither the columns nor the parameters of a function. The caller creates
-- it anew in the same transaction.
DO $drop$
DECLARE
    former regprocedure;
BEGIN
    FOR former IN
        SELECT oid::regprocedure FROM pg_proc
        WHERE proname = {name} AND pronamespace = 'public'::regnamespace
    LOOP
        EXECUTE format('DROP FUNCTION %s', former);
    END LOOP;
END
$drop$
