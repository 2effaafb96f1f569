-- What Citus refuses when a table is distributed, as functions with the names of its own. They
-- distribute nothing.
CREATE TEMPORARY TABLE distributed (name text PRIMARY KEY, is_reference boolean) ON COMMIT DROP;

CREATE FUNCTION create_reference_table(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM name::regclass;
    INSERT INTO distributed VALUES (name, true);
END
$$;

CREATE FUNCTION create_distributed_table(name text, key text, colocate_with text DEFAULT 'default')
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    relation CONSTANT regclass := name::regclass;
    number CONSTANT smallint := (
        SELECT attnum FROM pg_attribute WHERE attrelid = relation AND attname = key AND attnotnull
    );
    wrong text;
BEGIN
    IF number IS NULL AND EXISTS (SELECT FROM pg_constraint WHERE conrelid = relation) THEN
        RAISE 'the column % of % may be NULL', key, name;
    END IF;
    IF colocate_with <> 'default' AND colocate_with NOT IN (SELECT d.name FROM distributed AS d) THEN
        RAISE '% is not distributed yet', colocate_with;
    END IF;
    SELECT indexrelid::regclass INTO wrong
    FROM pg_index WHERE indrelid = relation AND indisunique AND number <> ALL (indkey::smallint[]);
    IF wrong IS NOT NULL THEN
        RAISE 'the unique index % does not contain %', wrong, key;
    END IF;
    SELECT conname INTO wrong
    FROM pg_constraint
    WHERE conrelid = relation AND contype = 'f' AND (
        number <> ALL (conkey) OR confdeltype IN ('n', 'd') OR (
            confrelid <> relation
            AND confrelid::regclass::text NOT IN (SELECT d.name FROM distributed AS d)
        )
    );
    IF wrong IS NOT NULL THEN
        RAISE 'the foreign key % cannot be kept by a shard', wrong;
    END IF;
    SELECT conname INTO wrong
    FROM pg_constraint
    WHERE confrelid = relation AND contype = 'f' AND conrelid <> relation
        AND NOT EXISTS (
            SELECT FROM pg_attribute WHERE attrelid = conrelid AND attname = key
        );
    IF wrong IS NOT NULL THEN
        RAISE 'the foreign key % of a local table refers to %', wrong, name;
    END IF;
    IF current_setting('citus.enable_unsafe_triggers', true) IS DISTINCT FROM 'on'
        AND EXISTS (SELECT FROM pg_trigger WHERE tgrelid = relation AND NOT tgisinternal)
    THEN
        RAISE '% has triggers', name;
    END IF;
    INSERT INTO distributed VALUES (name, false);
END
$$;
