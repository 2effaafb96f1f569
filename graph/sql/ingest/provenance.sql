-- The row was read in this publication of this file, too, and by this upload. MATERIALIZED: without statistics the planner
-- expects one row, and would look for the unseen places once more for each of the source's events.
WITH unseen AS MATERIALIZED (
    SELECT DISTINCT ON (staged.external_id, publication)
        staged.external_id, publication, line
    FROM staged
    JOIN raw_events AS known
        ON known.user_id = %(user_id)s AND known.source = %(source)s
        AND known.external_id = staged.external_id AND known.posting = 1
    WHERE NOT EXISTS (
        SELECT FROM jsonb_array_elements(known.provenance) AS place (entry)
        WHERE place.entry ->> 'file' = %(file)s::text
            AND place.entry ->> 'publication' = staged.publication
            AND coalesce(place.entry ->> 'upload', '') = %(upload)s
    )
    ORDER BY staged.external_id, publication, line
), place AS MATERIALIZED (
    SELECT
        external_id,
        jsonb_agg(
            jsonb_build_object('file', %(file)s::text, 'publication', publication, 'line', line)
            || CASE WHEN %(upload)s = '' THEN '{}'
            ELSE jsonb_build_object('upload', %(upload)s::text) END
            ORDER BY line
        ) AS entries
    FROM unseen
    GROUP BY external_id
)
UPDATE raw_events AS event
SET provenance = event.provenance || place.entries, updated_at = now()
FROM place
WHERE event.user_id = %(user_id)s AND event.source = %(source)s
    AND event.external_id = place.external_id
