-- What was found now; COPY fills it.
CREATE TEMPORARY TABLE found_resolutions (
    kept_id uuid NOT NULL,
    merged_id uuid NOT NULL,
    confidence double precision NOT NULL,
    reason text NOT NULL,
    evidence jsonb NOT NULL,
    decided text NOT NULL
) ON COMMIT DROP
