DROP SCHEMA IF EXISTS as_of CASCADE;
DO $$
DECLARE gone record;
BEGIN
    FOR gone IN SELECT proname FROM pg_proc
        WHERE proname LIKE 'recorded\_%' AND pronamespace = 'public'::regnamespace
        AND prorettype = 'trigger'::regtype
    LOOP
        EXECUTE format('DROP FUNCTION public.%I() CASCADE', gone.proname);
    END LOOP;
END $$;
DROP FUNCTION IF EXISTS recorded_transaction(uuid);
DROP TABLE row_history;
DROP TABLE recorded_transactions
