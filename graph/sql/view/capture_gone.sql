-- Before the tables of the marks go, so do the functions that write to them, with their triggers.
DO $$
DECLARE gone record;
BEGIN
    FOR gone IN SELECT proname FROM pg_proc
        WHERE proname LIKE 'captured\_%' AND pronamespace = 'public'::regnamespace
    LOOP
        EXECUTE format('DROP FUNCTION public.%I() CASCADE', gone.proname);
    END LOOP;
END $$;
DROP TABLE change_folds;
DROP TABLE change_marks
