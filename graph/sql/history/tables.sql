-- A transaction that changed a tenant's rows. `recorded_at` is set at its end: of two that changed one
-- row, the second one ended later. Rows of the tenant 0 say that nothing before them is known exactly.
-- Only triggers write it.
CREATE TABLE recorded_transactions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id uuid NOT NULL,
    xid xid8 NOT NULL,
    cluster bigint NOT NULL,
    recorded_at timestamptz,
    CONSTRAINT recorded_transactions_key UNIQUE (user_id, xid, cluster)
);
CREATE INDEX recorded_transactions_tenant ON recorded_transactions (user_id, recorded_at);

-- What a statement replaced or deleted (`row_id` and the row `before` it), or the ids that it inserted.
CREATE TABLE row_history (
    user_id uuid NOT NULL,
    table_name text NOT NULL,
    transaction_id bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    row_id uuid,
    before jsonb,
    inserted uuid[],
    PRIMARY KEY (user_id, table_name, transaction_id, id),
    CONSTRAINT row_history_one_of_both CHECK (
        (row_id IS NULL) = (before IS NULL) AND (row_id IS NULL) <> (inserted IS NULL)
    )
);
CREATE INDEX row_history_transaction ON row_history (transaction_id);

CREATE POLICY of_every_tenant ON recorded_transactions
    FOR SELECT USING (user_id = '00000000-0000-0000-0000-000000000000');
