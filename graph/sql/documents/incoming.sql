-- What COPY fills: documents as they were read. Several calls may share a transaction.
DROP TABLE IF EXISTS incoming_documents;
CREATE TEMPORARY TABLE incoming_documents (
    external_id text NOT NULL,
    kind text NOT NULL,
    transaction_ref text NOT NULL,
    occurred_at timestamptz NOT NULL,
    amount numeric(20, 4),
    currency text,
    document_ref text,
    due_on date,
    party_name text NOT NULL,
    party_normalized text NOT NULL,
    party_identity text NOT NULL,
    party_keys jsonb NOT NULL,
    description text NOT NULL,
    data jsonb NOT NULL,
    provenance jsonb NOT NULL,
    content_hash text NOT NULL
) ON COMMIT DROP
