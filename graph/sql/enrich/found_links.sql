DROP TABLE IF EXISTS found_links;
CREATE TEMPORARY TABLE found_links (
    source_event_id uuid NOT NULL,
    target_event_id uuid NOT NULL,
    relationship_type text NOT NULL,
    confidence_score double precision NOT NULL,
    reason text NOT NULL,
    allocated numeric(20, 4),
    PRIMARY KEY (source_event_id, target_event_id, relationship_type)
) ON COMMIT DROP
