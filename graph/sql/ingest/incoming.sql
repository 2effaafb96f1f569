-- What COPY fills: a file's rows as the reader states them (COPY is refused under row-level
-- security, so the rows go through a temporary table).
CREATE TEMPORARY TABLE incoming (
    line bigint NOT NULL,
    external_id text NOT NULL,
    publication text NOT NULL,
    transaction_ref text NOT NULL,
    occurred_at timestamptz NOT NULL,
    precision text NOT NULL,
    amount numeric(20, 4) NOT NULL,
    currency text NOT NULL,
    payer_kind text NOT NULL,
    payer_name text NOT NULL,
    payer_identity text NOT NULL,
    payer_keys jsonb NOT NULL,
    payee_kind text NOT NULL,
    payee_name text NOT NULL,
    payee_identity text NOT NULL,
    payee_keys jsonb NOT NULL,
    document_ref text,
    due_on date,
    description text NOT NULL,
    data jsonb NOT NULL,
    records text NOT NULL,
    balance numeric(20, 4),
    confidence double precision NOT NULL,
    reason text NOT NULL
) ON COMMIT DROP
