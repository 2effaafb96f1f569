DROP TABLE IF EXISTS found_duplicates;
CREATE TEMPORARY TABLE found_duplicates (
    relationship_id uuid NOT NULL,
    original_relationship_id uuid NOT NULL,
    duplicate_confidence double precision NOT NULL,
    relationship_key text NOT NULL,
    original_key text NOT NULL,
    evidence jsonb NOT NULL,
    PRIMARY KEY (relationship_id, original_relationship_id)
) ON COMMIT DROP
