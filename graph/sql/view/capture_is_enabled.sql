-- Whether the trigger is there, always fires, and runs what it should.
SELECT EXISTS (
    SELECT FROM pg_trigger AS trigger
    JOIN pg_proc AS function ON function.oid = trigger.tgfoid
    WHERE trigger.tgname = %(name)s
        AND trigger.tgrelid = to_regclass(%(table)s)
        AND trigger.tgenabled = 'A'
        AND function.prosrc = %(source)s
        AND function.prosecdef
)
