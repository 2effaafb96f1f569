-- A mark names rows that one statement changed: append-only, and nobody waits for anybody. `became`:
-- 1 they have come to be in the graph, -1 they have left it, 0 neither. `at_least`: every transaction
-- before it had ended when the mark was written.
CREATE TABLE change_marks (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at_least xid8 NOT NULL DEFAULT pg_snapshot_xmin(pg_current_snapshot()),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    user_id uuid NOT NULL,
    kind text NOT NULL,
    became smallint NOT NULL CHECK (became BETWEEN -1 AND 1),
    size integer NOT NULL CHECK (size >= 0),
    ids uuid[] NOT NULL
);
ALTER TABLE change_marks ALTER COLUMN ids SET STORAGE EXTERNAL;
CREATE INDEX change_marks_tenant ON change_marks (user_id, xid, id);
CREATE INDEX change_marks_age ON change_marks (created_at);

-- How many marks a tenant had in that snapshot, and the last of them, so that few have to be counted
-- and the oldest may be forgotten. Only a refresher writes it.
CREATE TABLE change_folds (
    user_id uuid PRIMARY KEY,
    snapshot pg_snapshot NOT NULL,
    marks bigint NOT NULL,
    last_xid xid8 NOT NULL,
    last_id uuid NOT NULL
);

-- Of the tenant 0 are the marks that concern every tenant; row-level security lets each see them.
CREATE POLICY of_every_tenant ON change_marks
    FOR SELECT USING (user_id = '00000000-0000-0000-0000-000000000000');
CREATE POLICY of_every_tenant ON change_folds
    FOR SELECT USING (user_id = '00000000-0000-0000-0000-000000000000');
